/** The rooms for callers in the same process: what {@code parley.api} promises, carried out. */
package parley.local;

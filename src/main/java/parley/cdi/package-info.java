/** Parley's beans: the only package that imports {@code jakarta.enterprise}, and loaded only where there is CDI. */
package parley.cdi;

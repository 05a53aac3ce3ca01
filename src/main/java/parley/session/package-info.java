/** One client's connection: who comes in, what it may do, how it is looked after and how it ends. */
package parley.session;

/** One client's connection: what it may do, how it is looked after and how it ends. */
package parley.session;

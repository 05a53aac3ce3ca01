/** The http: who comes in, from where, how often, and with which rights. */
package parley.http;

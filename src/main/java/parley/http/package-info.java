/** Parley over HTTP: one port that both edges feed, its routes, and what each answers. */
package parley.http;

/** The servlet edge: the only package that imports {@code jakarta.servlet}. */
package parley.web;

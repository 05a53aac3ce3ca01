/** The composition root: settings, and the one application object that owns everything that lives. */
package parley.app;

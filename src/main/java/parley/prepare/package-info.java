/**
 * A process that starts quickly: an unpacked copy of the WAR with an archive of its classes, trained by a short load.
 */
package parley.prepare;

/**
 * What an application sees of Parley that is in it, and the only package whose types it uses. It needs no other of
 * Parley's: what is here stays as it is through all versions with the same first number.
 */
package parley.api;

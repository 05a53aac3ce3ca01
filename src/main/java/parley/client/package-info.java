/**
 * A client of Parley servers for Java 17 and newer. It needs the JDK and JSON-P, and nothing else of Parley's: {@link
 * parley.client.ParleyClient} is the door.
 */
package parley.client;

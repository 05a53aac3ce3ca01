/** The process of {@code java -jar parley.war}: the only package that names Grizzly, Tyrus or the command line. */
package parley.standalone;

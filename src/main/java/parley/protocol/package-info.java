/** What goes over the wire: names, messages, codecs, close codes. A leaf: it imports nothing of Parley. */
package parley.protocol;

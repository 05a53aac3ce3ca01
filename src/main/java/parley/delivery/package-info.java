/** How frames leave: the drain with its in-flight limit, and the ports to what is sent and where. */
package parley.delivery;

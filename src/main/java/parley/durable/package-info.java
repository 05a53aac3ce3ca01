/** Rooms that outlive the process: their messages are in a file, and acknowledged when they are there. */
@NullMarked
package parley.durable;

import org.jspecify.annotations.NullMarked;

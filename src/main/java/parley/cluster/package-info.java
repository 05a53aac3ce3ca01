/** Rooms of many nodes: their messages are in streams of NATS JetStream, numbered there, and heard from there. */
@NullMarked
package parley.cluster;

import org.jspecify.annotations.NullMarked;

package parley.delivery;

import java.nio.ByteBuffer;

/** One whole WebSocket message on its way to a client. Immutable: members at the same cursor share one. */
public sealed interface Frame {

    /** A text message (RFC 6455 section 5.6). */
    record Text(String text) implements Frame {}

    /** A binary message. Who sends it takes a {@link ByteBuffer#duplicate()}, so that the position stays where it is. */
    record Binary(ByteBuffer bytes) implements Frame {}
}

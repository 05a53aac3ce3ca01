package parley.delivery;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * How a server writes frames: whole messages, without a mask (RFC 6455 section 5.2); and chunks (RFC 9112 section 7.1).
 */
final class WireFormat {
    private static final int LAST = 0x80;
    private static final int SHORT = 126;
    private static final int LONG = 127;

    private WireFormat() {}

    /** Returns a frame of that payload. */
    static ByteBuffer frame(int opcode, ByteBuffer payload) {
        int length = payload.remaining();
        int header = length < SHORT ? 2 : length <= 0xFFFF ? 4 : 10;
        ByteBuffer frame = ByteBuffer.allocate(header + length).put((byte) (LAST | opcode));
        if (header == 2) {
            frame.put((byte) length);
        } else if (header == 4) {
            frame.put((byte) SHORT).putShort((short) length);
        } else {
            frame.put((byte) LONG).putLong(length);
        }
        return frame.put(payload).flip();
    }

    /** Returns a chunk of that content, which must not be empty: an empty one ends a body. */
    static ByteBuffer chunk(byte[] content) {
        byte[] size = (Integer.toHexString(content.length) + "\r\n").getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(size.length + content.length + 2)
                .put(size)
                .put(content)
                .put((byte) '\r')
                .put((byte) '\n')
                .flip();
    }

    /** Returns what is in a chunk. */
    static ByteBuffer body(ByteBuffer chunk) {
        int from = chunk.position();
        while (chunk.get(from) != '\n') {
            from++;
        }
        return chunk.slice(from + 1, chunk.limit() - 2 - (from + 1));
    }
}

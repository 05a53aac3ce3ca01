package parley.delivery;

import java.nio.ByteBuffer;

/** How a server writes frames: whole messages, without a mask (RFC 6455 section 5.2). */
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
}

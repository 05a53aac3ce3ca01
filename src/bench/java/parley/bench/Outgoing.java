package parley.bench;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** A message to send again and again: its frame, masked once, in which only the mark changes. */
final class Outgoing {
    private static final int TEXT = 1;
    private static final int BINARY = 2;
    private static final int LAST = 0x80;
    private static final int MASKED = 0x80;
    private static final int KEY = 0x37FA213D;

    private final ByteBuffer frame;
    private final int payload;
    private final int mark;

    Outgoing(Dialect dialect, String room, int size) {
        this(dialect, room, "x".repeat(size));
    }

    /** One of a text, whose beginning the mark takes. */
    Outgoing(Dialect dialect, String room, String text) {
        if (text.length() < Marks.LENGTH) {
            throw new IllegalArgumentException("a message has at least " + Marks.LENGTH + " bytes");
        }
        String before = dialect.before(room, text.length());
        byte[] bytes = (before + text + dialect.after()).getBytes(StandardCharsets.US_ASCII);
        frame = masked(dialect.binary ? BINARY : TEXT, bytes);
        payload = frame.limit() - bytes.length;
        mark = payload + before.length();
    }

    /** The frame of a message said at this time by this sender; to be used before the next is asked for. */
    ByteBuffer frame(long nanos, int sender) {
        Marks.write(frame, mark, nanos, sender, KEY, payload);
        return frame.rewind();
    }

    /** A text or binary frame, as the dialect has it. */
    static ByteBuffer text(Dialect dialect, String text) {
        return masked(dialect.binary ? BINARY : TEXT, text.getBytes(StandardCharsets.US_ASCII));
    }

    /** A frame with a client's mask, ready to be read. */
    static ByteBuffer masked(int opcode, byte[] payload) {
        ByteBuffer frame = ByteBuffer.allocateDirect(14 + payload.length);
        frame.put((byte) (LAST | opcode));
        if (payload.length < 126) {
            frame.put((byte) (MASKED | payload.length));
        } else if (payload.length < 1 << 16) {
            frame.put((byte) (MASKED | 126)).putShort((short) payload.length);
        } else {
            frame.put((byte) (MASKED | 127)).putLong(payload.length);
        }
        frame.putInt(KEY);
        for (int i = 0; i < payload.length; i++) {
            frame.put((byte) (payload[i] ^ KEY >>> 24 - 8 * (i & 3)));
        }
        return frame.flip();
    }
}

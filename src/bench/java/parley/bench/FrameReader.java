package parley.bench;

import java.io.IOException;
import java.nio.ByteBuffer;

/** The frames in a buffer, one after the other. Reading one allocates nothing. */
final class FrameReader {
    static final int CLOSE = 8;
    static final int PING = 9;
    static final int PONG = 10;

    private static final int LENGTH = 0x7F;
    private static final int TWO_BYTES = 126;
    private static final int EIGHT_BYTES = 127;

    private static final int RSV1 = 0x40;

    private int opcode;
    private boolean isCompressed;
    private int start;
    private int end;

    /** Whether all of a frame lies between the two indexes, at the first; then the accessors tell of it. */
    boolean read(ByteBuffer in, int from, int to) throws IOException {
        if (to - from < 2) {
            return false;
        }
        int second = in.get(from + 1);
        if (second < 0) {
            throw new IOException("a server's frame with a mask");
        }
        long length = second & LENGTH;
        int header = 2;
        if (length == TWO_BYTES) {
            header += 2;
        } else if (length == EIGHT_BYTES) {
            header += 8;
        }
        if (to - from < header) {
            return false;
        }
        if (header > 2) {
            length = 0;
            for (int i = from + 2; i < from + header; i++) {
                length = length << 8 | (in.get(i) & 0xFF);
            }
        }
        if (length < 0 || length > Load.LONGEST_FRAME) {
            throw new IOException("a frame of " + length + " bytes");
        }
        opcode = in.get(from) & 0x0F;
        isCompressed = (in.get(from) & RSV1) != 0;
        start = from + header;
        end = start + (int) length;
        return end <= to;
    }

    int opcode() {
        return opcode;
    }

    /** Whether its message is compressed (RFC 7692 section 6). */
    boolean isCompressed() {
        return isCompressed;
    }

    int start() {
        return start;
    }

    int end() {
        return end;
    }
}

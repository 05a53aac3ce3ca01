package parley.bench;

import java.io.IOException;
import java.nio.ByteBuffer;

/** The chunks in a buffer, one after the other (RFC 9112 section 7.1). Reading one allocates nothing. */
final class ChunkReader {
    private static final int LONGEST_SIZE = 8;

    private int start;
    private int contentEnd;
    private int end;

    /** Whether all of a chunk lies between the two indexes, at the first; then the accessors tell of it. */
    boolean read(ByteBuffer in, int from, int to) throws IOException {
        int length = 0;
        int at = from;
        for (; at < to && in.get(at) != '\r'; at++) {
            int digit = Character.digit(in.get(at), 16);
            if (digit < 0 || at - from >= LONGEST_SIZE) {
                throw new IOException("no size of a chunk");
            }
            length = length << 4 | digit;
        }
        if (at == from && at < to || length < 0 || length > Load.LONGEST_FRAME) {
            throw new IOException("a chunk of " + length + " bytes");
        }
        start = at + 2;
        contentEnd = start + length;
        end = contentEnd + 2;
        return at < to && end <= to;
    }

    /** Where its content begins. */
    int start() {
        return start;
    }

    int contentEnd() {
        return contentEnd;
    }

    /** Where the next one begins. */
    int end() {
        return end;
    }

    /** Whether it says that no more come. */
    boolean isLast() {
        return start == contentEnd;
    }
}

package parley.standalone;

import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Decompresses one message after the other, in steps of {@value #STEP} bytes, so that a message that grows a
 * thousandfold takes no more memory than a step before somebody looks at how much has come. For one thread at a time.
 */
final class Inflation {
    /** The longest header that a step may need. */
    static final int HEADER = 4;
    /** What it takes: its steps, and 38 KiB outside the heap. */
    static final int BYTES = 58 << 10;

    private static final int STEP = 16 << 10;
    private static final int INPUT = 4 << 10;
    /** What every message is followed by (RFC 7692 section 7.2.2). */
    private static final byte[] TAIL = {0, 0, -1, -1};
    /** An empty block that is the last (RFC 1951 section 3.2.4): one that is not understood shows a message cut off. */
    private static final byte[] LAST_BLOCK = {1, 0, 0, -1, -1};
    /** Each costs a reset, and is two bytes long; a message needs one at most (section 7.2.3.4). */
    private static final int MOST_LAST_BLOCKS = 16;

    private final Inflater inflater = new Inflater(true);
    private final byte[] in = new byte[INPUT];
    private final byte[] out = new byte[HEADER + STEP];
    private int length = HEADER;
    private int lastBlocks;
    /** Whether the last block just ended with the input. */
    private boolean isAtEnd;
    /** Whether anything has come of this message. */
    private boolean hasBegun;

    /** Takes what was decompressed, each time a step is full. */
    @FunctionalInterface
    interface Sink {
        /** Takes what {@link #step} gives now; returns whether to go on. */
        boolean isGoingOn();
    }

    /**
     * Takes bytes of a message off their mask and decompresses them.
     *
     * @param mask an array in which the four bytes of the mask begin at {@code maskAt}
     * @param masked how many bytes of the frame came before
     * @return false when the sink did not want to go on
     */
    boolean add(ByteBuffer data, int at, int count, byte[] mask, int maskAt, long masked, Sink sink)
            throws DataFormatException {
        hasBegun |= count > 0;
        for (int done = 0; done < count; ) {
            int some = Math.min(in.length, count - done);
            for (int i = 0; i < some; i++) {
                in[i] = (byte) (data.get(at + done + i) ^ mask[maskAt + (int) (masked + done + i & 3)]);
            }
            if (!inflate(in, some, sink)) {
                return false;
            }
            done += some;
        }
        return true;
    }

    /**
     * The message ends here.
     *
     * @param terms whether the next one may refer to it
     * @return false when the sink did not want to go on
     * @throws DataFormatException also when its last block is cut off, where that can be told
     */
    boolean end(DeflateTerms terms, Sink sink) throws DataFormatException {
        boolean goesOn = !hasBegun || inflate(TAIL, TAIL.length, sink); // an empty message may come without a byte
        hasBegun = false;
        if (goesOn && terms == DeflateTerms.FRESH) {
            lastBlocks = 0;
            goesOn = inflate(LAST_BLOCK, LAST_BLOCK.length, sink);
            if (goesOn && !isAtEnd) {
                throw new DataFormatException("the message is cut off");
            }
        }
        lastBlocks = 0;
        return goesOn;
    }

    private boolean inflate(byte[] from, int count, Sink sink) throws DataFormatException {
        inflater.setInput(from, 0, count);
        isAtEnd = false;
        while (true) {
            length += inflater.inflate(out, length, out.length - length);
            if (length == out.length) {
                if (!sink.isGoingOn()) {
                    return false;
                }
            } else if (inflater.finished()) {
                int rest = inflater.getRemaining();
                inflater.reset();
                if (++lastBlocks > MOST_LAST_BLOCKS) {
                    throw new DataFormatException("a message has one last block at most");
                }
                if (rest == 0) {
                    isAtEnd = true;
                    return true;
                }
                inflater.setInput(from, count - rest, rest);
            } else if (inflater.needsDictionary()) {
                throw new DataFormatException("there is no dictionary");
            } else if (inflater.needsInput()) {
                return true;
            }
        }
    }

    /** How many bytes wait in the step. */
    int stepLength() {
        return length - HEADER;
    }

    /** Returns what has come since this was last called, as an unmasked frame that begins so; it is reused then. */
    ByteBuffer step(int firstByte) {
        int payload = stepLength();
        length = HEADER;
        if (payload < 126) {
            out[HEADER - 2] = (byte) firstByte;
            out[HEADER - 1] = (byte) payload;
            return ByteBuffer.wrap(out, HEADER - 2, payload + 2);
        }
        out[0] = (byte) firstByte;
        out[1] = 126;
        out[2] = (byte) (payload >> 8);
        out[3] = (byte) payload;
        return ByteBuffer.wrap(out, 0, payload + HEADER);
    }

    /** Forgets all. */
    void reset() {
        inflater.reset();
        length = HEADER;
        lastBlocks = 0;
        hasBegun = false;
    }

    /** Lets go of what is outside the heap; nothing is done with it after that. */
    void end() {
        inflater.end();
    }
}

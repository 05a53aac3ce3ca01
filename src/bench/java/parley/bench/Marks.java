package parley.bench;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The mark that every message carries: {@code T=<nanos>.<sender>}, the nanos in 19 digits and the sender in 5. Each one
 * that arrives is one delivery, however many share a frame.
 */
final class Marks {
    static final int LENGTH = 27;

    private static final int NANOS = 2;
    private static final int NANO_DIGITS = 19;
    private static final int DOT = NANOS + NANO_DIGITS;
    private static final int SENDER = DOT + 1;

    /**
     * How far the search may go on when the last byte of the place it looks at is this one: most bytes are in no mark.
     */
    private static final byte[] SKIP = new byte[256];

    static {
        Arrays.fill(SKIP, (byte) LENGTH);
        SKIP['T'] = LENGTH - 1;
        SKIP['='] = LENGTH - 2;
        SKIP['.'] = LENGTH - 1 - DOT;
        for (int digit = '0'; digit <= '9'; digit++) {
            SKIP[digit] = 1;
        }
    }

    /** Who is told of a mark. */
    interface Sink {
        void mark(long nanos, int sender);
    }

    private Marks() {}

    /** Tells the sink of each mark between the two indexes of a little-endian buffer. */
    static void scan(ByteBuffer in, int from, int to, Sink sink) {
        int at = from;
        while (to - at >= LENGTH) {
            int skip = SKIP[in.get(at + LENGTH - 1) & 0xFF];
            if (skip == 1 && in.get(at) == 'T' && in.get(at + 1) == '=' && in.get(at + DOT) == '.') {
                long nanos = number(in, at + NANOS, NANO_DIGITS);
                long sender = number(in, at + SENDER, LENGTH - SENDER);
                if (nanos >= 0 && sender >= 0) {
                    sink.mark(nanos, (int) sender);
                    skip = LENGTH;
                }
            }
            at += skip;
        }
    }

    /** The number that is written there, or a negative one. */
    private static long number(ByteBuffer in, int from, int digits) {
        long number = 0;
        int at = from;
        int left = digits;
        for (; left >= 8; left -= 8, at += 8) {
            long eight = in.getLong(at);
            if ((eight & 0xF0F0F0F0F0F0F0F0L) != 0x3030303030303030L
                    || ((eight + 0x0606060606060606L) & 0xF0F0F0F0F0F0F0F0L) != 0x3030303030303030L) {
                return -1;
            }
            number = number * 100_000_000 + eightDigits(eight);
        }
        for (; left > 0; left--, at++) {
            int digit = in.get(at) - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            number = number * 10 + digit;
        }
        return number;
    }

    /** Eight digits at once: neighbours are added up to pairs, pairs to fours, fours to the whole. */
    private static long eightDigits(long digits) {
        long pairs = (digits & 0x0F0F0F0F0F0F0F0FL) * (10 << 8 | 1) >>> 8;
        long fours = (pairs & 0x00FF00FF00FF00FFL) * (100 << 16 | 1) >>> 16;
        return (fours & 0x0000FFFF0000FFFFL) * (10_000L << 32 | 1) >>> 32;
    }

    /**
     * Writes the mark over what is there, masked: the mask's byte for an index is the one of the index less the offset.
     */
    static void write(ByteBuffer out, int at, long nanos, int sender, int key, int payload) {
        put(out, at, 'T', key, payload);
        put(out, at + 1, '=', key, payload);
        digits(out, at + NANOS, NANO_DIGITS, nanos, key, payload);
        put(out, at + DOT, '.', key, payload);
        digits(out, at + SENDER, LENGTH - SENDER, sender, key, payload);
    }

    private static void digits(ByteBuffer out, int at, int digits, long number, int key, int payload) {
        long rest = number;
        for (int i = at + digits - 1; i >= at; i--) {
            put(out, i, (char) ('0' + rest % 10), key, payload);
            rest /= 10;
        }
    }

    private static void put(ByteBuffer out, int at, char c, int key, int payload) {
        out.put(at, (byte) (c ^ key >>> 24 - 8 * (at - payload & 3)));
    }
}

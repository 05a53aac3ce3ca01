package parley.cluster;

import java.util.Arrays;

/**
 * The numbers of a room's newest messages, without holes from one number on. For one thread.
 *
 * <p>Streams let go of their oldest messages, whatever room they are of. By these numbers a room tells whether any of
 * its own are gone.
 */
final class Numbers {
    private static final int FEWEST = 64;
    private static final int MOST = 1_024;

    private long[] numbers = new long[FEWEST];
    private long count;
    /** The number from which on all numbers of the room are here. */
    private long since;

    /** Begins again: all messages of that number and higher ones will be {@linkplain #add added}. */
    void begin(long from) {
        count = 0;
        since = from;
    }

    /** The number of the next message. */
    void add(long seq) {
        if (count >= numbers.length) {
            if (numbers.length < MOST) {
                numbers = Arrays.copyOf(numbers, 2 * numbers.length); // they begin at index 0 until then
            } else {
                since = at(count - numbers.length) + 1;
            }
        }
        numbers[index(count++)] = seq;
    }

    /** The number that many messages back, or 0 where there are fewer here. */
    long back(int messages) {
        return count < messages ? 0 : at(count - messages);
    }

    /**
     * The number from which on a room has lost nothing, when everything before another number is gone from the
     * stream: one more than that of its newest message that is gone.
     *
     * @param otherwise the answer where the numbers here do not reach back so far
     */
    long firstWhenGoneBefore(long seq, long otherwise) {
        if (seq <= since) {
            return otherwise;
        }
        long low = Math.max(0, count - numbers.length);
        long high = count;
        long oldest = low;
        while (low < high) {
            long middle = (low + high) >>> 1;
            if (at(middle) < seq) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low == oldest ? since : at(low - 1) + 1;
    }

    private long at(long position) {
        return numbers[index(position)];
    }

    private int index(long position) {
        return (int) (position & (numbers.length - 1));
    }
}

package parley.delivery;

import java.nio.ByteBuffer;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.function.Supplier;
import java.util.zip.Deflater;

/**
 * Compresses messages for clients that agreed on {@code permessage-deflate} (RFC 7692), each without those before it,
 * so that all clients that are sent a message share its compressed bytes. Any thread.
 *
 * <p>A compressor has 82 to 246 KiB outside the heap, so each belongs to a message while that is compressed and to
 * nobody between: there are at most as many as threads that send, and no more than {@value #IDLE} that wait.
 */
public final class Deflation {
    /** Level 6 is 5 to 10 % smaller, for 1.5 to 4 times the CPU (chat text in JSON). */
    private static final int LEVEL = 1;
    /** What a flush ends with, and is left out (section 7.2.1). */
    private static final int TAIL = 4;

    private static final int IDLE = 8;
    /** Says in a frame's first byte that its message is compressed (section 6). */
    static final int RSV1 = 0x40;

    private final int least;
    private final DeflateCounts counts;
    private final Queue<Deflater> idle = new ArrayBlockingQueue<>(IDLE);

    /**
     * Makes one.
     *
     * @param least bytes of the shortest message that is compressed
     */
    public Deflation(int least, DeflateCounts counts) {
        this.least = least;
        this.counts = counts;
    }

    /** What has been compressed so far. */
    public DeflateCounts counts() {
        return counts;
    }

    /** Returns a message as one compressed frame, or as it is when it is too short for that or does not get shorter. */
    ByteBuffer frame(int opcode, byte[] message, Supplier<ByteBuffer> asItIs) {
        if (message.length < least || message.length == 0) {
            return asItIs.get();
        }
        // No longer than the message: where that is full, nothing was gained.
        byte[] compressed = new byte[message.length];
        int length = compress(message, compressed);
        if (length == compressed.length) {
            return asItIs.get();
        }
        ByteBuffer frame = WireFormat.frame(RSV1 | opcode, ByteBuffer.wrap(compressed, 0, length - TAIL));
        counts.deflated(message.length, length - TAIL);
        return frame;
    }

    private int compress(byte[] message, byte[] compressed) {
        Deflater waiting = idle.poll();
        Deflater deflater = waiting == null ? new Deflater(LEVEL, true) : waiting;
        deflater.setInput(message);
        int length = deflater.deflate(compressed, 0, compressed.length, Deflater.SYNC_FLUSH);
        deflater.reset();
        if (!idle.offer(deflater)) {
            deflater.end();
        }
        return length;
    }

    /** Lets go of what is outside the heap. Messages may still be compressed. */
    public void close() {
        for (Deflater deflater = idle.poll(); deflater != null; deflater = idle.poll()) {
            deflater.end();
        }
    }
}

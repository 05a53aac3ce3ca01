package parley.testclient;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/** Compresses and expands whole messages as a client does (RFC 7692 section 7.2), with {@code java.util.zip} alone. */
public final class MessageDeflater implements AutoCloseable {
    private static final int TAIL = 4;

    private final Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
    private final boolean keepsContext;

    /**
     * Makes one.
     *
     * @param keepsContext whether messages refer to those before
     */
    public MessageDeflater(boolean keepsContext) {
        this.keepsContext = keepsContext;
    }

    /** Returns the payload of a compressed message. */
    public byte[] compress(byte[] message) {
        deflater.setInput(message);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] buffer = new byte[8192];
        int length;
        do {
            length = deflater.deflate(buffer, 0, buffer.length, Deflater.SYNC_FLUSH);
            out.write(buffer, 0, length);
        } while (length == buffer.length);
        if (!keepsContext) {
            deflater.reset();
        }
        byte[] withTail = out.toByteArray();
        // Nothing new behind a flush: zlib writes no second one.
        return withTail.length < TAIL ? new byte[1] : Arrays.copyOf(withTail, withTail.length - TAIL);
    }

    /** Returns a message that was compressed without those before it. */
    public static byte[] expand(byte[] compressed) throws DataFormatException {
        byte[] withTail = Arrays.copyOf(compressed, compressed.length + TAIL);
        withTail[withTail.length - 2] = -1;
        withTail[withTail.length - 1] = -1;
        Inflater inflater = new Inflater(true);
        inflater.setInput(withTail);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] buffer = new byte[8192];
        int length;
        while ((length = inflater.inflate(buffer)) > 0) {
            out.write(buffer, 0, length);
        }
        inflater.end();
        return out.toByteArray();
    }

    /** Returns what is in a message, compressed or not. */
    public static byte[] payload(RawClient.Received message) throws DataFormatException {
        return message.isCompressed() ? expand(message.payload()) : message.payload();
    }

    @Override
    public void close() {
        deflater.end();
    }
}

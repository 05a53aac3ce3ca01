package parley.standalone;

import jakarta.websocket.CloseReason;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.DataFormatException;
import org.glassfish.tyrus.core.CloseReasons;
import org.glassfish.tyrus.spi.Connection;
import org.glassfish.tyrus.spi.ReadHandler;
import org.jspecify.annotations.Nullable;

/**
 * Decompresses what a client sends before Tyrus reads it (RFC 7692 section 7.2.2): each compressed frame becomes one
 * frame or several without a mask, all others pass as they came. Frames that must not be compressed pass too (control
 * frames, fragments behind the first, frames between fragments), for Tyrus closes a reserved bit with 1002.
 *
 * <p>A message is passed on in steps, and {@code Inbound}, which counts parts, ends it when it is too long. Its
 * compressed bytes are limited too, since they may have nothing in them. Bytes that are not compressed data close with
 * 1007. {@link FrameWatch} has looked at the headers before.
 *
 * <p>Reading is for the selector that reads the connection, one call at a time; {@link #close} is for any thread.
 */
final class InflatingReader implements ReadHandler {
    private static final int LONGEST_HEADER = 14;
    private static final int MASK = 4;
    private static final int LAST = 0x80;
    private static final int RSV1 = 0x40;
    private static final int RESERVED = 0x70;

    /** What message the client is in the middle of. */
    private enum Message {
        NONE,
        PLAIN,
        COMPRESSED
    }

    private final Connection tyrus;
    private final ClientLine line;
    private final Compression.Agreed agreed;
    private final DeflateTerms terms;
    private final Inflaters inflaters;
    private final int longest;
    private final int longestCompressed;
    /** The one in use, while nobody reads. */
    private final AtomicReference<@Nullable Inflation> parked = new AtomicReference<>();

    private final AtomicBoolean isClosed = new AtomicBoolean();

    // Touched by the selector alone
    private final byte[] header = new byte[LONGEST_HEADER];
    private int headerBytes;
    private int headerLength;
    private long payloadRead;
    private long payloadLeft;
    private boolean isInflating;
    private Message message = Message.NONE;
    private int opcode;
    private long messageBytes;
    private long messageCompressed;
    /** Bytes of the frame that have come, that were in it, and that the client was charged with: the more of both. */
    private long frameReceived;

    private long frameInflated;
    private long frameCharged;
    private @Nullable Inflation inflation;
    private boolean isOver;

    /**
     * Makes it.
     *
     * @param tyrus where the frames go
     * @param longest bytes of the longest message, decompressed
     */
    InflatingReader(Connection tyrus, ClientLine line, Compression.Agreed agreed, int longest) {
        this.tyrus = tyrus;
        this.line = line;
        this.agreed = agreed;
        this.terms = agreed.terms();
        this.inflaters = agreed.inflaters();
        this.longest = longest;
        this.longestCompressed = line.longestFrame(longest);
    }

    @Override
    public void handle(ByteBuffer data) {
        inflation = parked.getAndSet(null);
        try {
            read(data);
        } catch (DataFormatException e) {
            over(CloseReasons.NOT_CONSISTENT);
        } finally {
            park();
        }
    }

    private void read(ByteBuffer data) throws DataFormatException {
        int from = data.position(); // of what is passed as it is
        int headerFrom = -1; // in an earlier read
        int at = from;
        while (at < data.limit() && !isOver) {
            if (payloadLeft > 0) {
                int count = (int) Math.min(payloadLeft, data.limit() - at);
                payloadLeft -= count;
                if (isInflating) {
                    inflate(data, at, count);
                    from = at + count;
                }
                payloadRead += count;
                at += count;
                continue;
            }
            if (headerBytes == 0) {
                headerFrom = at;
            }
            header[headerBytes++] = data.get(at++);
            if (!isHeaderComplete()) {
                continue;
            }
            headerLength = headerBytes;
            headerBytes = 0;
            payloadRead = 0;
            payloadLeft = payloadLength();
            isInflating = isOfCompressedMessage();
            if (isInflating) {
                pass(data, from, Math.max(from, headerFrom));
                from = at;
                frameReceived = 0;
                frameInflated = 0;
                frameCharged = 0;
                inflate(data, at, 0);
            } else if (headerFrom < 0) {
                tyrus.getReadHandler().handle(ByteBuffer.wrap(header.clone(), 0, headerLength));
                from = at;
            }
        }
        pass(data, from, headerBytes > 0 ? Math.max(from, headerFrom) : at);
    }

    private void pass(ByteBuffer data, int from, int to) {
        if (from < to && !isOver) {
            tyrus.getReadHandler().handle(data.duplicate().position(from).limit(to));
        }
    }

    /** Whether the frame that begins is one to decompress; notes in which message the client is then. */
    private boolean isOfCompressedMessage() {
        int kind = header[0] & 0x0F;
        int reserved = header[0] & RESERVED;
        if (kind > 2) {
            return false;
        }
        if (kind != 0) {
            boolean isCompressed = message == Message.NONE && reserved == RSV1;
            message = isCompressed ? Message.COMPRESSED : message == Message.COMPRESSED ? message : ofPlain();
            opcode = kind;
            messageBytes = 0;
            messageCompressed = 0;
            return isCompressed;
        }
        if (message == Message.COMPRESSED) {
            return reserved == 0;
        }
        message = ofPlain();
        return false;
    }

    private Message ofPlain() {
        return isLastFrame() ? Message.NONE : Message.PLAIN;
    }

    private boolean isLastFrame() {
        return (header[0] & LAST) != 0;
    }

    /** Decompresses a part of a frame, and passes on what there is when the frame ends with it. */
    private void inflate(ByteBuffer data, int at, int count) throws DataFormatException {
        Inflation its = inflation;
        if (its == null) {
            its = inflaters.take();
            inflation = its;
        }
        inflaters.counts().received(count);
        messageCompressed += count;
        if (messageCompressed > longestCompressed) {
            over(CloseReasons.TOO_BIG);
            return;
        }
        frameReceived += count;
        if (!isCharged()) {
            return;
        }
        Inflation now = its;
        Inflation.Sink sink = () -> passStep(now, false);
        if (count > 0 && !now.add(data, at, count, header, headerLength - MASK, payloadRead, sink)) {
            return;
        }
        if (payloadLeft > 0) {
            return;
        }
        if (!isLastFrame()) {
            passStep(now, false); // of no bytes too, so that these are counted as when nothing is compressed
        } else if (now.end(terms, sink) && passStep(now, true)) {
            message = Message.NONE;
            if (terms == DeflateTerms.FRESH) {
                inflation = null;
                inflaters.giveBack(now);
            }
        }
    }

    /** Passes on a step of the message, and returns whether to go on. */
    private boolean passStep(Inflation of, boolean isLast) {
        int bytes = of.stepLength();
        messageBytes += bytes;
        if (messageBytes > longest) {
            over(CloseReasons.TOO_BIG);
            return false;
        }
        inflaters.counts().inflated(bytes);
        tyrus.getReadHandler().handle(of.step((isLast ? LAST : 0) | opcode));
        opcode = 0;
        frameInflated += bytes;
        return isCharged();
    }

    /** Charges the client with what has come of the frame since, and returns whether to go on. */
    private boolean isCharged() {
        long more = Math.max(frameReceived, frameInflated) - frameCharged;
        frameCharged += more;
        if (!line.inflated(more)) {
            isOver = true;
        }
        return !isOver;
    }

    private void over(CloseReasons why) {
        isOver = true;
        CloseReason reason = why.getCloseReason();
        tyrus.close(reason);
    }

    /** Leaves the decompressor for the next read, unless none comes. */
    private void park() {
        Inflation its = inflation;
        inflation = null;
        if (its != null) {
            parked.set(its);
        }
        line.holds(message == Message.COMPRESSED ? Inflation.BYTES : 0);
        if (isOver || isClosed.get()) {
            release();
        }
    }

    /** The connection is gone. */
    void close() {
        if (isClosed.compareAndSet(false, true)) {
            release();
            agreed.cancel();
        }
    }

    private void release() {
        Inflation its = parked.getAndSet(null);
        if (its != null) {
            inflaters.giveBack(its);
        }
    }

    private boolean isHeaderComplete() {
        if (headerBytes < 2) {
            return false;
        }
        int length = header[1] & 0x7F;
        int mask = (header[1] & LAST) != 0 ? MASK : 0;
        return headerBytes == 2 + mask + (length == 126 ? 2 : length == 127 ? 8 : 0);
    }

    private long payloadLength() {
        int length = header[1] & 0x7F;
        if (length < 126) {
            return length;
        }
        ByteBuffer extended = ByteBuffer.wrap(header);
        return length == 126 ? extended.getShort(2) & 0xFFFF : extended.getLong(2);
    }
}

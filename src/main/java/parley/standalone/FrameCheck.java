package parley.standalone;

import java.nio.ByteBuffer;
import org.glassfish.tyrus.core.CloseReasons;
import org.glassfish.tyrus.spi.Connection;
import org.glassfish.tyrus.spi.ReadHandler;
import org.jspecify.annotations.Nullable;

/**
 * Looks at the frame headers of one connection before Tyrus does, and closes what Tyrus would let pass or hold in memory: a
 * frame without a mask (RFC 6455 section 5.1) with 1002, a frame longer than a message may be with 1009. Called by the
 * selector that reads the connection, one call at a time.
 */
final class FrameCheck implements ReadHandler {
    private static final int LONGEST_HEADER = 14;

    private final Connection connection;
    private final int limit;

    private final byte[] header = new byte[LONGEST_HEADER];
    private int headerBytes;
    private long payloadLeft;
    private boolean ended;

    FrameCheck(Connection connection, int limit) {
        this.connection = connection;
        this.limit = limit;
    }

    @Override
    public void handle(ByteBuffer data) {
        if (ended) {
            return;
        }
        int at = data.position();
        while (at < data.limit()) {
            if (payloadLeft > 0) {
                int skip = (int) Math.min(payloadLeft, data.limit() - at);
                payloadLeft -= skip;
                at += skip;
                continue;
            }
            int frameStart = at;
            header[headerBytes++] = data.get(at++);
            CloseReasons violation = violation();
            if (violation != null) {
                end(data, frameStart, violation);
                return;
            }
            if (headerBytes >= 2 && headerBytes == headerLength()) {
                payloadLeft = payloadLength();
                headerBytes = 0;
            }
        }
        connection.getReadHandler().handle(data);
    }

    /** Passes on what came before, so that messages already complete are heard, and closes. */
    private void end(ByteBuffer data, int until, CloseReasons violation) {
        ended = true;
        data.limit(until);
        connection.getReadHandler().handle(data);
        connection.close(violation.getCloseReason());
    }

    private @Nullable CloseReasons violation() {
        if (headerBytes == 2 && (header[1] & 0x80) == 0) {
            return CloseReasons.PROTOCOL_ERROR;
        }
        boolean isComplete = headerBytes >= 2 && headerBytes == headerLength();
        long length = isComplete ? payloadLength() : 0;
        return length > limit || length < 0 ? CloseReasons.TOO_BIG : null;
    }

    private int headerLength() {
        int length = header[1] & 0x7F;
        return 2 + 4 + (length == 126 ? 2 : length == 127 ? 8 : 0);
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

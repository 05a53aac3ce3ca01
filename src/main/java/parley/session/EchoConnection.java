package parley.session;

import java.nio.ByteBuffer;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import parley.delivery.Frame;
import parley.delivery.Transport;

/**
 * A session of {@code /echo}: every message comes back, in order. What waits behind the frames in flight is bounded in bytes;
 * who sends more without reading is closed with 1013.
 */
public final class EchoConnection extends Connection {
    /** What a waiting echo weighs besides its content, in bytes, about: so that a flood of empty messages is bounded too. */
    private static final int OVERHEAD_BYTES = 64;

    private record Echo(Frame frame, long weight) {}

    private final Queue<Echo> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicLong waitingBytes = new AtomicLong();

    EchoConnection(Sessions sessions, Client client, Transport transport) {
        super(sessions, client, transport);
    }

    @Override
    public void text(String message, int bytes) {
        echo(new Frame.Text(message), bytes);
    }

    @Override
    public void binary(ByteBuffer message) {
        echo(new Frame.Binary(message), message.remaining());
    }

    private void echo(Frame frame, int bytes) {
        long weight = (long) bytes + OVERHEAD_BYTES;
        long before = waitingBytes.getAndAdd(weight);
        if (before > 0 && before + weight > sessions().limits().echoBacklog()) {
            end(Ending.ECHO_BACKLOG);
            return;
        }
        waiting.add(new Echo(frame, weight));
        drain().wake();
    }

    @Override
    @Nullable
    Frame nextFrame() {
        Echo echo = waiting.poll();
        if (echo == null) {
            return null;
        }
        waitingBytes.addAndGet(-echo.weight);
        return echo.frame;
    }

    @Override
    boolean hasMoreToSend() {
        return !waiting.isEmpty();
    }

    @Override
    void release() {
        waiting.clear();
    }
}

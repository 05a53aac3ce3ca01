package parley.session;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import parley.delivery.Frame;
import parley.delivery.Transport;
import parley.room.Departure;

/** A session of {@code /echo}: every message comes back, in order. Who sends and does not read is closed with 1013. */
public final class EchoConnection extends Connection {
    /** Echoes are joined until a write has this many bytes. */
    private static final int AT_ONCE = 64 << 10;

    private final Backlog<Frame> echoes;

    EchoConnection(Sessions sessions, Client client, Transport transport) {
        super(sessions, client, transport);
        this.echoes = new Backlog<>(sessions.limits().backlog());
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
        if (echoes.add(frame, bytes)) {
            drain().wake();
        } else {
            end(Ending.ECHO_BACKLOG);
        }
    }

    /** The echoes that wait, joined up to {@link #AT_ONCE}. */
    @Override
    @Nullable
    Frame nextFrame() {
        Frame first = echoes.poll();
        Frame next = first == null || first.length() >= AT_ONCE ? null : echoes.poll();
        if (first == null || next == null) {
            return first;
        }
        List<Frame> frames = new ArrayList<>(List.of(first));
        int length = first.length();
        while (next != null) {
            frames.add(next);
            length += next.length();
            next = length < AT_ONCE ? echoes.poll() : null;
        }
        return Frame.of(frames);
    }

    @Override
    @Nullable
    Frame nextAnswer() {
        return nextFrame();
    }

    @Override
    boolean owesAnswers() {
        return !echoes.isEmpty();
    }

    @Override
    long waitingBytes() {
        return echoes.bytes();
    }

    @Override
    boolean hasMoreToSend() {
        return !echoes.isEmpty();
    }

    @Override
    void release(Departure how) {
        echoes.clear();
    }
}

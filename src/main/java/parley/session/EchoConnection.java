package parley.session;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import parley.delivery.Frame;
import parley.delivery.Transport;

/** A session of {@code /echo}: every message comes back, in order. Who sends and does not read is closed with 1013. */
public final class EchoConnection extends Connection {
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

    @Override
    @Nullable
    Frame nextFrame() {
        return echoes.poll();
    }

    @Override
    @Nullable
    Frame nextAnswer() {
        return echoes.poll();
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
    void release() {
        echoes.clear();
    }
}

package parley.session;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import parley.delivery.Transport;
import parley.protocol.UserId;
import parley.room.Member;
import parley.room.RoomRegistry;

/**
 * A session in rooms, in plain text, in JSON or reading an event stream: limited in its commands, woken by its rooms.
 */
public abstract sealed class ChatConnection extends Connection implements Member.Subscriber
        permits PlainConnection, JsonConnection, EventsConnection {
    private final @Nullable Rate rate;
    private final @Nullable Rate bytes;
    private final Backpressure backpressure;

    ChatConnection(Sessions sessions, Client client, Transport transport) {
        super(sessions, client, transport);
        int perSecond = sessions.limits().commandsPerSecond();
        long bytesPerSecond = sessions.limits().bytesPerSecond();
        this.rate = perSecond == 0 ? null : new Rate(perSecond, sessions.now());
        this.bytes = bytesPerSecond == 0 ? null : new Rate(bytesPerSecond, sessions.now());
        this.backpressure = new Backpressure(transport, sessions.inspection());
    }

    /** Enters a room that the handshake named. Called once for each, before the first message. */
    abstract void enter(RoomRegistry rooms, FirstRoom first);

    /** What the client publishes in its rooms. */
    final Backpressure backpressure() {
        return backpressure;
    }

    /** Whether one more command is within the rate. */
    final Rate.Allowance mayCommand() {
        if (backpressure.isTooFarAhead()) {
            return Rate.Allowance.LIMITED;
        }
        return rate == null ? Rate.Allowance.ALLOWED : rate.take(sessions().now());
    }

    /** Whether one more WebSocket message of that many bytes is within the rate of bytes. */
    final Rate.Allowance mayBring(int size) {
        return bytes == null
                ? Rate.Allowance.ALLOWED
                : bytes.take(size, sessions().now());
    }

    @Override
    public final void binary(ByteBuffer message) {
        end(Ending.BINARY);
    }

    @Override
    public final @Nullable String user() {
        UserId user = client().visitor().grant().user(); // a renewed grant is of the same user
        return user == null ? null : user.value();
    }

    @Override
    public final void ready() {
        drain().wake();
    }

    @Override
    public final void fellBehind() {
        end(Ending.BEHIND);
    }
}

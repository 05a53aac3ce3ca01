package parley.session;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import parley.delivery.Frame;
import parley.delivery.StreamEvent;
import parley.delivery.Transport;
import parley.protocol.UserId;
import parley.protocol.WatchList;
import parley.room.Departure;
import parley.room.Watcher;
import parley.room.Watching;

/** A session that reads an event stream of rooms that it watches without being in them. It can say nothing. */
public final class WatchConnection extends Connection {
    private final Watcher watcher;
    private final StreamTerms terms;
    private final int batchBytes;
    /** When it comes back if its connection is lost. */
    private final Spread retry;

    /** Set when nothing but the last event is to be sent any more. */
    private volatile boolean isLeaving;
    /** Set by the draining thread when it takes the last event. */
    private volatile boolean saidBye;

    /** Touched by the draining thread. */
    private boolean isWelcomed;

    WatchConnection(
            Sessions sessions,
            Client client,
            Transport transport,
            Watching watching,
            int batchBytes,
            StreamTerms terms) {
        super(sessions, client, transport);
        this.watcher = watching.watcher(userOf(client), drain()::wake);
        this.batchBytes = batchBytes;
        this.terms = terms;
        this.retry = Spread.around(terms.retry());
    }

    private static @Nullable String userOf(Client client) {
        UserId user = client.visitor().grant().user();
        return user == null ? null : user.value();
    }

    /** Watches rooms from now on. Called once. */
    void watch(WatchList list) {
        Optional<Runnable> begins = watcher.replace(list, grant()::mayRead);
        if (begins.isEmpty()) {
            end(Ending.TOO_MANY_ROOMS);
            return;
        }
        begins.get().run();
        drain().wake();
    }

    @Override
    public void text(String message, int bytes) {
        throw new IllegalStateException("an event stream brings nothing from the client");
    }

    @Override
    public void binary(ByteBuffer message) {
        throw new IllegalStateException("an event stream brings nothing from the client");
    }

    @Override
    boolean isMute() {
        return true;
    }

    @Override
    long keepaliveNanos() {
        return Math.min(super.keepaliveNanos(), EventsConnection.LONGEST_SILENCE.toNanos());
    }

    @Override
    @Nullable
    Frame nextFrame() {
        if (saidBye) {
            return null;
        }
        if (!isWelcomed) {
            isWelcomed = true;
            return EventsConnection.welcome(this, client().name(), userOf(client()), retry, terms);
        }
        if (isLeaving) {
            saidBye = true;
            return new Frame.Events(
                    List.of(EventsConnection.bye("shutdown", sessions().spread())));
        }
        return watcher.next(batchBytes)
                .map(line -> new Frame.Events(List.of(StreamEvent.of("watched", line))))
                .orElse(null);
    }

    @Override
    @Nullable
    Frame nextAnswer() {
        return null;
    }

    @Override
    boolean owesAnswers() {
        return false;
    }

    @Override
    boolean hasMoreToSend() {
        return !saidBye && isLeaving;
    }

    @Override
    long waitingBytes() {
        return 0;
    }

    @Override
    void sayBye() {
        isLeaving = true;
        drain().wake();
    }

    @Override
    String lastWords(Ending why, String reason) {
        return saidBye ? "" : EventsConnection.lastEvent(why, reason, sessions().spread(), retry);
    }

    @Override
    void release(Departure how) {
        watcher.close();
    }
}

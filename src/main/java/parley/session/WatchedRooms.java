package parley.session;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import parley.access.Grant;
import parley.delivery.Frame;
import parley.protocol.Command;
import parley.protocol.ErrorCode;
import parley.protocol.Event;
import parley.protocol.RoomName;
import parley.protocol.UserId;
import parley.protocol.WatchList;
import parley.room.WatchLimits;
import parley.room.Watcher;
import parley.room.Watching;

/**
 * The rooms that a JSON session watches without being in them. Changed by the thread that brings the messages, taken
 * from by the draining thread, closed by any.
 */
final class WatchedRooms {
    private final Connection connection;
    private final Watching watching;
    private final Answers answers;
    private final int batchBytes;

    /** Null until the client watches something. */
    private volatile @Nullable Watcher watcher;

    WatchedRooms(Connection connection, Watching watching, Answers answers, int batchBytes) {
        this.connection = connection;
        this.watching = watching;
        this.answers = answers;
        this.batchBytes = batchBytes;
    }

    /** Carries the command out. */
    void watch(Command.Watch watch) {
        WatchList list = watch.list();
        Grant grant = connection.grant();
        for (RoomName room : list.rooms()) {
            if (!grant.mayRead(room)) {
                answers.fail(new Event.Error(
                        watch.ref(), ErrorCode.FORBIDDEN, "this token does not give access to this room", room));
                return;
            }
        }
        String tooMany = tooMany(list, watching.limits());
        if (tooMany != null) {
            answers.fail(watch, ErrorCode.TOO_MANY_ROOMS, tooMany);
            return;
        }
        Optional<Runnable> begins = watcher().replace(list, grant::mayRead);
        if (begins.isEmpty()) {
            answers.fail(
                    watch, ErrorCode.TOO_MANY_ROOMS, "the server's clients watch as many rooms as they may; try later");
        } else {
            answers.later().give(new Event.Ack(watch.ref(), null, null, null), begins.get());
        }
        closeIfEnded();
    }

    /** Why a list cannot be; null when it can. */
    static @Nullable String tooMany(WatchList list, WatchLimits limits) {
        if (list.size() > limits.rooms()) {
            return "a connection may watch " + limits.rooms() + " rooms, not " + list.size();
        }
        return list.patterns().size() > WatchLimits.PATTERNS
                ? "a connection may watch " + WatchLimits.PATTERNS + " patterns, not "
                        + list.patterns().size()
                : null;
    }

    private Watcher watcher() {
        Watcher now = watcher;
        if (now == null) {
            now = watching.watcher(user(), connection.drain()::wake);
            watcher = now;
        }
        return now;
    }

    private @Nullable String user() {
        UserId user = connection.grant().user(); // a renewed grant is of the same user
        return user == null ? null : user.value();
    }

    private void closeIfEnded() {
        if (connection.hasEnded()) {
            close(); // ended meanwhile, and did not find it
        }
    }

    /** The client shows another token. */
    void renewed(Grant grant) {
        Watcher now = watcher;
        if (now != null) {
            now.allow(grant::mayRead);
        }
    }

    /** Takes the next event; null when there is none. */
    @Nullable
    Frame next() {
        Watcher now = watcher;
        return now == null ? null : now.next(batchBytes).map(Frame.Text::new).orElse(null);
    }

    void close() {
        Watcher now = watcher;
        if (now != null) {
            now.close();
        }
    }
}

package parley.room;

import java.util.HashSet;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import parley.protocol.ReadMark;

/**
 * Up to where a user has read a room that clients of this user watch. Guarded by the lock of {@link Watching}.
 */
final class WatchedMark {
    /** What was counted last: the messages behind a mark, up to the newest of that moment. */
    private record Counted(long after, RoomStore.Expected newest, int count) {}

    private final WatchedRoom room;
    private final String user;
    private final Set<Watcher> watchers = new HashSet<>();
    /** Null while it is not known, and for a user that has none. */
    private MarkStore.@Nullable Mark mark;

    private @Nullable Counted counted;
    /** Whether the messages behind it are to be counted, or are being counted. */
    private boolean isCounted;

    WatchedMark(WatchedRoom room, String user) {
        this.room = room;
        this.user = user;
    }

    WatchedRoom room() {
        return room;
    }

    String user() {
        return user;
    }

    /** The clients of the user that watch the room. */
    Set<Watcher> watchers() {
        return watchers;
    }

    MarkStore.@Nullable Mark mark() {
        return mark;
    }

    /** The user has that mark, or a further one that came before; whether it is another one than before. */
    boolean is(MarkStore.Mark now) {
        MarkStore.Mark before = mark;
        mark = before != null && before.epoch().equals(now.epoch()) ? now.later(before) : now;
        return !mark.equals(before);
    }

    /** The store has counted; whether that tells more than was known. */
    boolean counted(MarkStore.Mark of, RoomStore.Expected newest, int count) {
        isCounted = false;
        if (!of.equals(mark)) {
            return false;
        }
        counted = new Counted(of.seq(), newest, count);
        return true;
    }

    /** The store cannot count now. */
    void notCounted() {
        isCounted = false;
    }

    /** The room does not keep messages before that number any more; whether some of them were unread. */
    boolean trimmed(long first) {
        MarkStore.Mark its = mark;
        if (its == null || its.seq() + 1 >= first) {
            return false;
        }
        counted = null;
        return true;
    }

    /**
     * What a client is sent of it; null for nothing.
     *
     * @param toCount called when the store has to count first, and does not do so already
     */
    @Nullable
    ReadMark read(Runnable toCount) {
        MarkStore.Mark its = mark;
        RoomStore.Expected newest = newest();
        if (its == null || newest == null || !its.epoch().equals(newest.epoch())) {
            return null;
        }
        OptionalInt unread = unread(its, newest);
        if (unread.isPresent()) {
            counted = new Counted(its.seq(), newest, unread.getAsInt()); // the room may be closed the next time
        } else if (!isCounted) {
            isCounted = true;
            toCount.run();
        }
        return ReadMarks.read(its, unread);
    }

    private RoomStore.@Nullable Expected newest() {
        WatchedRoom.Truth truth = room.truth();
        return truth == null ? null : truth.newest();
    }

    private OptionalInt unread(MarkStore.Mark its, RoomStore.Expected newest) {
        OptionalInt known = room.countUnread(its.seq(), newest.seq());
        Counted before = counted;
        if (known.isPresent()
                || before == null
                || before.after() != its.seq()
                || !before.newest().epoch().equals(newest.epoch())) {
            return known;
        }
        OptionalInt since = room.countUnread(before.newest().seq(), newest.seq());
        return since.isEmpty() ? since : OptionalInt.of(before.count() + since.getAsInt());
    }

    /** The newest message up to which the store has to count now; null where it has not to, or does so already. */
    RoomStore.@Nullable Expected wantsCount() {
        MarkStore.Mark its = mark;
        RoomStore.Expected newest = newest();
        if (isCounted || its == null || newest == null || !its.epoch().equals(newest.epoch())) {
            return null;
        }
        if (unread(its, newest).isPresent()) {
            return null;
        }
        isCounted = true;
        return newest;
    }
}

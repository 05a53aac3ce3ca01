package parley.durable;

import java.sql.SQLException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import parley.protocol.Draft;
import parley.protocol.RoomName;
import parley.room.ChangeDraft;
import parley.room.KeyDraft;
import parley.room.MarkStore;
import parley.room.Outcome;
import parley.room.RoomStore;

/**
 * What the writing thread is given to do. That it has been answered is noted by that thread, or by the one that finds
 * it has ended.
 */
sealed interface Task {
    /** A room in memory wants to know what is kept of it, and what comes. */
    final class Open implements Task {
        final RoomName name;
        final Subscription room;
        boolean isAnswered;

        Open(RoomName name, Subscription room) {
            this.name = name;
            this.room = room;
        }
    }

    /** A room in memory has been given up. */
    record Close(RoomName name, Subscription room) implements Task {}

    /** A message is to be kept, or changed, or the value of a key is to be set. */
    final class Append implements Task {
        final RoomName name;
        final long at;
        final Draft draft;
        /** What is to be changed; null for a message. */
        final @Nullable ChangeDraft change;
        /** What is to be set, or removed; null for a message or a change. */
        final @Nullable KeyDraft put;
        /** The message that it is to come behind; null for whichever is the newest. */
        final RoomStore.@Nullable Expected expected;

        final Consumer<Outcome> onResult;
        final long bytes;
        boolean isAnswered;

        Append(RoomName name, long at, Draft draft, RoomStore.@Nullable Expected expected, Consumer<Outcome> onResult) {
            this(name, at, draft, null, null, expected, onResult);
        }

        Append(RoomName name, long at, ChangeDraft change, Consumer<Outcome> onResult) {
            this(name, at, change.draft(), change, null, null, onResult);
        }

        Append(RoomName name, long at, KeyDraft put, Consumer<Outcome> onResult) {
            this(name, at, put.draft(), null, put, null, onResult);
        }

        private Append(
                RoomName name,
                long at,
                Draft draft,
                @Nullable ChangeDraft change,
                @Nullable KeyDraft put,
                RoomStore.@Nullable Expected expected,
                Consumer<Outcome> onResult) {
            this.name = name;
            this.at = at;
            this.draft = draft;
            this.change = change;
            this.put = put;
            this.expected = expected;
            this.onResult = onResult;
            this.bytes = Tables.bytes(draft);
        }
    }

    /** A user has read so far. */
    final class Raise implements Task {
        final RoomName name;
        final String user;
        final MarkStore.Mark mark;
        /** How many marks the room keeps. */
        final int most;

        final Consumer<MarkStore.Answer> onRaised;
        boolean isAnswered;

        Raise(RoomName name, String user, MarkStore.Mark mark, int most, Consumer<MarkStore.Answer> onRaised) {
            this.name = name;
            this.user = user;
            this.mark = mark;
            this.most = most;
            this.onRaised = onRaised;
        }
    }

    /** A room asks which messages there are. */
    final class Refresh implements Task {
        final RoomName name;
        final Consumer<RoomStore.Extent> onExtent;
        boolean isAnswered;

        Refresh(RoomName name, Consumer<RoomStore.Extent> onExtent) {
            this.name = name;
            this.onExtent = onExtent;
        }
    }

    /** All messages of a room up to one are to go. */
    final class Forget implements Task {
        final RoomName name;
        final long upTo;
        final Consumer<RoomStore.Forgotten> onForgotten;
        boolean isAnswered;

        Forget(RoomName name, long upTo, Consumer<RoomStore.Forgotten> onForgotten) {
            this.name = name;
            this.upTo = upTo;
            this.onForgotten = onForgotten;
        }
    }

    /** Something else, with the file. */
    record Do(Work work) implements Task {}

    /** What is done with the file. */
    interface Work {
        void with(Database database) throws SQLException;
    }

    /** Wakes it, to look what is due. */
    record Wake() implements Task {}
}

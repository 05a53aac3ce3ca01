package parley.durable;

import java.sql.SQLException;
import java.util.function.Consumer;
import parley.protocol.Draft;
import parley.protocol.RoomName;
import parley.room.Outcome;
import parley.room.RoomStore;

/** What the writing thread is given to do. */
sealed interface Task {
    /** A room in memory wants to know what is kept of it, and what comes. */
    final class Open implements Task {
        final RoomName name;
        final RoomStore.Listener room;
        /** Of the writing thread: whether the room has heard what became of it. */
        boolean isTold;

        Open(RoomName name, RoomStore.Listener room) {
            this.name = name;
            this.room = room;
        }
    }

    /** A room in memory wants to hear no more. */
    record Close(RoomName name, RoomStore.Listener room) implements Task {}

    /** A message is to be kept. */
    final class Append implements Task {
        final RoomName name;
        final long at;
        final Draft draft;
        final Consumer<Outcome> told;
        final long weight;
        /** Of the writing thread: whether its sender has heard what became of it. */
        boolean isTold;

        Append(RoomName name, long at, Draft draft, Consumer<Outcome> told) {
            this.name = name;
            this.at = at;
            this.draft = draft;
            this.told = told;
            this.weight = Database.weight(draft);
        }
    }

    /** A room asks which messages there are. */
    final class Refresh implements Task {
        final RoomName name;
        final Consumer<RoomStore.Extent> onExtent;
        /** Of the writing thread: whether the room has its answer. */
        boolean isDone;

        Refresh(RoomName name, Consumer<RoomStore.Extent> onExtent) {
            this.name = name;
            this.onExtent = onExtent;
        }
    }

    /** Something else, with the file. */
    record Do(Work work) implements Task {}

    /** What is done with the file. */
    interface Work {
        void with(Database database) throws SQLException;
    }

    /** Wakes it. */
    record Wake() implements Task {}
}

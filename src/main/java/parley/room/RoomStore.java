package parley.room;

import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.RoomName;

/**
 * Where the messages of rooms are kept beyond memory, and where they get their numbers. The room above it does not know what it is.
 *
 * <p>Any thread may call any method, and none blocks: what takes time is told later, on threads of the store's own. A room hears of its log in
 * the order in which things became true, one call at a time; what was read may come beside that.
 */
public interface RoomStore {
    /** Whether the numbers of a room have holes, since rooms share them. */
    default boolean isSparse() {
        return false;
    }

    /** Finds the log of a room, or begins one. Tells the room what there is before it tells anything else, and not before this returns. */
    Log open(RoomName name, Listener room);

    /** One room's log, as the room uses it. */
    interface Log {
        /**
         * Adds a message, unless one with its {@code id} is kept. Those who listen hear of the message first, then {@code told}.
         *
         * @param at when it was published, in milliseconds since 1970
         * @return null when it has been taken and {@code told} will be; else why not
         */
        Outcome.@Nullable NotKept append(long at, Draft draft, Consumer<Outcome> told);

        /**
         * Reads messages.
         *
         * @param from the first to read; later ones follow, or earlier ones when reading back
         * @param limit how many at most
         * @param bytes what they may weigh; one always comes if it is kept
         * @param told given the messages in the order of reading, from the next that is kept on; null when they cannot be read
         * @return whether they are read; false when too much is to be read already, and then nothing is told
         */
        boolean read(long from, boolean back, int limit, long bytes, Consumer<@Nullable List<Message>> told);

        /**
         * Looks once more what there is, where others write too: tells the room of all that has been added so far, and then {@code told}, which
         * is told in any case. Not asked for where numbers have no holes.
         */
        default void look(Looked told) {
            throw new UnsupportedOperationException("nobody else writes");
        }

        /** Passes a signal on to where else the room has members. */
        default void signal(Draft draft) {}

        /** Says who is in the room here, to where else it has members. */
        default void present(Present here) {}

        /** The room is given up in memory. Nothing is told after that but to who waits for an append. */
        void close();
    }

    /**
     * Who is in a room in one place.
     *
     * @param count members, those without a name included
     * @param names how many members go by each name; as many as may be told
     * @param isWhole whether these are all
     */
    record Present(int count, Map<String, Integer> names, boolean isWhole) {
        /** Nobody. */
        public static final Present NOBODY = new Present(0, Map.of(), true);
    }

    /** Told what there is. */
    interface Looked {
        /**
         * The store has looked.
         *
         * @param first the number from which on all messages are kept
         * @param head the number up to which all messages have been told that are kept
         */
        void looked(long first, long head);
    }

    /** A room, as the store knows it. Must neither block nor throw. */
    interface Listener {
        /**
         * The log is there.
         *
         * @param first the number of the oldest message that is kept; one more than the head when none is
         * @param head the number of the newest; 0 before the first
         */
        default void opened(String epoch, long first, long head) {
            opened(epoch, first, head + 1, head, List.of());
        }

        /**
         * The log is there. Or it is another one, since what there was is lost: then the room has members already, for whom the messages are new.
         *
         * @param first the number from which on all messages are kept
         * @param since the number from which on they are {@code newest}
         * @param head the number up to which they have been looked for
         */
        void opened(String epoch, long first, long since, long head, List<Message> newest);

        /** What there is cannot be read: nothing more is told, and the log is not used any more. Who wants in asks again. */
        void couldNotOpen();

        /** Messages have been added, and are kept. */
        void appended(List<Message> messages);

        /** Messages before that number are not kept any more. */
        void trimmed(long first);

        /** Who is in the room elsewhere, in place of what was said of that node before. */
        default void present(String node, Present there) {}

        /** A signal has come from elsewhere. */
        default void signalled(Draft draft) {}
    }
}

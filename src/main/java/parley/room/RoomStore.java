package parley.room;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.Key;
import parley.protocol.Message;
import parley.protocol.RoomName;

/**
 * Where the messages of rooms get their numbers, and where they are kept beyond the room's own ring: memory, a disk, a
 * cluster. The room above does not know which.
 *
 * <p>Any thread may call any method, without holding a lock, and none blocks. Each call that takes a callback has it
 * called exactly once: before the call returns, or later on a thread of the store's. A room hears of its log in the
 * order in which things became true, one call at a time.
 */
public interface RoomStore {
    /** In place of the number of the oldest message that is kept: none is, beyond what the room itself keeps. */
    long NOTHING = Long.MAX_VALUE;

    /**
     * Finds the log of a room, or begins one. The room hears what there is before it hears anything else, perhaps
     * before this returns.
     */
    Log open(RoomName name, Listener room);

    /** Where messages of a room may be that is not open here. */
    enum Beyond {
        /** Nowhere: they are lost with the room. */
        NOTHING,
        /** The store keeps them, and this process alone adds to them. */
        KEPT,
        /** The store keeps them, and others add to them. */
        SHARED
    }

    /** Where messages of its rooms may be that are not open here. */
    default Beyond beyond() {
        return Beyond.NOTHING;
    }

    /** Whether its rooms have values of keys; {@link Log#put} refuses them otherwise. */
    default boolean keepsValues() {
        return true;
    }

    /** Hears which messages are not kept any more, also of rooms that are not open. Neither blocks nor throws. */
    @FunctionalInterface
    interface Trims {
        /** Messages of a room before that number of its history are not kept any more. */
        void trimmed(RoomName room, String epoch, long first);
    }

    /** How the messages of a room are numbered. */
    enum Numbering {
        /** One by one. */
        CONSECUTIVE,
        /** With holes, since several rooms share the numbers. */
        SHARED
    }

    /** Which way messages are read. */
    enum Direction {
        FORWARD,
        BACKWARD
    }

    /** One room's log, as the room uses it. */
    interface Log {
        /**
         * Adds a message, unless one with its {@code id} is kept. The room hears of the message first, then {@code
         * onResult} is called.
         *
         * @param at when it was published, in milliseconds since 1970; the log keeps a later time where its newest
         *     message has one
         */
        void append(long at, Draft draft, Consumer<Outcome> onResult);

        /**
         * Adds a message as {@link #append} does if nothing was said behind the expected one; otherwise the outcome is
         * {@link Outcome.Moved}. A message whose {@code id} is kept is a duplicate all the same, as far as the store
         * can tell. Comparing and adding are one step.
         */
        void appendBehind(Expected expected, long at, Draft draft, Consumer<Outcome> onResult);

        /**
         * Changes a message: adds the change as {@link #append} adds a message, and puts what it says in the place of
         * what the message said, in one step. Nothing keeps what the message said before; its {@code id} stays. The
         * room hears of the change first, then {@code onResult} is called.
         */
        default void change(long at, ChangeDraft change, Consumer<Outcome> onResult) {
            onResult.accept(new Outcome.CannotChange(
                    "in rooms of a cluster messages are edited and removed, and nothing else yet; use a room in memory"
                            + " or on disk (room.keep=memory)"));
        }

        /**
         * Sets the value of a key, or removes it: adds an entry as {@link #append} does, which takes the place of the
         * one before of that key. Comparing with what is expected and adding are one step.
         */
        default void put(long at, KeyDraft draft, Consumer<Outcome> onResult) {
            onResult.accept(new Outcome.CannotChange(KeyedValues.NOT_HERE));
        }

        /**
         * Lets go of all messages up to a number. Values of keys stay. The room hears that they are trimmed first, then
         * the callback is called with what came of it.
         */
        void forget(long upTo, Consumer<Forgotten> onForgotten);

        /** Reads messages. */
        void read(Query query, Consumer<Answer> onAnswer);

        /**
         * Finds out once more what there is, where others write too: the room hears of all that was added so far, then
         * the callback.
         */
        void refresh(Consumer<Extent> onExtent);

        /** The room's own ring has let go of all messages before that number. */
        default void released(long before) {}

        /** Passes a signal on to where else the room has members. */
        default void signal(Draft draft) {}

        /** Says who is in the room here, to where else it has members. */
        default void present(Present here) {}

        /** The read marks of the room's users. */
        MarkStore marks();

        /** The room is given up in memory. It hears nothing after that; callbacks that are due are called. */
        void close();
    }

    /**
     * What to read.
     *
     * @param from the number of the first message; the next ones follow in the direction of reading
     * @param limit how many at most
     * @param bytes how many bytes of content, about; one message always comes if it is kept
     */
    record Query(long from, Direction direction, int limit, long bytes, Entries entries) {
        /** Of all entries. */
        public Query(long from, Direction direction, int limit, long bytes) {
            this(from, direction, limit, bytes, Entries.ALL);
        }
    }

    /** Which entries of a log are read. */
    enum Entries {
        /** Messages and changes. */
        ALL,
        /** Messages, as changes have made them, and values of keys. */
        MESSAGES,
        /** Those that count as messages. */
        COUNTED;

        /** Whether an entry is one of these. */
        public boolean include(Message entry) {
            return switch (this) {
                case ALL -> true;
                case MESSAGES -> entry.isKeyed() ? KeyDraft.isValue(entry) : !entry.isChange();
                case COUNTED -> entry.counts();
            };
        }
    }

    /** The newest message of a room that a sender knows; 0 for none. */
    record Expected(String epoch, long seq) {
        /** Where no room ever is: a message behind it is not added, and is a duplicate where its id is kept. */
        public static final Expected NOWHERE = new Expected("", 0);
    }

    /** What came of letting go of all messages. */
    enum Forgotten {
        DONE,
        /** It may go well later. */
        NOT_NOW
    }

    /** What came of reading. */
    sealed interface Answer {}

    /**
     * Messages, in the order of reading.
     *
     * @param since forward: from that number on none is missing up to the last of these, and those asked for that come
     *     before it are gone
     * @param more whether more are kept in the direction of reading
     */
    record Found(long since, List<Message> messages, boolean more) implements Answer {}

    /** Why nothing was read. */
    enum Unread implements Answer {
        /** It may go well later. */
        NOT_NOW,
        /** What was asked for is lost. */
        LOST
    }

    /**
     * Which messages there are.
     *
     * @param first the number from which on all are kept; {@link #NOTHING} where only the room itself keeps them
     * @param head the number up to which the room has heard of all messages
     */
    record Extent(long first, long head) {}

    /**
     * What is in a log.
     *
     * @param epoch the history's name: another one after messages were lost, so that their numbers are not taken for
     *     these
     * @param first the number from which on all messages are kept; {@link #NOTHING} where only the room itself keeps
     *     them
     * @param since the number from which on they are {@code newest}
     * @param head the number up to which they have been looked for
     * @param changes how many of the entries that are kept do not count as messages
     * @param open the messages that still grow, by their numbers; the one first that has not grown for longest
     * @param keyed the newest entry of each key, in the order of their numbers; removals too, while the log has them
     */
    record Contents(
            String epoch,
            Numbering numbering,
            long first,
            long since,
            long head,
            List<Message> newest,
            long changes,
            Map<Long, Open> open,
            List<Message> keyed) {
        /** Of messages alone. */
        public Contents(String epoch, Numbering numbering, long first, long since, long head, List<Message> newest) {
            this(epoch, numbering, first, since, head, newest, 0, Map.of(), List.of());
        }
    }

    /**
     * A message that still grows.
     *
     * @param last the number of its newest piece; 0 for none
     * @param at when it grew last, in milliseconds since 1970
     */
    record Open(long last, long at) {}

    /**
     * Who is in a room on one node.
     *
     * @param count connections, those without a name included
     * @param names how many connections without a user go by each name
     * @param isWhole whether these names and users are all; they are at most as many as presence names
     * @param users the connections of each user
     * @param states the state of those that go by a name, where they show one
     * @param away names without a connection, which may come back; a user that may has no connections
     */
    record Present(
            int count,
            Map<String, Integer> names,
            boolean isWhole,
            Map<String, User> users,
            Map<String, State> states,
            Set<String> away) {
        /** Nobody. */
        public static final Present NOBODY = new Present(0, Map.of(), true);

        /** Whether there is nothing to know of the node. */
        public boolean isEmpty() {
            return count == 0 && users.isEmpty() && away.isEmpty();
        }

        /** Without users. */
        public Present(int count, Map<String, Integer> names, boolean isWhole) {
            this(count, names, isWhole, Map.of(), Map.of(), Set.of());
        }
    }

    /**
     * What a member shows.
     *
     * @param at when it was set, in milliseconds since 1970
     */
    record State(Content content, long at) {}

    /**
     * A user in a room on one node.
     *
     * @param name what it was called last, or null
     * @param namedAt when that was, in milliseconds since 1970
     * @param state what was set last by one of its connections, or null
     */
    record User(
            int connections,
            @Nullable String name,
            long namedAt,
            @Nullable State state) {
        /** The same without its state. */
        public User without() {
            return new User(connections, name, namedAt, null);
        }
    }

    /** A room, as the store knows it. Neither blocks nor throws. */
    interface Listener {
        /**
         * The log is there. Later: it is another one, since what there was is lost; then the newest messages are new
         * for the room's members.
         */
        void opened(Contents contents);

        /** What there is cannot be read: nothing more comes, and the log is not used any more. */
        void couldNotOpen();

        /** Messages and changes have been added, and are kept. */
        void appended(List<Message> messages);

        /** The entry of that number as the room's own memory has it. Asked by stores that keep nothing themselves. */
        default Optional<Message> kept(long seq) {
            return Optional.empty();
        }

        /** What the room's own memory has of a key. Asked by stores that keep nothing themselves. */
        default KeyDraft.Held held(Key key) {
            return KeyDraft.Held.NOTHING;
        }

        /** Messages before that number are not kept any more. */
        void trimmed(long first);

        /** Who is in the room on another node, in place of what that node said before. */
        void present(String node, Present there);

        /** A node is gone with the members that it said are there: they may come back elsewhere. */
        void lost(String node);

        /** A signal has come from another node. */
        void signalled(Draft draft);

        /**
         * A user has that mark now, set here or on another node. May be heard more than once and after a further one,
         * by any thread, while another call is under way.
         */
        default void marked(String user, MarkStore.Mark mark) {}
    }
}

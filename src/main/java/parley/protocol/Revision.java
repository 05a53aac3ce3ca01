package parley.protocol;

import org.jspecify.annotations.Nullable;

/**
 * How an entry of a room's log has to do with changes: a message may have been edited or removed, and each change is an
 * entry with a number of its own. What a message says now stands in the message alone. Immutable.
 */
public sealed interface Revision {
    /** Of a message that nobody has changed. */
    enum None implements Revision {
        UNCHANGED
    }

    /**
     * Of a message that was edited or removed: its newest change.
     *
     * @param seq the number of the change
     * @param at when it was, in milliseconds since 1970
     * @param from the name of its sender; null for none
     * @param user which user changed it; null for a sender that is none
     */
    record Changed(
            long seq,
            long at,
            @Nullable String from,
            @Nullable String user) implements Revision {}

    /**
     * Of an entry that is a change.
     *
     * @param of the number of the message that it changes
     * @param before the change of that message that this one takes the place of; 0 for none, or where it is not known
     * @param kind what it does with its message
     * @param reacted the newest reaction to that message, where this change ends the reactions; else 0
     */
    record Change(long of, long before, ChangeKind kind, long reacted) implements Revision {
        /** Of a change that ends no reactions. */
        public Change(long of, long before, ChangeKind kind) {
            this(of, before, kind, 0);
        }
    }

    /**
     * Of an entry that is the value of a key, or says that it has none any more.
     *
     * @param before the entry of that key that this one takes the place of; 0 for none, or where it is not known
     * @param expires when the room removes the value, in milliseconds since 1970; 0 for never
     */
    record Keyed(Key key, long before, long expires) implements Revision {}
}

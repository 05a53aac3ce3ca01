package parley.room;

import java.util.Optional;
import java.util.OptionalLong;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.Key;
import parley.protocol.Message;
import parley.protocol.Revision;

/**
 * A value of a key, or its removal, before the room's log has numbered it. Immutable.
 *
 * @param expected the number of the value that it takes the place of, 0 for none; empty for any or none
 * @param ttl how long the value stays, in milliseconds; 0 until it is removed
 * @param limits what the room keeps
 */
public record KeyDraft(Key key, Draft draft, OptionalLong expected, long ttl, KeyLimits limits) {
    /** The bytes of a value besides its key and what it says, about. */
    public static final int OVERHEAD_BYTES = 192;

    /**
     * What a room has of a key.
     *
     * @param last its newest entry, value or removal, as far as the room knows it
     * @param keys how many keys have a value
     * @param bytes how many bytes the values have
     */
    public record Held(Optional<Message> last, long keys, long bytes) {
        /** Nothing at all. */
        public static final Held NOTHING = new Held(Optional.empty(), 0, 0);

        /** The value. */
        Optional<Message> value() {
            return last.filter(KeyDraft::isValue);
        }
    }

    /** A draft that removes a value. */
    public static KeyDraft removal(Key key, Draft sender, OptionalLong expected) {
        return new KeyDraft(key, sender.with(Content.REMOVED), expected, 0, KeyLimits.DEFAULT);
    }

    /** The same with another draft. */
    KeyDraft with(Draft other) {
        return new KeyDraft(key, other, expected, ttl, limits);
    }

    /** Whether it removes the value. */
    public boolean isRemoval() {
        return draft.content().kind() == Content.Kind.REMOVED;
    }

    /** Whether an entry of a key is its value, and not its removal. */
    public static boolean isValue(Message entry) {
        return entry.content().kind() != Content.Kind.REMOVED && !entry.isSuperseded();
    }

    /** The bytes of a value, its key and an overhead included. */
    public static long bytes(Message value) {
        return value.revision() instanceof Revision.Keyed keyed ? bytes(keyed.key(), value.content()) : 0;
    }

    private static long bytes(Key key, Content content) {
        return key.value().length() + (long) content.bytes() + OVERHEAD_BYTES;
    }

    /** What comes of it without adding anything; empty when it is to be added. */
    public Optional<Outcome> answer(Held held) {
        Optional<Message> value = held.value();
        long seq = value.map(Message::seq).orElse(0L);
        if (isRemoval() && seq == 0 && isGone(held)) {
            return Optional.of(removed(held)); // the same removal once more, or one that is not needed any more
        }
        if (expected.isPresent() && expected.getAsLong() != seq) {
            String is = seq == 0 ? "is not there" : "has the seq " + seq;
            return Optional.of(new Outcome.Conflict(
                    "the value of '" + key + "' " + is + ", and if says " + expected.getAsLong()
                            + "; decide by what is there and set it again",
                    value));
        }
        if (isRemoval()) {
            return value.isPresent() ? Optional.empty() : Optional.of(removed(held));
        }
        if (value.isEmpty() && held.keys() >= limits.keys()) {
            return Optional.of(new Outcome.Full("the room keeps " + limits.keys()
                    + " keys at most (room.keys); remove one before setting '" + key + "'"));
        }
        long more = more(held);
        return more > 0 && held.bytes() + more > limits.bytes()
                ? Optional.of(new Outcome.Full("the values of the room would have " + (held.bytes() + more)
                        + " bytes, and may have " + limits.bytes() + " (room.keys-bytes); remove one first"))
                : Optional.empty();
    }

    /** Whether the value that is to be removed was, whoever did it. */
    private boolean isGone(Held held) {
        long last = held.last().map(Message::seq).orElse(0L);
        return expected.isPresent() && expected.getAsLong() > 0 && expected.getAsLong() < last;
    }

    /** Whether the values have more bytes with it. */
    public boolean grows(Held held) {
        return !isRemoval() && more(held) > 0;
    }

    private long more(Held held) {
        return bytes(key, draft.content()) - held.value().map(KeyDraft::bytes).orElse(0L);
    }

    private Outcome removed(Held held) {
        return held.last()
                .<Outcome>map(removal -> new Outcome.Published(removal.seq(), true))
                .orElseGet(() -> new Outcome.NotFound("the room has no value of '" + key + "'"));
    }

    /**
     * The entry as the log keeps it.
     *
     * @param nowMillis when it was published, by the clock: the time of its log may be later
     */
    public Message numbered(long seq, long at, long nowMillis, Held held) {
        long before = held.last().map(Message::seq).orElse(0L);
        long longest = limits.ttl().toMillis();
        long its = ttl == 0 ? longest : ttl;
        long expires = isRemoval() || its == 0 ? 0 : nowMillis + its;
        return new Message(seq, at, draft, new Revision.Keyed(key, before, expires));
    }
}

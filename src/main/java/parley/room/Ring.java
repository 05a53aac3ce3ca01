package parley.room;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import parley.protocol.ChangeKind;
import parley.protocol.Message;
import parley.protocol.Revision;

/**
 * The newest messages of a room in memory, in order. Any thread may read, at any time, and never waits; the methods
 * that change it are for one thread at a time, which the room's lock sees to.
 *
 * <p>A message has a <i>number</i>, which clients see, and a <i>place</i>, one more than that of the message before it.
 * Numbers may have holes, since rooms of a cluster share them; places have none, so that cursors move and are counted
 * alike in every room.
 *
 * <p>A change is an entry with a place like any other. It is <i>folded</i> into the message that it changes, which
 * stays at its place ({@link Folding}); the change before it of the same message stays too, and says nothing any more.
 *
 * <p>The ring keeps what its limits allow, and beyond them what members still need, up to a bound in bytes.
 *
 * <p>The writer publishes in this order: a larger or smaller array is filled before it is shown, and shown before a
 * head that needs it; a slot is set before the head; the first place moves on before its slot is emptied. A reader
 * looks at the head, takes the slot, and then looks at the first place: if that has not passed, the slot was the one it
 * wanted.
 */
final class Ring {
    /** The bytes of a message besides its content, about: the record, the string, the slot. */
    static final int OVERHEAD_BYTES = 96;

    /** How many changes it keeps at most where it keeps fewer messages: what counts messages has to pass them. */
    static final int LEAST_MOST_CHANGES = 1_000;

    /**
     * How many reactions and pieces of messages it keeps at most for each other change: a popular message must not push
     * out the others, nor one that grows token by token.
     */
    static final int SMALL_FOR_A_CHANGE = 10;

    /**
     * How many reactions it keeps at most for each other change where no store has what it lets go of: nearly all of
     * them are superseded, and must not push out messages.
     */
    static final int REACTIONS_FOR_A_CHANGE = 100;

    private static final int SMALLEST = 16;
    private static final int SPARSEST = 4;

    private final int maxMessages;
    private final int maxChanges;
    private final int maxSmall;
    private final int maxReactions;
    private final long maxBytes;
    private final long maxNeededBytes;
    private final int smallest;
    private final Folding folding = new Folding(this);

    private volatile AtomicReferenceArray<Message> slots;
    /** The place of the newest message; 0 before the first. */
    private volatile long head;
    /** The place of the oldest message that is kept; one more than the head when none is. */
    private volatile long first = 1;
    /** The number of the newest message; before the first, the one it began behind. */
    private volatile long newest;
    /** The number from which on no message is missing here. Moves on after the first place does. */
    private volatile long since = 1;

    // Written under the room's lock
    private long bytes;
    /** Those of them that do not count beside messages: of reactions, where no store has the messages. */
    private long apart;
    /**
     * The oldest place that members need, as far as is known; and of those, the oldest of members that came after the
     * last look began.
     */
    private long needed = Long.MAX_VALUE;

    private long neededByNew = Long.MAX_VALUE;
    private boolean hasReleased;
    /** How many of the entries are changes: these have a limit besides that of messages. */
    private volatile int changes;
    /** How many of these are reactions or pieces, which have a limit again. */
    private int small;
    /** How many changes besides are reactions with a limit of their own, where no store has the messages. */
    private int reactions;

    /** Whether no store has the messages that are let go of. */
    private boolean isAlone;

    /**
     * Makes an empty ring.
     *
     * @param maxMessages how many messages it keeps, at least 1
     * @param maxBytes how many bytes they have, {@link #OVERHEAD_BYTES} each included; the newest is kept in any case
     * @param maxNeededBytes how many bytes it keeps at most of what members still need
     */
    Ring(int maxMessages, long maxBytes, long maxNeededBytes) {
        this(maxMessages, maxBytes, maxNeededBytes, SMALLEST);
    }

    /** As above, with an array that is never smaller than that power of two. */
    Ring(int maxMessages, long maxBytes, long maxNeededBytes, int smallest) {
        this.maxMessages = maxMessages;
        this.maxChanges = Math.max(maxMessages, LEAST_MOST_CHANGES);
        this.maxSmall = maxChanges * SMALL_FOR_A_CHANGE;
        this.maxReactions = maxChanges * REACTIONS_FOR_A_CHANGE;
        this.maxBytes = maxBytes;
        this.maxNeededBytes = Math.max(maxBytes, maxNeededBytes);
        this.smallest = smallest;
        this.slots = new AtomicReferenceArray<>(smallest);
    }

    /** The place of the newest message; 0 before the first. */
    long head() {
        return head;
    }

    /** The place of the oldest message that is kept; one more than the head when none is. */
    long first() {
        return first;
    }

    /** The number of the newest message; before the first, the one that the ring began behind. */
    long newest() {
        return newest;
    }

    /**
     * The number from which on no message is missing here. Ask for it before {@link #first}: then the place is at least
     * as new.
     */
    long since() {
        return since;
    }

    /** Returns the message at a place, or null when it is not kept any more or not there yet. */
    @Nullable
    Message read(long place) {
        if (place > head || place < first) {
            return null;
        }
        AtomicReferenceArray<Message> now = slots;
        Message message = now.get(slot(place, now));
        return place >= first ? message : null;
    }

    /**
     * The place of the first message of that number or a higher one among those that are kept; one more than the head
     * if none is.
     */
    long placeOf(long seq) {
        long high = head + 1; // before the newest: else one that is added meanwhile would come before the place
        return seq > newest ? high : firstPlace(high, message -> message.seq() >= seq);
    }

    /** The same of the first message that was published at that time or later. */
    long placeSince(long at) {
        return firstPlace(head + 1, message -> message.at() >= at);
    }

    /** The place of the first message for which something is so, as it is for all behind it. */
    private long firstPlace(long end, Predicate<Message> isSo) {
        long low = first;
        long high = end;
        while (low < high) {
            long middle = (low + high) >>> 1;
            Message message = read(middle);
            if (message == null) {
                low = Math.max(middle + 1, first); // let go meanwhile, with all before it
            } else if (isSo.test(message)) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    /**
     * The number at a place; where that is not kept any more, the oldest that is; behind the head, the next that could
     * be.
     */
    long numberAt(long place) {
        for (long at = Math.max(place, first); at <= head; at = Math.max(at, first)) {
            Message message = read(at);
            if (message != null) {
                return message.seq();
            }
        }
        return newest + 1;
    }

    /** The bytes of the messages that are kept. Under the room's lock. */
    long bytes() {
        return bytes;
    }

    /** Whether it keeps more than its limits allow, because members need it. Under the room's lock. */
    boolean isOverLimits() {
        return head > first && isOverLimits(head);
    }

    private boolean isOverLimits(long newestPlace) {
        return newestPlace + 1 - first - changes > maxMessages
                || changes - small - reactions > maxChanges
                || small > maxSmall
                || reactions > maxReactions
                || bytes - apart > maxBytes;
    }

    /** Counts an entry that comes, or with -1 one that goes. */
    @SuppressWarnings("NonAtomicVolatileUpdate") // one writer
    private void count(Message entry, int sign) {
        bytes += sign * bytes(entry);
        apart += sign * apart(entry);
        changes += entry.counts() ? 0 : sign;
        if (entry.revision() instanceof Revision.Change change) {
            if (isAlone && entry.isReaction()) {
                reactions += sign;
            } else if (!(change.kind() instanceof ChangeKind.Whole)) {
                small += sign;
            }
        }
    }

    /** Adds the message that comes next. Under the room's lock. */
    void add(Message message) {
        if (message.seq() <= newest) {
            throw new IllegalArgumentException(message.seq() + " does not follow " + newest);
        }
        long place = head + 1;
        count(message, 1);
        trim(place);
        if (place - first >= slots.length()) {
            resize(slots.length() * 2, place);
        }
        slots.set(slot(place, slots), message);
        newest = message.seq();
        head = place;
        if (message.revision() instanceof Revision.Change change) {
            folding.added(message, change);
        } else if (message.revision() instanceof Revision.Keyed keyed) {
            folding.takenThePlaceOf(keyed.before());
        }
    }

    /** Puts an entry in the place of what it was before. For {@link Folding}. */
    void replace(Message before, Message now) {
        bytes += bytes(now) - bytes(before);
        apart += apart(now) - apart(before);
        slots.set(slot(placeOf(now.seq()), slots), now);
    }

    /**
     * How often what an entry says has become something else: frames that are shared may say what it said before. Ask
     * before reading what is shared.
     */
    long foldings() {
        return folding.times();
    }

    /** The entry of that number, if it is kept. */
    Optional<Message> find(long seq) {
        Message message = read(placeOf(seq));
        return message == null || message.seq() != seq ? Optional.empty() : Optional.of(message);
    }

    /**
     * The place of the first of that many messages before a place, changes not counted. Under the room's
     * lock.
     */
    long placeBack(long end, long messages) {
        long place = end;
        for (long left = messages; left > 0; left--) {
            place--;
            for (Message entry = changes == 0 ? null : read(place);
                    entry != null && !entry.counts();
                    entry = read(place)) {
                place--;
            }
            if (changes == 0 || place <= first) {
                return place - left + 1;
            }
        }
        return place;
    }

    /** The newest message, where its newest entry has that number: as all changes up to that have made it. */
    Optional<Message> lastMessage(long newestSeq) {
        long place = placeOf(newestSeq);
        Message entry = read(place);
        if (entry == null || entry.seq() != newestSeq) {
            return Optional.empty();
        }
        while (entry != null && !entry.counts()) {
            entry = read(--place);
        }
        return Optional.ofNullable(entry);
    }

    /**
     * How many messages there are from a place up to another, exclusively, changes not counted: once there are as many
     * as the most that are of interest, it looks no further.
     */
    long countMessages(long from, long end, long most) {
        if (changes == 0) {
            return Math.min(most, Math.max(0, end - Math.max(from, first)));
        }
        long count = 0;
        for (long place = Math.max(from, first); place < end && count < most; place++) {
            Message entry = read(place);
            count += entry != null && entry.counts() ? 1 : 0;
        }
        return count;
    }

    /** Lets all messages go; the next one comes behind that number. Places go on. Under the room's lock. */
    void begin(long behind) {
        forget();
        newest = behind;
        since = behind + 1;
    }

    /** Whether no store has the messages that are let go of here. Under the room's lock. */
    void isAlone(boolean is) {
        isAlone = is;
    }

    /** A look at what members need begins. Under the room's lock. */
    void lookAtNeeds() {
        neededByNew = Long.MAX_VALUE;
    }

    /**
     * The members that were there when the look began need the messages from that place on, and no older ones. Under
     * the room's lock.
     */
    void need(long place) {
        needed = Math.min(place, neededByNew);
        trim(head);
        shrink();
    }

    /** One more member needs the messages from that place on. Under the room's lock. */
    void needToo(long place) {
        needed = Math.min(needed, place);
        neededByNew = Math.min(neededByNew, place);
    }

    /** Lets all messages go. Under the room's lock. */
    void forget() {
        forgetBeforePlace(Long.MAX_VALUE);
    }

    /** Lets the messages before that place go. Under the room's lock. */
    void forgetBeforePlace(long place) {
        while (first <= head && first < place) {
            letOldestGo();
        }
        shrink();
    }

    /**
     * Lets the messages before that number go, and what their changes say of them that came later. Under the room's
     * lock.
     */
    void forgetBefore(long seq) {
        for (Message oldest = read(first); oldest != null && oldest.seq() < seq; oldest = read(first)) {
            letOldestGo();
        }
        shrink();
        int left = changes;
        for (long place = first; left > 0 && place <= head; place++) {
            Message entry = slots.get(slot(place, slots));
            if (entry.revision() instanceof Revision.Change change) {
                left--;
                if (change.of() < seq) {
                    folding.isWithoutMessage(entry);
                }
            }
        }
    }

    /**
     * Whether messages were let go since this was last asked of which a store in memory knows more: by their ids, or
     * who has reacted. Under the room's lock.
     */
    boolean hasReleased() {
        boolean has = hasReleased;
        hasReleased = false;
        return has;
    }

    /** Keeps the message at that place in any case, though it may not be in its slot yet. */
    private void trim(long newestPlace) {
        while (first < newestPlace && isOverLimits(newestPlace) && (first < needed || bytes - apart > maxNeededBytes)) {
            letOldestGo();
        }
    }

    private void letOldestGo() {
        long oldest = first;
        int slot = slot(oldest, slots);
        Message message = slots.get(slot);
        count(message, -1);
        hasReleased |= message.id() != null || !message.reactions().isNone();
        first = oldest + 1;
        since = message.seq() + 1;
        slots.set(slot, null);
        if (isAlone) {
            folding.letGo(message, needed);
        }
    }

    /** Gives the array of a burst back, at once: nobody asks for it again while the ring keeps to its limits. */
    private void shrink() {
        int length = slots.length();
        while (length > smallest && (head + 1 - first) * SPARSEST < length) {
            length /= 2;
        }
        if (length < slots.length()) {
            resize(length, head + 1);
        }
    }

    private void resize(int length, long end) {
        AtomicReferenceArray<Message> other = new AtomicReferenceArray<>(length);
        for (long place = first; place < end; place++) {
            other.set(slot(place, other), slots.get(slot(place, slots)));
        }
        slots = other;
    }

    private static int slot(long place, AtomicReferenceArray<?> slots) {
        return (int) place & (slots.length() - 1);
    }

    static long bytes(Message message) {
        int id = message.id() == null ? 0 : message.id().length() + OVERHEAD_BYTES;
        int user = message.user() == null ? 0 : message.user().length();
        int key = message.revision() instanceof Revision.Keyed keyed
                ? keyed.key().value().length()
                : 0;
        return message.content().bytes() + OVERHEAD_BYTES + id + user + key + whole(message) + reactionBytes(message);
    }

    /** Those of the reactions that an entry says, and of a message its senders in memory. */
    private static long reactionBytes(Message message) {
        return message.reactions().bytes()
                + (message.isChange() ? 0 : message.reactions().held());
    }

    /**
     * Those of the bytes of an entry that push no message out. Where a store has the messages, all do: what is let go
     * of is still there.
     */
    private long apart(Message message) {
        if (!isAlone) {
            return 0;
        }
        return message.isReaction() ? bytes(message) : reactionBytes(message);
    }

    /** The last piece of a message has all of it, which is the message's own text while that is kept. */
    private static int whole(Message message) {
        return message.revision() instanceof Revision.Change change && change.kind() instanceof ChangeKind.Piece last
                ? last.whole().bytes()
                : 0;
    }

    @Override
    public String toString() {
        return "Ring[places " + first + " to " + head + ", array of " + slots.length() + "]";
    }
}

package parley.durable;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.Revision;
import parley.protocol.RoomName;
import parley.room.ChangeDraft;
import parley.room.KeyDraft;
import parley.room.MarkStore;
import parley.room.Outcome;
import parley.room.Retention;
import parley.room.RoomStore;

/**
 * One room of the file, as the writing thread knows it; that thread's alone. What it writes counts when it has been
 * committed.
 */
final class Stored {
    private static final Logger LOG = System.getLogger("parley.durable");

    private static final SecureRandom RANDOM = new SecureRandom();

    /** The oldest messages go some at a time: when there is this part more than is allowed. */
    private static final int SLACK = 16;
    /** How many messages are looked at in one go when the oldest go. */
    static final int LOOK = 500;

    /** The id of a room that is not in the file, since nothing has been said in it. */
    private static final long NONE = 0;

    private static final Outcome.Full FULL_OF_VALUES = new Outcome.Full("the values of keys of all rooms have as many"
            + " bytes as they may, half of data.bytes; remove some, or set a shorter one");

    private final RoomName name;
    private final @Nullable Retention retention;
    private final List<Subscription> subscriptions = new ArrayList<>();

    private Tables.Row now;
    /** As it was committed last. */
    private Tables.Row committed;

    private final List<Message> added = new ArrayList<>();
    private boolean isTrimmed;
    private final StoredMarks marks = new StoredMarks();
    private final Grown grown = new Grown();

    private Stored(RoomName name, @Nullable Retention retention, Tables.Row row) {
        this.name = name;
        this.retention = retention;
        this.now = row;
        this.committed = row;
    }

    /** Looks a room up. */
    static Stored find(Tables tables, RoomName name, @Nullable Retention retention) throws SQLException {
        Tables.Row row = tables.room(name);
        Tables.Row none = new Tables.Row(NONE, newEpoch(), 1, 0, 0, 0, 0, Tables.Seen.NONE, 0, KeyTable.Amount.NONE);
        return new Stored(name, retention, row == null ? none : row);
    }

    /** An epoch that no room ever had. */
    static String newEpoch() {
        return Long.toString(RANDOM.nextLong(Long.MAX_VALUE), Character.MAX_RADIX);
    }

    RoomName name() {
        return name;
    }

    /** How many more bytes its messages have than when it was committed last. */
    long bytesAdded() {
        return now.bytes()
                + now.values().bytes()
                - committed.bytes()
                - committed.values().bytes();
    }

    /** Of these, how many are of values of keys. */
    long valueBytesAdded() {
        return now.values().bytes() - committed.values().bytes();
    }

    /** By how many the rooms in the file are more for it: 1, 0 or -1. */
    int roomsAdded() {
        return (now.id() == NONE ? 0 : 1) - (committed.id() == NONE ? 0 : 1);
    }

    /** Whether it is in the file. */
    boolean isKept() {
        return now.id() != NONE;
    }

    /** A room in memory is given what there is, and from now on what comes. */
    void subscribe(Subscription room, ChangeTable table, KeyTable keys) throws SQLException {
        Map<Long, RoomStore.Open> open = isKept() ? table.open(now.id()) : Map.of();
        List<Message> keyed = isKept() ? keys.all(now.id()) : List.of();
        subscriptions.add(room);
        RoomStore.Contents contents = new RoomStore.Contents(
                now.epoch(),
                RoomStore.Numbering.CONSECUTIVE,
                now.first(),
                now.head() + 1,
                now.head(),
                List.of(),
                now.changes(),
                open,
                keyed);
        announce(room, listener -> listener.opened(contents));
    }

    void unsubscribe(Subscription room) {
        subscriptions.remove(room);
    }

    boolean hasSubscriptions() {
        return !subscriptions.isEmpty();
    }

    /** Which messages there are. */
    RoomStore.Extent extent() {
        return new RoomStore.Extent(committed.first(), committed.head());
    }

    /**
     * Adds a message, unless there is one with that id, or another one is the newest than was expected.
     *
     * @param at its time; it gets that of the newest message where that is later
     * @param expected null for any
     */
    Outcome add(Tables tables, long nowMillis, long at, Draft draft, RoomStore.@Nullable Expected expected)
            throws SQLException {
        long other = draft.id() == null || !isKept() ? 0 : tables.seq(now.id(), draft.id());
        if (other > 0) {
            return new Outcome.Published(other, true);
        }
        if (expected != null
                && (expected.seq() != now.head() || !expected.epoch().equals(now.epoch()))) {
            return new Outcome.Moved(now.epoch(), now.head());
        }
        if (!isKept()) {
            now = now.withId(tables.addRoom(name, now.epoch()));
        }
        Message message = new Message(now.head() + 1, Math.max(now.newestAt(), at), draft);
        tables.add(now.id(), message, Math.min(at, nowMillis));
        added.add(message);
        now = now.with(message);
        return new Outcome.Published(message.seq(), false);
    }

    /**
     * Changes a message, unless there is an entry with the id of the change, or the change may not be made.
     *
     * @param at its time; it gets that of the newest message where that is later
     */
    Outcome change(Tables tables, ChangeTable table, long nowMillis, long at, ChangeDraft draft) throws SQLException {
        String id = draft.draft().id();
        long other = id == null || !isKept() ? 0 : tables.seq(now.id(), id);
        if (other > 0) {
            return new Outcome.Published(other, true);
        }
        if (isKept() && !(draft instanceof ChangeDraft.Piece)) {
            grown.write(table, now.id()); // then the rows have all
        }
        Optional<Message> original = grown.find(draft.of());
        if (original.isEmpty() && isKept()) {
            original = table.find(now.id(), draft.of());
        }
        ReactionTable.InRoom reactions = tables.reactions().in(now.id());
        ChangeDraft asked = draft.among(reactions);
        Optional<Outcome> answer = asked.answer(original);
        if (answer.isPresent()) {
            return answer.get();
        }
        Message before = original.orElseThrow();
        Message change = asked.numbered(now.head() + 1, Math.max(now.newestAt(), at), before);
        Message after = before.changedBy(change);
        if (asked instanceof ChangeDraft.Piece) {
            table.addPiece(now.id(), change, before, Math.min(at, nowMillis));
            grown.add(after, at);
        } else {
            table.add(now.id(), change, draft.of(), Math.min(at, nowMillis));
        }
        asked.added(change.seq(), reactions);
        if (change.isReaction()) {
            reactions.fold(draft.of(), change.reactions(), before.reactions().isNone());
        }
        added.add(change);
        long more = (long) after.content().bytes() - before.content().bytes() + reactions.more();
        now = now.withChange(change, more);
        return new Outcome.Published(change.seq(), false);
    }

    /**
     * Sets the value of a key or removes it, unless there is an entry with the id of the draft, or that may not be.
     *
     * @param at its time; it gets that of the newest message where that is later
     * @param areFull whether the values of all rooms have as many bytes as they may
     */
    Outcome put(Tables tables, KeyTable table, long nowMillis, long at, KeyDraft draft, boolean areFull)
            throws SQLException {
        String id = draft.draft().id();
        long other = id == null || !isKept() ? 0 : tables.seq(now.id(), id);
        if (other > 0) {
            return new Outcome.Published(other, true);
        }
        KeyDraft.Held held = new KeyDraft.Held(
                isKept() ? table.find(now.id(), draft.key()) : Optional.empty(),
                now.values().keys(),
                now.values().bytes());
        Optional<Outcome> answer = draft.answer(held);
        if (answer.isPresent()) {
            return answer.get();
        }
        if (areFull && draft.grows(held)) {
            return FULL_OF_VALUES;
        }
        if (!isKept()) {
            now = now.withId(tables.addRoom(name, now.epoch()));
        }
        Message entry = draft.numbered(now.head() + 1, Math.max(now.newestAt(), at), at, held);
        table.put(now.id(), entry, (Revision.Keyed) entry.revision(), Math.min(at, nowMillis));
        added.add(entry);
        now = now.withKeyed(entry, held);
        return new Outcome.Published(entry.seq(), false);
    }

    /**
     * Raises the read mark of a user.
     *
     * @param isFull whether there are as many marks as may be
     */
    MarkStore.Answer raise(MarkTable table, Task.Raise raise, long nowMillis, boolean isFull) throws SQLException {
        if (!raise.mark.epoch().equals(now.epoch())) {
            return MarkStore.No.OTHER_HISTORY;
        }
        return isKept() ? marks.raise(table, now, raise, nowMillis, isFull) : MarkStore.No.FULL; // it has given way
    }

    /** How many more read marks it has than when it was committed last. */
    long marksAdded() {
        return marks.added();
    }

    /** Lets some of its messages go, the oldest first, up to that number; whether all of those have gone. */
    boolean forget(Tables tables, long last) throws SQLException {
        long upTo = Math.min(last, now.head());
        if (!isKept() || now.first() > upTo) {
            return true;
        }
        List<Tables.Oldest> oldest = tables.oldest(now.id(), LOOK);
        if (oldest.isEmpty()) {
            now = now.empty(); // whatever was counted
        }
        for (Tables.Oldest one : oldest) {
            if (one.seq() <= upTo) {
                now = now.without(one);
            }
        }
        tables.removeBefore(now.id(), now.first());
        tables.update(now);
        return now.first() > upTo;
    }

    /**
     * Lets go of what is more than is allowed, or older, and writes down where it stands.
     *
     * @param most how many messages may go in one go, about: senders wait for it
     * @return how many do
     */
    int settle(Tables tables, ChangeTable table, long nowMillis, int most) throws SQLException {
        if (!isKept()) {
            return 0;
        }
        grown.write(table, now.id()); // first: how long rows are is asked when they go
        lookAtTheClock(nowMillis);
        int gone = most > 0 ? trim(tables, nowMillis, most) : 0;
        if (!now.equals(committed)) {
            tables.update(now);
        }
        return gone;
    }

    /**
     * Where something was said later than now, the clock has been set back, or is wrong now. Which of the two nobody
     * knows, so nothing is dated anew: but messages that are dated in the future age from now on.
     */
    private void lookAtTheClock(long nowMillis) {
        boolean isSeen = now.seen().seq() >= now.head() && now.seen().at() <= nowMillis;
        Tables.Seen seen = now.said() > nowMillis && !isSeen ? new Tables.Seen(now.head(), nowMillis) : now.seen();
        now = now.withTimes(added.isEmpty() ? now.said() : nowMillis, seen);
    }

    private int trim(Tables tables, long nowMillis, int most) throws SQLException {
        if (retention == null) {
            return 0;
        }
        long messages = retention.messages();
        boolean isOver = now.messagesFrom(now.first()) > messages + messages / SLACK
                || now.bytes() > retention.bytes() + retention.bytes() / SLACK;
        boolean hasOlder = false;
        if (!isOver && !retention.age().isZero()) {
            List<Tables.Oldest> oldest = tables.oldest(now.id(), 1);
            hasOlder = !oldest.isEmpty() && isTooOld(oldest.get(0), nowMillis);
        }
        return isOver || hasOlder ? trim(tables, isOver ? retention : null, nowMillis, most) : 0;
    }

    private boolean isTooOld(Tables.Oldest one, long nowMillis) {
        if (retention == null || retention.age().isZero()) {
            return false;
        }
        long since = one.written();
        if (since > nowMillis) { // by the clock it is still to come, so its own time says nothing
            since = one.seq() <= now.seen().seq() ? now.seen().at() : nowMillis;
        }
        return since < nowMillis - retention.age().toMillis();
    }

    private int trim(Tables tables, @Nullable Retention allowed, long nowMillis, int most) throws SQLException {
        int all = 0;
        boolean isDone = false;
        while (!isDone && all < most) {
            List<Tables.Oldest> oldest = tables.oldest(now.id(), LOOK);
            int gone = 0;
            for (Tables.Oldest one : oldest) {
                boolean isTooMuch = allowed != null
                        && one.seq() < now.head()
                        && (now.messagesFrom(one.seq()) > allowed.messages() || now.bytes() > allowed.bytes());
                if (!isTooMuch && !isTooOld(one, nowMillis)) {
                    break;
                }
                now = now.without(one);
                gone++;
            }
            if (gone > 0) {
                tables.removeBefore(now.id(), now.first());
            }
            all += gone;
            isDone = gone < LOOK;
            if (oldest.isEmpty()) {
                now = now.empty(); // whatever was counted
            }
        }
        return all;
    }

    /**
     * Lets some of the oldest messages go, whatever is allowed, and writes down where it stands.
     *
     * @param nowMillis what the clock says
     * @param entirely whether the room goes with its last message, unless it is open: then it goes the next time
     * @return whether something went; nothing goes of a room that is open and has values of keys alone
     */
    boolean giveWay(Tables tables, MarkTable table, long nowMillis, boolean entirely) throws SQLException {
        List<Tables.Oldest> oldest = tables.oldest(now.id(), LOOK);
        if (!oldest.isEmpty()) {
            for (Tables.Oldest one : oldest) {
                now = now.without(one);
            }
            tables.removeBefore(now.id(), now.first());
        }
        if (oldest.isEmpty() && hasSubscriptions() && now.values().keys() > 0) {
            // The room in memory has these values and goes on with them; it is in use, and others give way first.
            now = now.empty().withTimes(nowMillis, now.seen());
            tables.update(now);
            return false;
        }
        if (oldest.isEmpty() || (entirely && now.first() > now.head() && !hasSubscriptions())) {
            marks.removeAll(table, now.id());
            tables.removeRoom(now.id());
            now = now.withId(NONE).empty().withoutValues();
        } else {
            tables.update(now);
        }
        return true;
    }

    /** What was written counts. */
    void committed() {
        isTrimmed |= now.first() != committed.first();
        committed = now;
        marks.committed();
    }

    /** Has the rooms that are open hear of what has been committed, and others of what has gone. */
    void announce(RoomStore.Trims trims) {
        List<Message> messages = List.copyOf(added);
        boolean hasTrimmed = isTrimmed;
        long first = committed.first();
        added.clear();
        isTrimmed = false;
        for (Subscription room : subscriptions) {
            if (!messages.isEmpty()) {
                announce(room, listener -> listener.appended(messages));
            }
            if (hasTrimmed) {
                announce(room, listener -> listener.trimmed(first));
            }
        }
        if (hasTrimmed) {
            attempt(() -> trims.trimmed(name, committed.epoch(), first));
        }
        marks.announce((user, mark) ->
                subscriptions.forEach(room -> announce(room, listener -> listener.marked(user, mark))));
    }

    private void announce(Subscription room, Consumer<RoomStore.Listener> what) {
        attempt(() -> room.call(what));
    }

    /** What a room fails to do with it does not undo what has been written. */
    private void attempt(Runnable call) {
        try {
            call.run();
        } catch (RuntimeException | Error e) {
            LOG.log(Level.ERROR, "the room " + name + " failed to take what is kept of it", e);
        }
    }

    /** What was written since the last commit does not count. */
    void undone() {
        now = committed;
        added.clear();
        grown.undone();
        marks.undone();
    }
}

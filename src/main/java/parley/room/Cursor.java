package parley.room;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import parley.delivery.Frame;

/**
 * A position in a room's log, which moves on as messages are taken or missed.
 *
 * <pre>
 *   WAITING ---- placed, begun ----> FOLLOWING <---- has reached the ring ---- CATCHING UP
 *      |                                 |                                          ^
 *      |                                 +---- the ring has let go of what is next -+
 *      +---- left ----> LEFT <---- left, from any state
 * </pre>
 *
 * <p>While it follows, it goes by places in the ring. While it catches up, it goes by numbers, over pages from the
 * store; the place then counts how many of the messages that it was offered it has passed. Messages from before it was
 * placed are offered by being taken.
 *
 * <p>{@link #next} and {@link #jump} are for the thread that drains the session, one at a time; {@link #place} is for a
 * thread that holds the room's lock, before the cursor begins; everything else is for any thread.
 */
final class Cursor implements PageCache.Reader {
    private static final long LEFT = -1;
    private static final long WAITING = Long.MAX_VALUE;
    /** Of a member that resumes. */
    static final Spot NO_PAST = new Spot(0, 0);

    private static final VarHandle PLACE;

    static {
        try {
            PLACE = MethodHandles.lookup().findVarHandle(Cursor.class, "place", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** What comes next for a member. */
    sealed interface Step {}

    /** Messages, or a gap or a new history where members hear of it. */
    record Take(Frame frame) implements Step {}

    /** Why there is no frame. */
    enum None implements Step {
        /** All there is has been taken, or missed without words. */
        NOTHING,
        /** It is being read: the session is woken then. */
        LATER
    }

    private final RoomLog log;
    private final Frames frames;
    private final Tally tally;
    /** Called when a page is there, by a thread that must not send. */
    private final Runnable onPage;

    /** The place of the next message to take, WAITING or LEFT; moves by compare-and-set. */
    private volatile long place = WAITING;
    /**
     * Whether the next message is to come from the store; else the place is that of the first message behind the number
     * seen. Set by the draining thread, and before the cursor begins by the thread that places it.
     */
    private volatile boolean isCatchingUp;

    // Touched by the draining thread alone, and before the cursor begins by the thread that places it
    /** The number behind which it goes on. */
    private long seen;

    private Beginning history;
    /** The newest message when it was placed: what comes up to there was said before the member came. */
    private Spot past = NO_PAST;
    /** Whether the member got the gap that this catching up ends with on the way. */
    private boolean hasGap;
    /** How often it has passed over something that its member did not get. */
    private long losses;

    /** Gives its member the values of keys; null where its client asked for none. Set before the cursor begins. */
    private @Nullable StateReading state;

    /** Where it starts while it is WAITING; 0 before that is known. Written under the room's lock. */
    private volatile long start;

    Cursor(RoomLog log, Frames frames, Tally tally, Runnable onPage) {
        this.log = log;
        this.frames = frames;
        this.tally = tally;
        this.onPage = onPage;
        this.history = log.beginning();
    }

    /**
     * Says where it starts. Under the room's lock.
     *
     * @param at the place of the first message in the ring that it may take
     * @param from the number of the first message that it takes, which may come before all that the ring has
     * @param newest the newest message, for a member that has just come; else {@link #NO_PAST}
     */
    void place(long at, long from, Beginning of, Spot newest) {
        past = frames.ofThePast() == frames ? NO_PAST : newest;
        isCatchingUp = from < log.ring().since();
        seen = from - 1;
        history = of;
        start = at;
    }

    /**
     * Its client wants the values of the room's keys. Under the room's lock, before it begins.
     *
     * @param first those that it is given first; null where it has them and goes on behind them
     */
    void readsState(KeyedValues keys, @Nullable KeySnapshot first) {
        state = new StateReading(keys, this, frames, first);
    }

    /** Whether it gives values of keys before it goes on in the log. For the draining thread. */
    boolean isGivenState() {
        return isActive() && state != null && state.isDue();
    }

    /** Starts at its place. */
    void begin() {
        PLACE.compareAndSet(this, WAITING, start);
    }

    /** Whether it knows where it starts. Under the room's lock. */
    boolean isPlaced() {
        return start > 0;
    }

    /**
     * Leaves, and returns the place of the next message: 0 if it has none yet, -1 if it had left. Under the room's
     * lock.
     */
    long leave() {
        long at = (long) PLACE.getAndSet(this, LEFT);
        return at == WAITING ? start : at;
    }

    boolean hasLeft() {
        return place == LEFT;
    }

    /** Whether it takes messages. */
    boolean isActive() {
        long at = place;
        return at != LEFT && at != WAITING;
    }

    /** Whether there are messages that it has not taken. */
    boolean isBehind() {
        long at = place;
        return at != LEFT
                && (at <= log.ring().head() || (at != WAITING && isCatchingUp)); // WAITING is behind every head
    }

    /** The place of the next message to take; one more than any head where there is none. */
    long at() {
        long at = place;
        return at == LEFT ? WAITING : at;
    }

    /** Whether the next message is to come from the store. */
    boolean isCatchingUp() {
        return isCatchingUp;
    }

    /** The place from which on the ring has to keep messages for it: none that the store has too. */
    long needs() {
        if (isCatchingUp && log.firstStored() != RoomStore.NOTHING) {
            return Long.MAX_VALUE;
        }
        long at = place;
        long from = at == WAITING ? start : at;
        return from > 0 ? from : Long.MAX_VALUE;
    }

    /** How often it has passed over something that its member did not get. For the draining thread. */
    long losses() {
        return losses;
    }

    /** The number behind which it goes on. For the draining thread. */
    long seen() {
        return seen;
    }

    /** Takes what comes next, up to a place. */
    Step next(long until) {
        while (true) {
            long at = place;
            if (at == LEFT || at == WAITING) {
                return None.NOTHING;
            }
            if (state != null && state.isDue()) {
                Frame page = state.next();
                return page == null ? None.LATER : new Take(page);
            }
            Step step = step(at, until);
            if (step != null) {
                return step;
            }
        }
    }

    /** Null to look once more: the position has moved without words, or the ring meanwhile. */
    private @Nullable Step step(long at, long until) {
        if (history != log.beginning()) {
            return goOverToTheNewHistory(at);
        }
        if (isCatchingUp || at < log.ring().first() || seen + 1 < log.ring().since()) {
            isCatchingUp = true;
            return catchUp(at);
        }
        if (at > until) {
            return None.NOTHING;
        }
        Frames.Batch batch = at <= past.place()
                ? frames.ofThePast().messages(at, Math.min(until, past.place()))
                : frames.messages(at, until);
        if (batch == null || history != log.beginning() || !move(at, batch.to() + 1, batch.count())) {
            return null;
        }
        seen = batch.last();
        return told(batch);
    }

    private static @Nullable Step told(Frames.Batch batch) {
        return batch.frame() == null ? null : new Take(batch.frame());
    }

    private @Nullable Step catchUp(long at) {
        long since = log.ring().since(); // before the places are looked at
        if (seen + 1 >= since) {
            return follow(at);
        }
        Optional<Page> found = log.page(seen + 1, since, this);
        if (found.isEmpty()) {
            return None.LATER;
        }
        Page page = found.get();
        int index = page.indexOf(seen + 1);
        boolean isEmpty = index == page.messages().size();
        long next = isEmpty
                ? Math.min(page.end(), since)
                : page.messages().get(index).seq();
        long lost = Math.max(page.since(), Math.min(log.firstStored(), next));
        if (seen + 1 < lost) {
            return gap(Math.min(lost, since));
        }
        if (isEmpty) {
            seen = page.end() - 1;
            return null;
        }
        boolean isOfThePast = page.end() <= past.seq() + 1;
        return take(at, page.batch(isOfThePast ? frames.ofThePast() : frames, index));
    }

    /**
     * Takes messages from the store: of those that it was offered it has passed as many, or all that the ring has let
     * go of.
     */
    private @Nullable Step take(long at, Frames.Batch batch) {
        Optional<Spot> inTheRing = log.find(batch.last() + 1);
        long to = inTheRing.isPresent()
                ? inTheRing.get().place()
                : at + Math.min(batch.count(), Math.max(0, log.ring().first() - at));
        if (history != log.beginning() || !move(at, to, batch.count())) {
            return null;
        }
        seen = batch.last();
        if (inTheRing.isPresent()) {
            goOnInTheRing(to);
        }
        return told(batch);
    }

    /** Goes on in the ring. Messages that it was offered and that did not come from the store are missed. */
    private @Nullable Step follow(long at) {
        Optional<Spot> found = log.find(seen + 1);
        if (found.isEmpty()) {
            return null;
        }
        long to = found.get().place();
        if (history != log.beginning() || !move(at, to, 0)) {
            return null;
        }
        boolean isGapNow = to > at && !hasGap;
        long after = seen;
        seen = found.get().seq() - 1;
        goOnInTheRing(to);
        Frame gap = isGapNow ? frames.gap(after, seen + 1, to - at) : null;
        return gap == null ? null : new Take(gap);
    }

    private void goOnInTheRing(long to) {
        isCatchingUp = false;
        hasGap = false;
        log.need(to);
    }

    private @Nullable Step gap(long before) {
        losses++;
        Frame gap = frames.gap(seen, before, log.countBetween(seen, before));
        seen = before - 1;
        hasGap = true;
        return gap == null ? null : new Take(gap);
    }

    /** Misses the messages up to a place, and returns the gap where members hear of it. */
    Optional<Frame> jump(long atLeastTo) {
        long at = place;
        if (at == LEFT || at == WAITING || atLeastTo <= at || history != log.beginning()) {
            return Optional.empty();
        }
        Spot spot = log.spot(atLeastTo);
        long to = spot.place();
        long before = spot.seq();
        if (before <= seen + 1 || history != log.beginning() || !move(at, to, 0)) {
            return Optional.empty();
        }
        boolean wasCatchingUp = isCatchingUp;
        Frame gap = frames.gap(seen, before, wasCatchingUp ? log.countBetween(seen, before) : to - at);
        seen = before - 1;
        goOnInTheRing(to);
        return Optional.ofNullable(gap);
    }

    /** Messages of the history before that were not taken are missed, and cannot be asked for any more. */
    private @Nullable Step goOverToTheNewHistory(long at) {
        Beginning beginning = log.beginning();
        long to = Math.max(at, beginning.place());
        if (to > at && !move(at, to, 0)) {
            return null;
        }
        losses++;
        boolean isSame = beginning.epoch().equals(history.epoch()); // a hole that could not be filled
        long after = seen;
        history = beginning;
        seen = beginning.seq();
        goOnInTheRing(to);
        Frame frame = !isSame
                ? frames.begun(beginning.epoch(), seen)
                : after < seen ? frames.gap(after, seen + 1, Frames.UNKNOWN) : null;
        return frame == null ? null : new Take(frame);
    }

    /** Moves on past messages, of which that many are taken and the others missed; false when it has left instead. */
    private boolean move(long at, long to, int taken) {
        if (!PLACE.compareAndSet(this, at, to)) {
            return false;
        }
        long offered = to - at;
        tally.offered(Math.max(0, taken - offered)); // those from before it was placed
        tally.delivered(taken);
        tally.missed(Math.max(0, offered - taken));
        losses += offered > taken ? 1 : 0;
        return true;
    }

    @Override
    public void ready() {
        onPage.run();
    }

    @Override
    public String toString() {
        long at = place;
        return at == LEFT ? "left" : at == WAITING ? "waiting" : "at " + at + (isCatchingUp ? ", catching up" : "");
    }
}

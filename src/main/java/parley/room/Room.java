package parley.room;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Clock;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.RoomName;

/**
 * A room: a log, and the members that read it. Any thread may call any method.
 *
 * <p>The lock orders what is added to the log with joins and leaves, and is never held while a session, a store or a
 * callback is called. Fan-out is the room's {@link Turn}, which wakes each member. A member takes messages up to the
 * head as it was when the turn began, and no further: so all that keep up take the same messages in the same frames,
 * and none gets ahead of the others by being woken in between. (Senders, woken by acks, once ran far ahead.)
 */
public final class Room {
    private static final long QUIET_MILLIS = 2_000;

    private final RoomName name;
    private final RoomLimits limits;
    private final TurnObserver observer;
    private final LongSupplier elapsed;
    private final Executor fanOut;
    private final Tally tally;
    private final ReentrantLock lock = new ReentrantLock();
    private final Members members = new Members(lock);
    private final Roster roster;
    private final RoomLog log;
    private final Seats seats;
    private final History history;
    private final Signals signals;
    private final SharedFrames frames;
    private final Turn turn;
    private final Visitors visitors;
    private final ReadMarks marks;

    @GuardedBy("lock")
    private boolean isClosed;

    @GuardedBy("lock")
    private final Desertion desertion = new Desertion();

    /**
     * Makes an empty room, to be {@linkplain #open opened}.
     *
     * @param clock the time of day, for messages
     * @param elapsed milliseconds that only go up, for everything else
     */
    Room(
            RoomName name,
            RoomLimits limits,
            LogBudget budget,
            Tally tally,
            TurnObserver observer,
            Executor fanOut,
            Clock clock,
            LongSupplier elapsed) {
        this.name = name;
        this.limits = limits;
        this.tally = tally;
        this.observer = observer;
        this.fanOut = fanOut;
        this.elapsed = elapsed;
        this.roster = new Roster(name, observer.watch(), limits, tally.presence(), clock::millis, lock);
        this.log = new RoomLog(limits, members, tally, budget, clock, elapsed, roster, lock);
        this.seats = new Seats(name, log, members, roster, tally, lock);
        this.history = new History(name, log, limits.batchBytes());
        this.signals = new Signals(elapsed);
        this.frames = new SharedFrames(name, log, signals, roster, limits);
        this.turn = new Turn(this::fanOut, fanOut);
        this.visitors = new Visitors(lock, fanOut);
        this.marks = new ReadMarks(name, log, seats, members, roster, limits, tally, observer, fanOut, elapsed);
    }

    /** Has the store say what it has of the room. Once, before any other thread knows the room. */
    void open(RoomStore store) {
        log.open(store, name, new FromStore(this));
    }

    /** There is something for the members. */
    void turnIsDue() {
        turn.isDue();
    }

    /** The store has let go of the messages before that number. */
    void trimmed(long first) {
        log.trimmed(first);
        letFramesGo();
        observer.trimmed(name, log.beginning().epoch(), first);
    }

    /** No client comes in any more: those that want in take the next room of that name. */
    void giveUp() {
        lock.lock();
        try {
            giveUpLocked();
        } finally {
            lock.unlock();
        }
    }

    @GuardedBy("lock")
    private void giveUpLocked() {
        isClosed = true;
        visitors.closeLocked();
        roster.closeLocked();
        log.closeLocked();
    }

    /** The room's name. */
    public RoomName name() {
        return name;
    }

    /**
     * Publishes a message, unless one with its {@code id} is kept, and has the members woken.
     *
     * @param onResult called once: now, or later on another thread, which must not be kept
     */
    public void publish(Draft draft, Consumer<Outcome> onResult) {
        log.append(draft, null, onResult);
    }

    /** Changes a message, and has the members woken; the callback is called as that of {@link #publish} is. */
    public void change(ChangeDraft change, Consumer<Outcome> onResult) {
        log.change(change, onResult);
    }

    /**
     * Publishes for a caller that is no member; the room is not given up before the result.
     *
     * @param expected the message that it is to come behind; null for whichever is the newest
     * @return false, and nothing is done, when the room has been given up
     */
    boolean publishAsVisitor(Draft draft, RoomStore.@Nullable Expected expected, Consumer<Outcome> onResult) {
        return visitors.stay(then -> log.append(draft, expected, then), onResult);
    }

    /**
     * Changes a message as {@link #publishAsVisitor} publishes one, once the change has passed a screen: in the next
     * room of that name the same number would mean another message. Returns false when the room has been given up.
     */
    public boolean changeAsVisitor(ChangeDraft change, Screen screen, Consumer<Outcome> onResult) {
        return visitors.stay(then -> screen.pass(name, change, log::change, then), onResult);
    }

    /** The callers that are no members. */
    public Visitors visitors() {
        return visitors;
    }

    /** The newest value of each key. */
    public KeyedValues keys() {
        return log.keys();
    }

    /** Up to where its users have read. */
    public ReadMarks marks() {
        return marks;
    }

    /** Whether its numbers are shared with no other room. */
    public boolean numbersAreItsOwn() {
        return log.hasConsecutiveNumbers();
    }

    /** The newest message that is known. */
    public RoomStore.Expected newest() {
        return log.newest();
    }

    /** How many of its messages may grow at once. */
    public int openMessages() {
        return limits.growth().messages();
    }

    /** The history that members are in now. Takes no lock. */
    public String epoch() {
        return log.beginning().epoch();
    }

    /** Calls back once the room is open, with its newest message, or with null when it cannot be opened. */
    void whenOpen(BooleanSupplier hasEnded, Consumer<RoomStore.@Nullable Expected> then) {
        seats.whenOpen(hasEnded, isOpen -> then.accept(isOpen ? log.newest() : null));
    }

    /** Lets go of all messages that the room has heard of, wherever they are kept. */
    public void forgetMessages(Consumer<RoomStore.Forgotten> onForgotten) {
        log.store().forget(log.newest().seq(), onForgotten);
    }

    /** Passes a signal on to the members that take it within a second; it is not kept and not counted. */
    public void signal(Draft draft) {
        signals.add(draft);
        turn.isDue();
        log.store().signal(draft);
    }

    /** A turn: moves the head that members may take up to, wakes each, and lets go of what none needs. */
    private void fanOut() {
        frames.made();
        long began = System.nanoTime();
        long publishedAt = log.beginTurn();
        long needed = Long.MAX_VALUE;
        for (Member member : members.walk()) {
            member.wake();
            needed = Math.min(needed, member.needs());
        }
        log.letTakenGo(needed);
        visitors.turned(log);
        observer.changed(name);
        long ended = System.nanoTime();
        observer.turned(ended - began, publishedAt == 0 ? -1 : ended - publishedAt);
    }

    /** How many turns have begun. A message goes through the first that begins after it was published. */
    public long turnsBegun() {
        return turn.begun();
    }

    /** Has something called at the end of the next turn, which falls due now. */
    public void afterTurn(Runnable then) {
        turn.isDue(then);
    }

    /** Runs a turn that is due on the calling thread, unless another thread has begun it. */
    public void runTurn() {
        turn.run();
    }

    /** Fixes what a start means now; returns it as it is while the store has not said what there is. */
    Start fix(Start start) {
        return seats.fix(start);
    }

    /** Has a session woken by a thread that may send: those of a store may not. */
    void wake(Member.Subscriber session) {
        fanOut.execute(session::ready);
    }

    /**
     * Makes a member.
     *
     * @param before the member that this one replaces, without anybody else hearing of it; or null
     * @param onJoined called once it has its place: now, or later by a thread of the store's; with null, and the member
     *     has left, if the store cannot say what there is. Messages follow {@link Member#begin}
     */
    Entry join(
            Member.Subscriber subscriber,
            Format format,
            @Nullable String as,
            Start start,
            @Nullable Member before,
            Consumer<@Nullable Joined> onJoined) {
        Seat seat;
        lock.lock();
        try {
            if (isClosed) {
                return Entry.No.GONE;
            }
            if (before == null) {
                if (members.countLocked() >= limits.members()) {
                    return Entry.No.ROOM_FULL;
                }
            } else if (!seats.endLocked(before)) {
                return Entry.No.GONE; // it has left meanwhile, since its session ended
            }
            // Deltas that the one before has not taken are made up for by a snapshot.
            long presenceSeen = before == null ? roster.delta().version() : Member.NO_PRESENCE;
            Member member = new Member(this, subscriber, frames.of(format), as, presenceSeen, signals.newest() + 1);
            if (before == null) {
                roster.joinedLocked(member);
            } else {
                roster.replacedLocked(before, member);
            }
            members.addLocked(member);
            desertion.endsLocked();
            seat = seats.addLocked(member, start, marks.withRead(onJoined));
        } finally {
            lock.unlock();
        }
        seats.take(seat);
        return new Entry.In(seat.member());
    }

    /** Describes a member as the answer to its join did, at once or later; null if it did not come in. */
    public void describe(Member member, Consumer<@Nullable Joined> onJoined) {
        seats.describe(member, marks.withRead(onJoined));
    }

    /**
     * Reads a page of what is kept.
     *
     * @param by the member that asks; null for a caller that waits whatever happens
     * @param onPage given the page: at once, or later by a thread of the store's; null when it cannot be read
     */
    public void read(@Nullable Member by, History.Range range, Consumer<History.@Nullable Page> onPage) {
        seats.whenOpen(() -> by != null && by.hasEnded(), isOpen -> {
            if (isOpen) {
                history.read(range, onPage);
            } else {
                onPage.accept(null);
            }
        });
    }

    /** Has a member leave; late or repeated calls do nothing. */
    public void leave(Member member, Departure how) {
        lock.lock();
        try {
            if (seats.endLocked(member)) {
                roster.leftLocked(member, how);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Everybody who is there. */
    public Presence.Snapshot snapshot() {
        return roster.snapshot();
    }

    /** Has a member show a state to all, or none any more. */
    public Shown show(Member member, @Nullable Content state) {
        return roster.show(member, state);
    }

    /** Looks after the room: presence, pages to be read again, frames and messages that nobody needs. For the sweep. */
    void sweep(long nowNanos) {
        roster.changedHere().ifPresent(log.store()::present);
        tellPresence(nowNanos);
        if (log.sweep()) {
            turn.isDue(); // in a quiet room it is the turn too that lets go of messages which have been taken
        }
        signals.letGoOld();
        marks.sweep();
        log.keys().sweep();
        if (frames.areKept() && elapsed.getAsLong() - log.publishedAtMillis() > QUIET_MILLIS) {
            letFramesGo();
        }
        seats.letGoEnded();
    }

    /** Has members hear what has changed of presence, if the last they heard is old enough. */
    void tellPresence(long nowNanos) {
        if (roster.change(nowNanos)) {
            turn.isDue();
        }
    }

    /**
     * Gives the room up if it has been deserted for its linger time. For the sweep: the time is taken when it looks.
     *
     * @param atOnce whether not to wait, because rooms have become scarce
     */
    boolean closeIfDeserted(long nowNanos, boolean atOnce) {
        lock.lock();
        try {
            if (isClosed) {
                return true;
            }
            if (members.countLocked() > 0
                    || visitors.areThereLocked()
                    || (!atOnce && (roster.isAnybodyAwayLocked() || log.isGrowing()))
                    || !seats.areOpenLocked()
                    || !seats.areEmptyLocked()) {
                return false; // clients that wait for what the store says need an answer
            }
            long desertedNanos = desertion.lastsLocked(nowNanos, log.publishedAtMillis());
            if (!atOnce && desertedNanos < limits.linger().toNanos()) {
                return false;
            }
            giveUpLocked();
        } finally {
            lock.unlock();
        }
        log.store().close();
        return true;
    }

    /** Gives up a room that no other thread knows: the store may say something before it hears of the end. */
    void discard() {
        giveUp();
        log.store().close();
    }

    /** Lets go of messages in memory that no member needs, for other rooms to keep theirs; whether it had any. */
    boolean forgetTaken() {
        return letFramesGoIf(log.forgetTaken());
    }

    /** Lets all its messages in memory go, whoever needs them; whether it had any. */
    boolean forget() {
        return letFramesGoIf(log.forget());
    }

    private boolean letFramesGoIf(boolean hasForgotten) {
        if (hasForgotten) {
            letFramesGo();
        }
        return hasForgotten;
    }

    /** Lets go of what is kept for members to share. */
    void letFramesGo() {
        frames.letGo();
        log.letPagesGo();
    }

    SharedFrames frames() {
        return frames;
    }

    Members members() {
        return members;
    }

    RoomLog log() {
        return log;
    }

    Seats seats() {
        return seats;
    }

    RoomLimits limits() {
        return limits;
    }

    Roster roster() {
        return roster;
    }

    Signals signals() {
        return signals;
    }

    Tally tally() {
        return tally;
    }
}

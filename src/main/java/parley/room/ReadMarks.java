package parley.room;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import parley.protocol.Event;
import parley.protocol.ReadMark;
import parley.protocol.RoomName;

/**
 * Up to where the users of a room have read: raises marks in the room's {@link MarkStore}, has the members of a user
 * hear of its marks, and counts what is left. Any thread; no lock is held while the store or a callback is called.
 *
 * <p>A mark that comes while the store still works on another one of the same user waits, and the furthest of those
 * that wait is all that the store is given then: a client that marks each message it scrolls over costs one write at a
 * time.
 */
public final class ReadMarks {
    /** How many callers may wait for the store. */
    private static final int MOST_WAITING = 10_000;

    /** How long a client that comes in waits for its mark; when the store has it later, the client hears of it. */
    private static final long PATIENCE_MILLIS = 500;

    /** A client that has come in, and waits for its mark. Each is another, whatever it has. */
    private static final class Arrival {
        final Joined joined;
        final Consumer<@Nullable Joined> onJoined;
        final long untilMillis;

        Arrival(Joined joined, Consumer<@Nullable Joined> onJoined, long untilMillis) {
            this.joined = joined;
            this.onJoined = onJoined;
            this.untilMillis = untilMillis;
        }
    }

    /** What the store works on for a user. */
    private static final class Raising {
        /** What is to come behind it; null for nothing. */
        MarkStore.@Nullable Mark next;

        List<Consumer<MarkStore.Answer>> waiting = new ArrayList<>();
    }

    private final RoomName room;
    private final RoomLog log;
    private final Seats seats;
    private final Members members;
    private final int most;
    private final Tally tally;
    private final Executor fanOut;
    private final LongSupplier elapsed;
    private final UnreadCounts counts;
    private final MembersMarks shown;
    private final TurnObserver observer;
    /** For those that watch the room. */
    private final UnreadCounts watchedCounts;

    /** As many as there are joins. */
    private final Set<Arrival> arrivals = ConcurrentHashMap.newKeySet();

    private final ReentrantLock lock = new ReentrantLock();

    @GuardedBy("lock")
    private final Map<String, Raising> raising = new HashMap<>();

    @GuardedBy("lock")
    private int waiting;

    ReadMarks(
            RoomName room,
            RoomLog log,
            Seats seats,
            Members members,
            Roster roster,
            RoomLimits limits,
            Tally tally,
            TurnObserver observer,
            Executor fanOut,
            LongSupplier elapsed) {
        this.room = room;
        this.log = log;
        this.seats = seats;
        this.members = members;
        this.most = limits.marks();
        this.tally = tally;
        this.fanOut = fanOut;
        this.elapsed = elapsed;
        this.counts = new UnreadCounts(log, tally.unreadCounts(), fanOut, this::counted);
        this.shown = new MembersMarks(log, roster, limits, tally.unreadCounts(), fanOut);
        this.observer = observer;
        this.watchedCounts = new UnreadCounts(
                log,
                tally.unreadCounts(),
                fanOut,
                (user, mark, newest, counted) -> observer.counted(room, user, mark, newest, counted));
    }

    /** Raises the mark of a member's user, once the room is open. */
    public void raise(Member by, String user, @Nullable String epoch, long seq, Consumer<MarkStore.Answer> onRaised) {
        seats.whenOpen(by::hasEnded, isOpen -> {
            if (isOpen) {
                raise(user, epoch, seq, onRaised);
            } else {
                onRaised.accept(MarkStore.No.NOT_NOW);
            }
        });
    }

    /**
     * Raises the mark of a user. One behind the newest message is taken for one at it. For a room that is open.
     *
     * @param epoch the history that the number belongs to; null for the one that the room is in
     * @param onRaised called once with the mark that holds, which may be further: now, or later on another thread
     */
    public void raise(String user, @Nullable String epoch, long seq, Consumer<MarkStore.Answer> onRaised) {
        if (seq > log.newest().seq()) {
            log.refresh(() -> raiseToNewest(user, epoch, seq, onRaised)); // other nodes may have more
        } else {
            raiseToNewest(user, epoch, seq, onRaised);
        }
    }

    private void raiseToNewest(String user, @Nullable String epoch, long seq, Consumer<MarkStore.Answer> onRaised) {
        RoomStore.Expected newest = log.newest();
        MarkStore.Mark mark = new MarkStore.Mark(newest.epoch(), Math.min(seq, newest.seq()));
        if (epoch != null && !epoch.equals(newest.epoch())) {
            onRaised.accept(MarkStore.No.OTHER_HISTORY);
        } else if (newest.seq() == 0) {
            onRaised.accept(new MarkStore.Holds(mark)); // there is nothing to keep a mark for
        } else if (most == 0) {
            onRaised.accept(MarkStore.No.FULL);
        } else {
            raise(user, mark, onRaised);
        }
    }

    private void raise(String user, MarkStore.Mark mark, Consumer<MarkStore.Answer> onRaised) {
        boolean isTooMuch;
        lock.lock();
        try {
            isTooMuch = waiting >= MOST_WAITING;
            if (!isTooMuch) {
                waiting++;
                Raising its = raising.putIfAbsent(user, new Raising());
                if (its != null) {
                    its.next = its.next == null ? mark : its.next.later(mark);
                    its.waiting.add(onRaised);
                    return;
                }
            }
        } finally {
            lock.unlock();
        }
        if (isTooMuch) {
            onRaised.accept(MarkStore.No.NOT_NOW);
        } else {
            store(user, mark, List.of(onRaised));
        }
    }

    private void done(int callers) {
        lock.lock();
        try {
            waiting -= callers;
        } finally {
            lock.unlock();
        }
    }

    private void store(String user, MarkStore.Mark mark, List<Consumer<MarkStore.Answer>> callers) {
        log.store().marks().raise(user, mark, most, answer -> {
            if (answer instanceof MarkStore.Holds) {
                tally.marked();
            }
            goOn(user);
            done(callers.size());
            callers.forEach(caller -> caller.accept(answer));
        });
    }

    /** Has the store work on what has come for the user meanwhile. */
    private void goOn(String user) {
        MarkStore.Mark next;
        List<Consumer<MarkStore.Answer>> callers;
        lock.lock();
        try {
            Raising its = raising.get(user);
            next = its == null ? null : its.next;
            if (its == null || next == null) {
                raising.remove(user);
                return;
            }
            callers = its.waiting;
            its.next = null;
            its.waiting = new ArrayList<>();
        } finally {
            lock.unlock();
        }
        // Not by this thread: stores that answer at once would come back here ever deeper.
        fanOut.execute(() -> store(user, next, callers));
    }

    /** A user has that mark now: its members hear of it, with what is left. */
    void marked(String user, MarkStore.Mark mark) {
        RoomStore.Expected newest = log.newest();
        if (mark.epoch().equals(newest.epoch())) {
            shown.marked(user, mark);
            if (!members.ofUser(user).isEmpty()) {
                counts.want(user, mark, newest);
            }
        }
        observer.marked(room, user, mark);
    }

    private void counted(String user, MarkStore.Mark mark, RoomStore.Expected newest, OptionalInt counted) {
        List<Member> its = members.ofUser(user);
        if (!its.isEmpty()) {
            Event.Mark event = new Event.Mark(room, newest.epoch(), newest.seq(), read(mark, counted));
            fanOut.execute(() -> its.forEach(member -> member.tell(event)));
        }
    }

    /**
     * Finds up to where a user has read, for whoever shows it.
     *
     * @param newest the newest message that counts
     * @param onFound called once, with null when the user has no mark or it cannot be found now: at once, or later by a
     *     thread of the store's
     */
    public void find(String user, RoomStore.Expected newest, Consumer<@Nullable ReadMark> onFound) {
        if (most == 0) {
            onFound.accept(null);
            return;
        }
        log.store().marks().find(user, answer -> {
            if (answer instanceof MarkStore.Holds holds && holds.mark().epoch().equals(newest.epoch())) {
                MarkStore.Mark mark = holds.mark();
                UnreadCount.count(log, mark.seq(), newest.seq(), counted -> onFound.accept(read(mark, counted)));
            } else {
                onFound.accept(null);
            }
        });
    }

    /** Finds the mark of a user, for those that watch the room without being in it. As {@link MarkStore#find}. */
    void find(String user, Consumer<MarkStore.Answer> onFound) {
        if (most == 0) {
            onFound.accept(MarkStore.No.NONE);
        } else {
            log.store().marks().find(user, onFound);
        }
    }

    /** Has the messages behind a mark counted for those that watch the room: {@link TurnObserver#counted}. */
    void countForWatchers(String user, MarkStore.Mark mark, RoomStore.Expected newest) {
        watchedCounts.want(user, mark, newest);
    }

    static ReadMark read(MarkStore.Mark mark, OptionalInt counted) {
        return counted.isPresent()
                ? new ReadMark(
                        mark.seq(), Math.min(counted.getAsInt(), ReadMark.MOST), counted.getAsInt() > ReadMark.MOST)
                : new ReadMark(mark.seq(), null, false);
    }

    /** Has a client that comes in hear up to where its user has read: with the answer to its join, or later. */
    Consumer<@Nullable Joined> withRead(Consumer<@Nullable Joined> onJoined) {
        return joined -> {
            String user = joined == null || most == 0 ? null : joined.member().marksOf();
            if (joined == null || user == null) {
                onJoined.accept(joined);
                return;
            }
            Arrival arrival = new Arrival(joined, onJoined, elapsed.getAsLong() + PATIENCE_MILLIS);
            arrivals.add(arrival);
            log.store().marks().find(user, found -> arrived(arrival, user, found));
        };
    }

    /** All that the client sends is answered behind its join, so no more is waited for than where the mark is. */
    private void arrived(Arrival arrival, String user, MarkStore.Answer found) {
        RoomStore.Expected newest = new RoomStore.Expected(arrival.joined.epoch(), arrival.joined.head());
        MarkStore.Mark mark = found instanceof MarkStore.Holds holds ? holds.mark() : null;
        if (mark == null || !mark.epoch().equals(newest.epoch())) {
            answer(arrival, null);
            return;
        }
        OptionalInt known = UnreadCount.inMemory(log, mark.seq(), newest.seq());
        if (!answer(arrival, read(mark, known)) || known.isEmpty()) {
            counts.want(user, mark, newest);
        }
    }

    private boolean answer(Arrival arrival, @Nullable ReadMark read) {
        boolean isFirst = arrivals.remove(arrival);
        if (isFirst) {
            arrival.onJoined.accept(arrival.joined.with(read));
        }
        return isFirst;
    }

    /** Answers clients that have waited long enough for the store, and looks for marks to show. For the sweep. */
    void sweep() {
        shown.sweep();
        long now = elapsed.getAsLong();
        for (Arrival arrival : arrivals) {
            if (now - arrival.untilMillis >= 0) {
                fanOut.execute(() -> answer(arrival, null));
            }
        }
    }
}

package parley.room;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import parley.protocol.RoomName;

/**
 * A room: a log, and the members that read it. Any thread may call any method.
 *
 * <p>The lock orders what is published with who joins and leaves, and is never held while anybody is called. Fan-out is the
 * room's <i>turn</i>: a task for the fan-out executor that wakes each member. One turn of a room is due or running at a
 * time; what is published during a turn makes it run again, behind the turns of other rooms:
 *
 * <pre>
 *          publish         starts            all woken
 *   IDLE ---------> DUE ---------> RUNNING ------------> IDLE
 *                    ^               | publish
 *                    |   all woken   v
 *                    +------------ AGAIN
 * </pre>
 */
public final class Room implements Runnable {
    private static final int IDLE = 0;
    private static final int DUE = 1;
    private static final int RUNNING = 2;
    private static final int AGAIN = 3;

    private static final Member[] NOBODY = {};

    private final RoomName name;
    private final RoomLimits limits;
    private final Executor fanOut;
    private final Clock clock;
    private final RoomLog log;
    private final PlainFrames frames;
    private final ReentrantLock lock = new ReentrantLock();
    private final AtomicInteger turn = new AtomicInteger(IDLE);
    private final LongAdder delivered = new LongAdder();
    private final LongAdder missed = new LongAdder();

    // Guarded by lock
    @GuardedBy("lock")
    private final List<Member> members = new ArrayList<>();

    /** The members as an array for the turn to walk, or null since somebody came or went: who left must not be kept here. */
    @GuardedBy("lock")
    private Member @Nullable [] walked;

    @GuardedBy("lock")
    private boolean closed;

    @GuardedBy("lock")
    private long emptySinceMillis;

    @GuardedBy("lock")
    private long offered;

    /** Counts of a room so far, in messages times members: {@code offered == delivered + missed + what members have before them}. */
    public record Counts(long offered, long delivered, long missed) {
        Counts plus(Counts other) {
            return new Counts(offered + other.offered, delivered + other.delivered, missed + other.missed);
        }
    }

    Room(RoomName name, RoomLimits limits, Executor fanOut, Clock clock) {
        this.name = name;
        this.limits = limits;
        this.fanOut = fanOut;
        this.clock = clock;
        this.log = new MemoryLog(limits.history(), limits.historyBytes());
        this.frames = new PlainFrames(log);
        this.emptySinceMillis = clock.millis();
    }

    /** The room's name. */
    public RoomName name() {
        return name;
    }

    /**
     * Appends a message to the log and has the members woken.
     *
     * @param bytes the length of the text in UTF-8
     * @return the message's sequence number
     */
    public long publish(@Nullable String from, String text, int bytes) {
        long seq;
        lock.lock();
        try {
            seq = log.append(clock.millis(), from, text, bytes).seq();
            offered += members.size();
        } finally {
            lock.unlock();
        }
        turnIsDue();
        return seq;
    }

    /** Runs the room's turn. For the fan-out executor. */
    @Override
    public void run() {
        turn.set(RUNNING);
        try {
            for (Member member : membersToWalk()) {
                member.wake();
            }
        } finally {
            // Whatever happened: a turn left as running would be the room's last.
            if (!turn.compareAndSet(RUNNING, IDLE)) {
                turn.set(DUE);
                fanOut.execute(this);
            }
        }
    }

    /** The message to start with that many messages back, as far as the log reaches. */
    long start(int history) {
        return Math.max(log.first(), log.head() + 1 - history);
    }

    /**
     * Makes a member whose cursor starts at that message, or the oldest that is kept.
     *
     * @return null when the room has been given up; who wanted in takes the next room of that name
     */
    @Nullable
    Member join(Member.Subscriber subscriber, long from) {
        lock.lock();
        try {
            if (closed) {
                return null;
            }
            long head = log.head();
            long start = Math.max(log.first(), from);
            Member member = new Member(this, subscriber, start, head);
            member.index = members.size();
            members.add(member);
            walked = null;
            offered += head + 1 - start;
            return member;
        } finally {
            lock.unlock();
        }
    }

    void leave(Member member) {
        lock.lock();
        try {
            long at = member.end();
            if (at < 0) {
                return;
            }
            missed.add(log.head() + 1 - at);
            removeLocked(member);
        } finally {
            lock.unlock();
        }
    }

    /** Gives the room up if nobody has been in it for its linger time. */
    boolean closeIfDeserted(long nowMillis) {
        lock.lock();
        try {
            Duration empty = Duration.ofMillis(nowMillis - emptySinceMillis);
            closed |= members.isEmpty() && empty.compareTo(limits.linger()) >= 0;
            return closed;
        } finally {
            lock.unlock();
        }
    }

    /** How many members there are. */
    int memberCount() {
        lock.lock();
        try {
            return members.size();
        } finally {
            lock.unlock();
        }
    }

    /** The counts so far. */
    public Counts counts() {
        lock.lock();
        try {
            return new Counts(offered, delivered.sum(), missed.sum());
        } finally {
            lock.unlock();
        }
    }

    void count(long taken, long skipped) {
        delivered.add(taken);
        if (skipped > 0) {
            missed.add(skipped);
        }
    }

    RoomLog log() {
        return log;
    }

    PlainFrames frames() {
        return frames;
    }

    RoomLimits limits() {
        return limits;
    }

    private void turnIsDue() {
        while (true) {
            int now = turn.get();
            switch (now) {
                case IDLE -> {
                    if (turn.compareAndSet(IDLE, DUE)) {
                        fanOut.execute(this);
                        return;
                    }
                }
                case RUNNING -> {
                    if (turn.compareAndSet(RUNNING, AGAIN)) {
                        return;
                    }
                }
                case DUE, AGAIN -> {
                    return;
                }
                default -> throw new AssertionError(now);
            }
        }
    }

    private Member[] membersToWalk() {
        lock.lock();
        try {
            Member[] now = walked;
            if (now == null) {
                now = members.toArray(NOBODY);
                walked = now;
            }
            return now;
        } finally {
            lock.unlock();
        }
    }

    /** Takes a member out by putting the last one into its place: the order of members means nothing. */
    @GuardedBy("lock")
    private void removeLocked(Member member) {
        assert lock.isHeldByCurrentThread();
        Member last = members.remove(members.size() - 1);
        if (last != member) {
            members.set(member.index, last);
            last.index = member.index;
        }
        walked = null;
        if (members.isEmpty()) {
            emptySinceMillis = clock.millis();
        }
    }
}

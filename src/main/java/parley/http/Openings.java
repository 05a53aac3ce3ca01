package parley.http;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.LongSupplier;
import parley.protocol.RoomName;
import parley.room.Room;
import parley.room.RoomRegistry;
import parley.room.RoomStore;

/**
 * Requests that need a room to be open, and wait until its store has said what it has of it: as long as publishing may
 * take, and then they are answered with 503. No thread waits, and the sweep ends those whose time is over. Any thread.
 */
public final class Openings {
    private final int most;
    private final Duration patience;
    private final LongSupplier nanoClock;
    private final Set<Wait> open = ConcurrentHashMap.newKeySet();
    private final AtomicInteger count = new AtomicInteger();
    private volatile boolean isClosed;

    /**
     * Makes it.
     *
     * @param most how many may wait at once
     * @param patience how long one waits, up to a sweep longer
     */
    public Openings(int most, Duration patience, LongSupplier nanoClock) {
        this.most = most;
        this.patience = patience;
        this.nanoClock = nanoClock;
    }

    /** How many wait. */
    public int openCount() {
        return count.get();
    }

    /** Answers those whose time is over. For the sweep. */
    public void sweep() {
        long now = nanoClock.getAsLong();
        for (Wait wait : open) {
            if (now - wait.untilNanos >= 0) {
                wait.giveUp();
            }
        }
    }

    /** Answers all, and from now on each that would wait. */
    public void close() {
        isClosed = true;
        open.forEach(Wait::giveUp);
    }

    /**
     * Goes on with a room once it is open, or answers the request with 503.
     *
     * @param then called at most once, with the room and its newest message: now, or later by a thread of the store's
     */
    void visit(RoomRegistry rooms, RoomName name, Exchange exchange, BiConsumer<Room, RoomStore.Expected> then) {
        Wait wait = new Wait(exchange, nanoClock.getAsLong() + patience.toNanos());
        if (count.incrementAndGet() > most) {
            count.decrementAndGet();
            exchange.answer(Problem.unavailable("too many requests wait for rooms to be opened; retry later"));
            return;
        }
        open.add(wait);
        boolean isFound = rooms.visit(
                name,
                wait::isOver,
                (room, newest) -> {
                    if (wait.end()) {
                        then.accept(room, newest);
                    }
                },
                wait::giveUp);
        if (!isFound && wait.end()) {
            exchange.answer(Problem.unavailable("the server has as many rooms as limits.rooms allows; retry later"));
        }
        if (isClosed) {
            wait.giveUp();
        }
    }

    /** One that waits. Its equality is its identity. */
    private final class Wait {
        private final Exchange exchange;
        private final long untilNanos;
        private final AtomicBoolean isOver = new AtomicBoolean();

        Wait(Exchange exchange, long untilNanos) {
            this.exchange = exchange;
            this.untilNanos = untilNanos;
        }

        boolean isOver() {
            return isOver.get();
        }

        /** Waits no more; false when it had ended before. */
        boolean end() {
            if (!isOver.compareAndSet(false, true)) {
                return false;
            }
            open.remove(this);
            count.decrementAndGet();
            return true;
        }

        void giveUp() {
            if (end()) {
                exchange.answer(Problem.unavailable("the room cannot be opened now; retry later"));
            }
        }
    }
}

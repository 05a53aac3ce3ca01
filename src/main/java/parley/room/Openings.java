package parley.room;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import parley.protocol.RoomName;

/**
 * Callers that need a room to be open, such as a request or the application, and wait until its store has said what it
 * has of it: as long as publishing may take, and then they get a {@link Refusal}. No thread waits, and the sweep ends
 * those whose time is over. Any thread.
 */
public final class Openings {
    /** Why a caller does not get its room. */
    public enum Refusal {
        TOO_MANY_WAIT("too many callers wait for rooms to be opened; retry later"),
        TOO_MANY_ROOMS("the server has as many rooms as limits.rooms allows; retry later"),
        NOT_NOW("the room cannot be opened now; retry later");

        private final String sentence;

        Refusal(String sentence) {
            this.sentence = sentence;
        }

        /** For the caller. */
        public String sentence() {
            return sentence;
        }
    }

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
     * Goes on with a room once it is open, or says why it does not: one of the two is called, once, now or later by a
     * thread of the store's or the sweep's.
     *
     * @param then called with the room and its newest message
     */
    public void visit(
            RoomRegistry rooms, RoomName name, BiConsumer<Room, RoomStore.Expected> then, Consumer<Refusal> otherwise) {
        Wait wait = new Wait(otherwise, nanoClock.getAsLong() + patience.toNanos());
        if (count.incrementAndGet() > most) {
            count.decrementAndGet();
            otherwise.accept(Refusal.TOO_MANY_WAIT);
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
            otherwise.accept(Refusal.TOO_MANY_ROOMS);
        }
        if (isClosed) {
            wait.giveUp();
        }
    }

    /** One that waits. Its equality is its identity. */
    private final class Wait {
        private final Consumer<Refusal> otherwise;
        private final long untilNanos;
        private final AtomicBoolean isOver = new AtomicBoolean();

        Wait(Consumer<Refusal> otherwise, long untilNanos) {
            this.otherwise = otherwise;
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
                otherwise.accept(Refusal.NOT_NOW);
            }
        }
    }
}

package parley.session;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import parley.delivery.Transport;
import parley.protocol.Draft;
import parley.room.ChangeDraft;
import parley.room.Inspection;
import parley.room.KeyDraft;
import parley.room.Outcome;
import parley.room.Room;
import parley.room.Screen;

/**
 * What a session publishes, and how far it is ahead of its rooms: messages that have not been through a turn of fan-out
 * yet. A sender that is too far ahead waits, and no other client does: its socket is not read on, or where that is
 * impossible the thread that brings its messages runs the turn, or waits for a moment. So a burst of one client cannot
 * push messages out of the log before members could take them.
 *
 * <p>{@link #publish} and {@link #keepPace} are for the thread that brings the messages, one at a time; everything else
 * is for any thread.
 */
final class Backpressure {
    /**
     * A sender waits when it is this many messages, or this many bytes, ahead. One WebSocket message may bring more.
     */
    static final int MESSAGES = 256;

    static final long BYTES = 256 << 10;

    /** Where a sender cannot be made to wait, commands are refused when it is this many times as far ahead. */
    private static final int TOO_FAR = 16;

    /** How long a server's thread is kept: some have five for all clients. */
    private static final long MOMENT_NANOS = 100_000_000L;

    private final Transport transport;
    private final Screen screen;

    /** The rooms that it has published in, with their turns when the newest message got its result. */
    private final Map<Room, Long> published = new ConcurrentHashMap<>();
    /** The rooms at the end of whose next turn it looks again. */
    private final Set<Room> asked = ConcurrentHashMap.newKeySet();
    /** How many messages were given to a room and have no result yet. */
    private final AtomicInteger unanswered = new AtomicInteger();
    /** Whether the sender waits. Set by the thread that brings messages, cleared by the one that lets it go on. */
    private final AtomicBoolean isWaiting = new AtomicBoolean();
    /**
     * Set when its rooms have caught up with it; cleared by the thread that brings messages, which then counts anew.
     */
    private volatile boolean hasCaughtUp;
    /** One permit when a thread of a server's may look again. */
    private final Semaphore lookAgain = new Semaphore(0);

    // Touched by the thread that brings the messages
    private int messages;
    private long bytes;

    Backpressure(Transport transport) {
        this(transport, Inspection.NONE);
    }

    Backpressure(Transport transport, Inspection inspection) {
        this.transport = transport;
        this.screen = new Screen(inspection);
    }

    /** Publishes a message; the callback is called once, now or later. */
    void publish(Room room, Draft draft, Consumer<Outcome> onResult) {
        count(draft);
        screen.pass(room.name(), draft, room::publish, outcome -> answered(room, outcome, onResult));
    }

    /** Changes a message; the callback is called once, now or later. */
    void change(Room room, ChangeDraft change, Consumer<Outcome> onResult) {
        count(change.draft());
        screen.pass(room.name(), change, room::change, outcome -> answered(room, outcome, onResult));
    }

    /** Sets the value of a key, or removes it; the callback is called once, now or later. */
    void put(Room room, KeyDraft put, Consumer<Outcome> onResult) {
        count(put.draft());
        screen.pass(room.name(), put, room.keys()::put, outcome -> answered(room, outcome, onResult));
    }

    private void count(Draft draft) {
        messages++;
        bytes += draft.content().bytes();
        unanswered.incrementAndGet();
    }

    private void answered(Room room, Outcome outcome, Consumer<Outcome> onResult) {
        if (outcome instanceof Outcome.Published) {
            published.put(room, room.turnsBegun());
        }
        onResult.accept(outcome);
        if (unanswered.decrementAndGet() == 0 && isWaiting.get()) {
            askAfterTurnOf(room);
        }
    }

    /** Whether it is so far ahead that nothing more is accepted. */
    boolean isTooFarAhead() {
        if (hasCaughtUp) {
            countAnew();
        }
        return messages >= TOO_FAR * MESSAGES || bytes >= TOO_FAR * BYTES;
    }

    /** Has the sender wait if it is too far ahead. Called behind each WebSocket message. */
    void keepPace() {
        if (messages < MESSAGES && bytes < BYTES) {
            return;
        }
        if (isDone()) {
            countAnew();
            return;
        }
        if (isWaiting.getAndSet(true)) {
            return; // it was read already when the socket was paused
        }
        if (transport.pauseReading()) {
            askToGoOn();
            if (!isWaiting.get()) {
                // A turn that it had waited for before ended in between, and resumed reading before it was paused.
                transport.resumeReading();
            }
        } else {
            helpOrWait();
            isWaiting.set(false);
        }
    }

    private void helpOrWait() {
        published.keySet().forEach(Room::runTurn);
        try {
            lookAgain.drainPermits();
            askToGoOn();
            lookAgain.tryAcquire(MOMENT_NANOS, TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether all that it has published has been through a turn. */
    private boolean isDone() {
        return unanswered.get() == 0 && published.entrySet().stream().allMatch(Backpressure::isThroughATurn);
    }

    private void countAnew() {
        hasCaughtUp = false;
        messages = 0;
        bytes = 0;
        published.entrySet().removeIf(Backpressure::isThroughATurn);
    }

    private static boolean isThroughATurn(Map.Entry<Room, Long> newest) {
        return newest.getKey().turnsBegun() > newest.getValue();
    }

    /**
     * Looks again at the end of a turn of each room that has to have one; results that are still due look by
     * themselves.
     */
    private void askToGoOn() {
        if (isDone()) {
            goOn();
            return;
        }
        boolean asks = false;
        for (Map.Entry<Room, Long> newest : published.entrySet()) {
            if (!isThroughATurn(newest)) {
                askAfterTurnOf(newest.getKey());
                asks = true;
            }
        }
        if (!asks && unanswered.get() == 0) {
            goOn(); // done since this moment
        }
    }

    /** Looks again at the end of a turn, once: callbacks that each ask all rooms would double with every room. */
    private void askAfterTurnOf(Room room) {
        if (asked.add(room)) {
            room.afterTurn(() -> {
                asked.remove(room);
                goOnIfDone();
            });
        }
    }

    private void goOnIfDone() {
        if (isDone()) {
            goOn();
        } else if (isWaiting.get() && unanswered.get() == 0) {
            askToGoOn();
        }
    }

    private void goOn() {
        hasCaughtUp = true;
        lookAgain.release();
        if (isWaiting.compareAndSet(true, false)) {
            transport.resumeReading();
        }
    }
}

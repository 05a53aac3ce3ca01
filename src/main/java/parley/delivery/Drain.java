package parley.delivery;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * A session's outbound side: takes the next frame from its source while fewer than the limit are in flight, and gives
 * it to the transport. Any thread may call any method, at any time; nothing blocks and no lock is held.
 *
 * <p>One thread at a time drains. Whoever finds somebody draining leaves a note and goes:
 *
 * <pre>
 *            wake                nothing left, or the limit reached
 *   IDLE ------------> DRAINING ------------------------------------> IDLE
 *                      |      ^
 *                 wake |      | looks again
 *                      v      |
 *                       AGAIN                      any --- close ---> CLOSED
 * </pre>
 *
 * <p>A completion may come inside {@code send}, on the same stack; it then finds DRAINING, leaves AGAIN and returns, so
 * the stack does not grow. (Sending from within the completion overflows it after 600 to 900 frames on GlassFish,
 * Payara and WildFly.) A drain that has started so many frames that they and their kilobytes come to {@value #BURST}
 * goes on in the executor, so that a container's thread or a room's turn is not kept by one client. And so that members
 * who are behind take turns, a large frame or two each, and share them: when each took all there was before the next
 * took the first, nothing was shared any more when it came to that, and messages of 16 KB cost 18 times what sending
 * them does.
 *
 * <p>A ping waits until nothing is in flight and holds back what follows it: beside an unfinished text frame it blocks
 * on Tomcat and Jetty and throws on Open Liberty.
 */
public final class Drain implements Transport.Completion {
    /** How many frames one pass may start. */
    public static final int BURST = 64;

    /** The bytes that count as one frame more. */
    private static final int BURST_UNIT_BYTES = 1024;

    private static final int IDLE = 0;
    private static final int DRAINING = 1;
    private static final int AGAIN = 2;
    private static final int CLOSED = 3;

    private static final long ONE_MOVE = 1L << 32;
    private static final Pace IDLE_PACE = new Pace(0, 0);

    private static final VarHandle STATE;
    private static final VarHandle FLIGHT;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            STATE = lookup.findVarHandle(Drain.class, "state", int.class);
            FLIGHT = lookup.findVarHandle(Drain.class, "flight", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** What a drain sends. Called by the draining thread, one call at a time. */
    public interface Source {
        /** Returns the next frame and moves on, or null when there is none for now. */
        @Nullable
        Frame next();

        /** A send failed. May be called more than once, and on any thread. */
        void sendFailed(Throwable cause);
    }

    private final Source source;
    private final Transport transport;
    private final Executor executor;
    private final int limit;

    /** One of the states above; moves by compare-and-set. */
    private volatile int state = IDLE;
    /** In the low half the frames in flight, in the high half a count of sends and completions, to see movement by. */
    private volatile long flight;
    /** Set by whoever wants a ping, cleared by the draining thread that sends it. */
    private volatile boolean pingDue;

    /** Set when a ping that was due could not be sent, cleared by the sweep. */
    private volatile boolean pingMissed;

    /**
     * What the sweep saw of {@code flight} and of the bytes under way, and since when each. Touched by the sweep alone.
     */
    private long seenFlight;

    private long seenAtNanos;
    private long seenBytes;
    private long movedAtNanos;

    /**
     * Makes the drain of one session.
     *
     * @param limit how many frames may be without completion, at least 1
     * @param executor where a long drain goes on
     */
    public Drain(Source source, Transport transport, int limit, Executor executor) {
        this.source = source;
        this.transport = transport;
        this.limit = limit;
        this.executor = executor;
    }

    /** Sends what there is to send, or leaves it to the thread that is already at it. */
    public void wake() {
        while (true) {
            int now = state;
            switch (now) {
                case IDLE -> {
                    if (STATE.compareAndSet(this, IDLE, DRAINING)) {
                        drain();
                        return;
                    }
                }
                case DRAINING -> {
                    if (STATE.compareAndSet(this, DRAINING, AGAIN)) {
                        return;
                    }
                }
                case AGAIN, CLOSED -> {
                    return;
                }
                default -> throw new AssertionError(now);
            }
        }
    }

    /** Sends a ping as soon as nothing is in flight. */
    public void ping() {
        pingDue = true;
        wake();
    }

    /** Whether a ping could not be sent since this was last asked. For the sweep alone. */
    public boolean hasMissedPing() {
        boolean missed = pingMissed;
        if (missed) {
            pingMissed = false;
        }
        return missed;
    }

    /** Ends the sending. A frame that is being handed over may still go; completions that come later change nothing. */
    public void close() {
        state = CLOSED;
    }

    @Override
    public void completed(@Nullable Throwable failure) {
        FLIGHT.getAndAdd(this, ONE_MOVE - 1);
        if (failure == null) {
            wake();
        } else if (state != CLOSED) {
            source.sendFailed(failure);
        }
    }

    /** How many frames are with the transport and not completed. */
    public int inFlight() {
        return (int) flight;
    }

    /** Whether nothing is in flight or being taken from the source. */
    public boolean isAtRest() {
        return state != DRAINING && state != AGAIN && inFlight() == 0;
    }

    /**
     * How a client takes its frames.
     *
     * @param underWayNanos for how long the frames in flight have been, and none was completed; 0 when none is
     * @param stillNanos the same, and the client has taken no byte of them either
     */
    public record Pace(long underWayNanos, long stillNanos) {}

    /**
     * Looks at what is in flight. For the sweep alone, one thread at a time: the time is taken when the sweep looks, so
     * the answer is up to one sweep too short and never too long.
     */
    public Pace pace(long nowNanos) {
        long now = flight;
        long bytes = transport.bytesUnderWay();
        if (now != seenFlight) {
            seenFlight = now;
            seenAtNanos = nowNanos;
            movedAtNanos = nowNanos;
        }
        if (bytes != seenBytes) {
            seenBytes = bytes;
            movedAtNanos = nowNanos;
        }
        return (int) now > 0 ? new Pace(nowNanos - seenAtNanos, nowNanos - movedAtNanos) : IDLE_PACE;
    }

    private void drain() {
        try {
            int left = BURST;
            do {
                for (int count = startNext(); count > 0; count = startNext()) {
                    left -= count;
                    if (left <= 0) {
                        executor.execute(this::drain);
                        return;
                    }
                }
            } while (!rest());
        } catch (RuntimeException | Error e) {
            STATE.compareAndSet(this, DRAINING, IDLE);
            STATE.compareAndSet(this, AGAIN, IDLE);
            source.sendFailed(e);
        }
    }

    /** Goes to rest and returns true, unless somebody has left a note since. */
    private boolean rest() {
        return STATE.compareAndSet(this, DRAINING, IDLE) || !STATE.compareAndSet(this, AGAIN, DRAINING);
    }

    /** Starts one and returns what it counts for; 0 when there is none to start. */
    private int startNext() {
        // Read once: a ping that fell due between two reads was sent beside a frame (Lincheck found it).
        boolean isPing = pingDue;
        int inFlight = inFlight();
        if (state == CLOSED || inFlight >= limit || (isPing && inFlight > 0)) {
            return 0;
        }
        if (isPing) {
            pingDue = false;
            FLIGHT.getAndAdd(this, ONE_MOVE + 1);
            if (!transport.ping(this)) {
                FLIGHT.getAndAdd(this, ONE_MOVE - 1);
                pingMissed = true;
            }
            return 1;
        }
        Frame frame = source.next();
        if (frame == null) {
            return 0;
        }
        FLIGHT.getAndAdd(this, ONE_MOVE + 1);
        transport.send(frame, this);
        return 1 + frame.length() / BURST_UNIT_BYTES;
    }

    @Override
    public String toString() {
        return "Drain[" + new String[] {"idle", "draining", "again", "closed"}[state] + ", " + inFlight() + " of "
                + limit + " in flight" + (pingDue ? ", ping due" : "") + "]";
    }
}

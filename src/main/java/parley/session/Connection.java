package parley.session;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import parley.access.Grant;
import parley.delivery.Drain;
import parley.delivery.Frame;
import parley.delivery.Transport;
import parley.room.Departure;

/**
 * One client's session, from open to end: what it says goes to {@link #text} and {@link #binary}, what it is sent
 * leaves through the drain, and however it ends, it ends once.
 *
 * <p>{@link #text}, {@link #binary} and {@link #heard} are called by the container, one call at a time for a session;
 * all else is for any thread. No method blocks: what may block (closing, pinging) runs on threads of its own.
 */
public abstract sealed class Connection implements Drain.Source
        permits EchoConnection, ChatConnection, WatchConnection {
    /** Generous: a client pings once in some seconds, and has no reason to send fragments of no bytes. */
    private static final int EMPTY_FRAMES_PER_SECOND = 1_000;

    private static final VarHandle ENDING;
    private static final VarHandle FAREWELL;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            ENDING = lookup.findVarHandle(Connection.class, "ending", Ending.class);
            FAREWELL = lookup.findVarHandle(Connection.class, "farewell", Runnable.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Sessions sessions;
    private final Client client;
    private final Transport transport;
    private final Drain drain;

    /** What the client may do. Replaced by the thread that brings the messages, when it shows another token. */
    private volatile Grant grant;

    /** Null while it lives; set once. */
    private volatile @Nullable Ending ending;
    /** What the close frame says in place of the ending's own words; null for those. Set before the ending. */
    private volatile @Nullable String reason;
    /** Set when the client has closed and is owed answers; taken by the thread that runs it. */
    private volatile @Nullable Runnable farewell;
    /** Set by the thread that brings the messages, for as long as it carries one out. */
    private volatile boolean isAtWork;
    /**
     * Set when anything comes from the client, cleared by the sweep. A flag, because asking for the time costs more.
     */
    private volatile boolean heardOf = true;
    /** Set when the container is done closing. */
    private volatile boolean closed;

    // Written by the thread that brings the messages
    private volatile long unfinished;
    private volatile long unfinishedFrame;
    private volatile long heldSinceNanos;
    private final Rate emptyFrames;
    /** Null as long as nothing compressed came. */
    private @Nullable Rate inflated;

    // Touched by the sweep alone
    private long heardAtNanos;
    private long pingedAtNanos;
    private long endedAtNanos;
    private long farewellAtNanos;

    Connection(Sessions sessions, Client client, Transport transport) {
        this.sessions = sessions;
        this.client = client;
        this.transport = transport;
        this.drain = new Drain(this, transport, sessions.limits().inFlight(), sessions.fanOut());
        this.grant = client.visitor().grant();
        this.emptyFrames = new Rate(EMPTY_FRAMES_PER_SECOND, sessions.now());
        this.pingedAtNanos = sessions.now();
        this.heardAtNanos = pingedAtNanos;
    }

    /** A whole text message came. */
    public abstract void text(String message, int bytes);

    /** A whole binary message came; the buffer is the connection's to keep. */
    public abstract void binary(ByteBuffer message);

    /** The longest message it takes, in bytes of UTF-8 or binary. */
    public int longestMessage() {
        return sessions.limits().messageBytes();
    }

    /**
     * The server is about to end it for a shutdown: says so, where the protocol has words for it, and nothing after it.
     */
    void sayBye() {}

    /** Whether the client can say nothing: it is never idle, and leaves without a word. */
    boolean isMute() {
        return false;
    }

    /** How often it is sent a ping. */
    long keepaliveNanos() {
        return sessions.limits().pingInterval().toNanos();
    }

    /** What the transport says last of all: of WebSocket, the reason of the close frame. */
    String lastWords(Ending why, String reason) {
        return reason;
    }

    /**
     * Returns the next frame to send and moves on, or null when there is none. For the draining thread, one at a time.
     */
    abstract @Nullable Frame nextFrame();

    /** The same for a client that has closed: the next frame of what it has asked for, and nothing else. */
    abstract @Nullable Frame nextAnswer();

    /** Whether the client has asked for something that it has not been sent. */
    abstract boolean owesAnswers();

    /** Whether something waits behind what is in flight. */
    abstract boolean hasMoreToSend();

    /** The bytes of echoes or answers that wait for the client to read. Any thread. */
    abstract long waitingBytes();

    /** A frame has been under way to the client for that long. For the sweep. */
    void frameUnderWay(long nanos) {}

    /**
     * Gives back what it holds elsewhere. Called once, when it has ended.
     *
     * @param how it leaves its rooms
     */
    abstract void release(Departure how);

    /**
     * The client gave a sign of life: a message, a part of one, a pong. Called before that is carried out, and {@link
     * #done} behind it.
     */
    public final void heard() {
        isAtWork = true; // before it is asked whether the server stops
        if (sessions().isLeaving()) {
            isAtWork = false; // nothing is carried out any more, and who keeps talking is not waited for
        }
        if (!heardOf) {
            heardOf = true;
        }
    }

    /** Bytes came that are no message yet: a sign of life too. */
    public final void stirred() {
        if (!heardOf) {
            heardOf = true;
        }
    }

    /** A frame came that carries nothing: a ping, a pong, an empty fragment. */
    public final void emptyFrame() {
        if (emptyFrames.take(sessions.now()) != Rate.Allowance.ALLOWED) {
            end(Ending.EMPTY_FRAMES);
        }
    }

    /**
     * That many bytes were decompressed, or came as compressed bytes with less in them. They cannot be refused any
     * more, so they are owed: more than a burst beyond the rate of bytes, and more than a message, is flooding, of
     * whatever connection, since a client has to send a thousandth of them.
     */
    public final void inflated(long bytes) {
        long perSecond = sessions.limits().bytesPerSecond();
        if (perSecond == 0) {
            return;
        }
        Rate rate = inflated == null ? new Rate(perSecond, sessions.now()) : inflated;
        inflated = rate;
        if (rate.charge(bytes, longestMessage(), sessions.now()) == Rate.Allowance.FLOODING) {
            end(Ending.FLOODING_BYTES);
        }
    }

    /** That many bytes have come of a message whose end has not. By the thread that brings the messages. */
    public final void unfinished(long bytes) {
        long before = unfinished;
        unfinished = bytes;
        held(bytes - before);
    }

    /**
     * That many bytes have come of a frame whose end has not, and that is not in {@link #unfinished} yet. By the same
     * thread.
     */
    public final void unfinishedFrame(long bytes) {
        long before = unfinishedFrame;
        unfinishedFrame = bytes;
        held(bytes - before);
    }

    private void held(long more) {
        if (more > 0) {
            long now = sessions.now();
            if (unfinished + unfinishedFrame == more) {
                heldSinceNanos = now;
            }
            sessions.held().grown(more, now);
        }
    }

    /** The bytes that the client makes the server hold. Any thread. */
    final long heldBytes() {
        return unfinished + unfinishedFrame + waitingBytes();
    }

    /** Since when it has an unfinished message. */
    final long heldSinceNanos() {
        return unfinished + unfinishedFrame == 0 ? sessions.now() : heldSinceNanos;
    }

    /** What the client said has been carried out. */
    public final void done() {
        isAtWork = false;
    }

    /** Whether something that came is being carried out. */
    final boolean isAtWork() {
        return isAtWork;
    }

    /**
     * The client has sent its close frame, and nothing comes after it: from now on it is sent what it has asked for and
     * nothing else. Called where the container's own answer to the close can be held back.
     *
     * @param answer answers the close; run once, when the client has taken all answers or the close timeout is over,
     *     and not at all when the connection ends for another reason meanwhile
     */
    public final void clientCloses(Runnable answer) {
        farewell = answer;
        if (hasEnded()) {
            sayFarewell();
        } else {
            drain.wake();
        }
    }

    private void sayFarewell() {
        Runnable answer = (Runnable) FAREWELL.getAndSet(this, null);
        if (answer != null) {
            answer.run();
        }
    }

    /** The client has closed, with whatever code; nothing is left to close. */
    public final void left() {
        closed = true;
        end(Ending.LEFT, null);
    }

    /**
     * The container says it is over, with the close code it gives (RFC 6455 section 7.1.5); nothing is left to close.
     */
    public final void gone(int code) {
        closed = true;
        Ending why = switch (code) {
            case 1006, 1011 -> Ending.LOST; // Liberty says 1011 for a reset
            case 1002, 1007, 1009 -> Ending.MALFORMED;
            default -> Ending.LEFT;
        };
        end(farewell != null ? Ending.LEFT : why, null); // it had closed, and did not wait for its answers
    }

    /**
     * The container reported an error, or a send failed. Tomcat, WildFly and Jetty report a connection that is gone so,
     * before the close; and who sends may find that out first.
     */
    public final void failed(Throwable cause) {
        if (farewell != null || (isMute() && cause instanceof IOException)) {
            end(Ending.LEFT, null); // as in gone()
        } else {
            end(cause instanceof IOException ? Ending.LOST : Ending.BROKEN, cause);
        }
    }

    @Override
    public final @Nullable Frame next() {
        try {
            boolean isClosing = farewell != null;
            Frame frame = isClosing ? nextAnswer() : nextFrame();
            if (frame != null) {
                sessions.countFrame();
            } else if (isClosing && !owesAnswers() && drain.inFlight() == 0) {
                sayFarewell();
            }
            return frame;
        } catch (RuntimeException e) {
            faulted(e);
            return null;
        }
    }

    @Override
    public final void sendFailed(Throwable cause) {
        failed(cause);
    }

    /** Parley's own code failed. */
    public final void faulted(Throwable cause) {
        end(Ending.FAULT, cause);
    }

    /** Ends it for that reason, unless it has ended: nothing more is sent, and the container closes it. */
    public final void end(Ending why) {
        end(why, null);
    }

    /** Ends it because an operator wants that, whose words the close frame has: at most 123 bytes. */
    final void remove(String words) {
        reason = words;
        end(Ending.REMOVED, null);
    }

    /** What the client is called at the moment; null for no name. */
    @Nullable
    String called() {
        return client.name();
    }

    private void end(Ending why, @Nullable Throwable cause) {
        if (!ENDING.compareAndSet(this, null, why)) {
            return;
        }
        drain.close();
        release(why.departure());
        sessions.ended(this, why, cause);
    }

    /** Closes it in the container, which may block. For the closing threads. */
    final void close(Ending why) {
        if (!closed) {
            transport.close(why.code(), lastWords(why, words(why)));
            closed = true;
        }
    }

    /** What its close frame says. */
    final String words(Ending why) {
        String its = reason;
        return why == Ending.REMOVED && its != null ? its : sessions.reason(why);
    }

    /**
     * Looks after it: keepalive, idle time, send deadline, the end of its token. For the sweep.
     *
     * @param nowMillis the time since 1970, which tokens are written in
     */
    final void sweep(long now, long nowMillis) {
        SessionLimits limits = sessions.limits();
        if (heardOf) {
            heardOf = false;
            heardAtNanos = now;
        }
        Drain.Pace pace = drain.pace(now);
        if (pace.underWayNanos() > 0) {
            frameUnderWay(pace.underWayNanos());
            // A client that takes bytes lives, though its pong waits behind them, and ours behind its own.
            heardAtNanos = Math.max(heardAtNanos, now - pace.stillNanos());
        }
        if (pace.stillNanos() >= limits.sendDeadline().toNanos()) {
            end(Ending.STUCK);
        } else if (!isMute() && now - heardAtNanos >= limits.idleTimeout().toNanos()) {
            end(Ending.IDLE);
        } else if (grant.hasExpired(nowMillis)) {
            end(Ending.EXPIRED);
        } else if (isFarewellOverdue(now)) {
            sayFarewell();
        } else if (now - pingedAtNanos >= keepaliveNanos() || drain.hasMissedPing()) {
            pingedAtNanos = now;
            drain.ping();
        }
    }

    /** Whether a client that has closed takes its answers too slowly, or one does not come. */
    private boolean isFarewellOverdue(long now) {
        if (farewell == null) {
            return false;
        }
        if (farewellAtNanos == 0) {
            farewellAtNanos = now;
        }
        return now - farewellAtNanos >= sessions.limits().closeTimeout().toNanos();
    }

    /**
     * After its end: cuts the connection when it takes too long to go, at each sweep once more while its close is
     * blocked. Returns whether there is nothing left to do. For the sweep.
     */
    final boolean sweepEnded(long now, boolean patient) {
        if (endedAtNanos == 0) {
            endedAtNanos = now;
        }
        if (closed && !transport.isConnected()) {
            return true;
        }
        if (patient
                && ending != Ending.HELD_TOO_MUCH
                && now - endedAtNanos < sessions.limits().closeTimeout().toNanos()) {
            return false;
        }
        transport.drop();
        return closed || !patient;
    }

    /** Whether its close has been blocked for longer than it may be, and interrupted in vain. For the sweep. */
    final boolean isCloseBlocked(long now) {
        return !closed
                && endedAtNanos != 0
                && now - endedAtNanos >= 2 * sessions.limits().closeTimeout().toNanos();
    }

    /** Whether it has ended; nothing that comes afterwards matters. */
    public final boolean hasEnded() {
        return ending != null;
    }

    /** How it leaves its rooms, when it has ended. */
    final Departure departure() {
        Ending why = ending;
        return why == null ? Departure.LEFT : why.departure();
    }

    /** Whether nothing is on its way to the client and nothing waits. */
    final boolean isQuiet() {
        return !hasMoreToSend() && drain.isAtRest(); // in this order: what was just taken is not yet in flight
    }

    /** What the client may do. */
    final Grant grant() {
        return grant;
    }

    /** The client may do something else from now on. */
    final void grant(Grant other) {
        grant = other;
    }

    final Drain drain() {
        return drain;
    }

    final Sessions sessions() {
        return sessions;
    }

    final Client client() {
        return client;
    }

    @Override
    public String toString() {
        return client + " " + (ending == null ? drain.toString() : "ended: " + ending);
    }
}

package parley.endpoint;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import jakarta.websocket.CloseReason;
import jakarta.websocket.RemoteEndpoint;
import jakarta.websocket.SendHandler;
import jakarta.websocket.SendResult;
import jakarta.websocket.Session;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import parley.delivery.Frame;
import parley.delivery.Transport;
import parley.protocol.CloseCode;
import parley.session.SessionLimits;

/**
 * The transport over {@code RemoteEndpoint.Async}, the same on every server. The timeouts of the API are not what ends
 * a session: they are ignored or half carried out on most servers, so the drain's deadline is the one that counts.
 */
final class RemoteTransport implements Transport {
    private static final Logger LOG = System.getLogger("parley.endpoint");
    /**
     * How long Tomcat blocks to send a close frame (by itself up to 20 seconds), and from 10.1 on waits for the answer
     * (30): properties of the session, Longs in milliseconds. They mean nothing to others.
     */
    private static final List<String> CLOSE_TIMEOUTS = List.of(
            "org.apache.tomcat.websocket.BLOCKING_SEND_TIMEOUT", "org.apache.tomcat.websocket.SESSION_CLOSE_TIMEOUT");

    /**
     * How long after the drain's deadline the container may give up a send by itself. Open Liberty's close waits 5.5
     * seconds for the frame in flight, and when that frame has no timeout, it then writes into it and keeps its thread
     * for ever. Longer than the sweep needs to notice, so that the session is closed for the right reason, and shorter
     * than 5.5 seconds. Tomcat's own timeout, 20 seconds, would come before a longer deadline.
     */
    private static final Duration BEHIND_THE_DEADLINE = Duration.ofSeconds(3);

    private final Session session;
    private final RemoteEndpoint.Async remote;
    private final ExecutorService pinging;
    private final long closeMillis;

    /**
     * Of the messages that are sent one by one, so that the sweep sees them go. Written by one thread at a time, read
     * by the sweep.
     */
    private volatile long bytesToSend;

    private final Object closingLock = new Object();

    /** The thread that is in {@link #close}. */
    @GuardedBy("closingLock")
    private @Nullable Thread closer;

    RemoteTransport(Session session, ExecutorService pinging, SessionLimits limits) {
        this.session = session;
        this.closeMillis = limits.closeTimeout().toMillis();
        this.remote = session.getAsyncRemote();
        this.pinging = pinging;
        remote.setSendTimeout(limits.sendDeadline().plus(BEHIND_THE_DEADLINE).toMillis());
        // Tyrus wakes a timer at every send and receive for a timeout of 0; only a negative one is none.
        session.setMaxIdleTimeout(-1);
    }

    @Override
    public void send(Frame frame, Completion completion) {
        if (frame instanceof Frame.Several several) {
            new OneByOne(several.messages(), completion).begin();
        } else {
            sendOne(frame, result -> completion.completed(failure(result)));
        }
    }

    private void sendOne(Frame message, SendHandler handler) {
        if (message instanceof Frame.Text text) {
            remote.sendText(text.text(), handler);
        } else {
            remote.sendBinary(((Frame.Binary) message).bytes().duplicate(), handler);
        }
    }

    /**
     * Sends messages one after the other, each when the one before it has been sent: the API has no means to send
     * several. A result that comes on the stack of its own send is left to the loop below it, so that the stack does
     * not grow.
     */
    private final class OneByOne implements SendHandler {
        private final List<Frame> messages;
        private final Completion completion;
        /** How many results wait for the thread that is in the loop; that thread counts as one. */
        private final AtomicInteger due = new AtomicInteger();
        /** Which is sent next. Touched by the thread in the loop, and handed over by {@link #due}. */
        private int next;

        OneByOne(List<Frame> messages, Completion completion) {
            this.messages = messages;
            this.completion = completion;
        }

        void begin() {
            bytesToSend = messages.stream().mapToLong(OneByOne::atLeastOne).sum();
            due.set(1);
            next = 1;
            sendOne(messages.get(0), this); // what it throws is the caller's to hear
            goOn();
        }

        @Override
        public void onResult(SendResult result) {
            Throwable failure = failure(result);
            if (failure != null || next == messages.size()) {
                completion.completed(failure);
            } else if (due.getAndIncrement() == 0) {
                sendNext();
                goOn();
            }
        }

        /** An empty message is progress too. */
        private static long atLeastOne(Frame message) {
            return 1 + message.length();
        }

        /** Sends as long as results have come meanwhile. */
        private void goOn() {
            while (due.decrementAndGet() > 0) {
                sendNext();
            }
        }

        private void sendNext() {
            try {
                bytesToSend = bytesToSend - atLeastOne(messages.get(next - 1));
                sendOne(messages.get(next++), this);
            } catch (RuntimeException e) {
                completion.completed(e);
            }
        }
    }

    /**
     * Pings on a thread that may block, as Tomcat's and Jetty's do while the socket takes nothing; not now when all of
     * these are at it.
     */
    @Override
    public boolean ping(Completion completion) {
        try {
            pinging.execute(() -> completion.completed(sendPing()));
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }

    /** Of a single message the API does not tell; of several, those that have still to be sent. */
    @Override
    public long bytesUnderWay() {
        return bytesToSend;
    }

    /** The API has no means for it. */
    @Override
    public boolean pauseReading() {
        return false;
    }

    @Override
    public void resumeReading() {}

    private @Nullable Throwable sendPing() {
        try {
            remote.sendPing(ByteBuffer.allocate(0)); // Open Liberty takes no buffer that is read-only
            return null;
        } catch (IOException | RuntimeException e) {
            return e;
        }
    }

    /**
     * Closes, and has the container cut who does not go. The idle timeout comes after the close: Jetty would take the
     * time that has passed already for idle, and close with words of its own.
     */
    @Override
    public void close(CloseCode code, String reason) {
        synchronized (closingLock) {
            closer = Thread.currentThread();
        }
        try {
            closeSession(code, reason);
        } finally {
            synchronized (closingLock) {
                closer = null;
                Thread.interrupted(); // what drop() did is over with this close
            }
        }
    }

    private void closeSession(CloseCode code, String reason) {
        try {
            CLOSE_TIMEOUTS.forEach(name -> session.getUserProperties().put(name, closeMillis));
            session.close(new CloseReason(CloseReason.CloseCodes.getCloseCode(code.number()), reason));
        } catch (IOException | RuntimeException e) {
            LOG.log(Level.DEBUG, "a session that ended could not be closed in the container", e);
        }
        try {
            session.setMaxIdleTimeout(closeMillis);
        } catch (RuntimeException e) {
            LOG.log(Level.DEBUG, "a session that was closed has gone at once", e);
        }
    }

    /**
     * Interrupts the close, if that is still under way; further down the API does not reach. Tomcat gives its blocking
     * send up then, and Open Liberty, which may have forgotten that a thread waits for it, looks once more.
     */
    @Override
    public void drop() {
        synchronized (closingLock) {
            if (closer != null) {
                closer.interrupt();
            }
        }
    }

    @Override
    public boolean isConnected() {
        return false;
    }

    /** Why a send failed; null when it did not. */
    private static @Nullable Throwable failure(SendResult result) {
        if (result.isOK()) {
            return null;
        }
        Throwable cause = result.getException();
        return cause != null ? cause : new IOException("the container says a send failed, and not why");
    }
}

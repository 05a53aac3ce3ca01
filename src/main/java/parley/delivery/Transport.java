package parley.delivery;

import org.jspecify.annotations.Nullable;
import parley.protocol.CloseCode;

/**
 * Where a session's frames go: the socket, as the drain sees it.
 *
 * <p>{@link #send} and {@link #ping} are called by one thread at a time and never while as many frames as the session's
 * in-flight limit are without completion; they must not block. {@link #close} may block and is called on a thread that
 * has nothing else to do.
 */
public interface Transport {

    /** Called once a frame has been taken, or never will be. May be called on any thread, inside the send too. */
    interface Completion {
        /** Called when the frame's bytes were taken ({@code failure} is null) or the session turned out to be dead. */
        void completed(@Nullable Throwable failure);
    }

    /** Starts to send one whole message. A failure is passed to the completion or thrown, not both. */
    void send(Frame frame, Completion completion);

    /**
     * Starts to send a ping (RFC 6455 section 5.5.2).
     *
     * @return false when that cannot be done just now; then the completion is not called
     */
    boolean ping(Completion completion);

    /**
     * The bytes that the client has still to take of the frame under way, as far as anybody can tell: a number that
     * falls while the client takes them; 0 where nobody can tell. For the sweep.
     */
    long bytesUnderWay();

    /**
     * Reads nothing more from the client until {@link #resumeReading}, except what has been read already. By the thread
     * that brings messages.
     *
     * @return false where reading cannot be paused
     */
    boolean pauseReading();

    /** Reads on. Any thread. */
    void resumeReading();

    /** Sends a close frame and ends the session, as far as the container does so. May block for many seconds. */
    void close(CloseCode code, String reason);

    /** Cuts the connection below the WebSocket at once, where the container lets it be cut. */
    void drop();

    /** Whether the connection below is known to be still there; false where nobody can tell. */
    boolean isConnected();
}

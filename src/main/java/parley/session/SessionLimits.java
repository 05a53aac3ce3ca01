package parley.session;

import java.time.Duration;

/**
 * What a session may do and how long things may take.
 *
 * @param inFlight frames without completion at once, at least 1
 * @param sendDeadline how long a frame may be without completion
 * @param pingInterval how often a client is pinged
 * @param idleTimeout how long a client may be silent, pongs counting as words; longer than the ping interval
 * @param closeTimeout how long a closed connection may take to go away before it is cut
 * @param messageBytes the longest message, in bytes of UTF-8
 * @param commandBytes the longest WebSocket message of a JSON client, which may hold several commands; in bytes
 * @param backlog bytes of echoes or answers that may wait behind the frames in flight
 * @param rooms how many rooms one session may be in
 * @param connections sessions at once
 * @param commandsPerSecond commands a second that one session may give, with a burst of five times that; 0 for no limit
 * @param heldBytes bytes of unfinished messages, and of echoes and answers not read, of all sessions together
 * @param bytesPerSecond bytes of commands a second from one session, with a burst of five times that; 0 for no limit
 */
public record SessionLimits(
        int inFlight,
        Duration sendDeadline,
        Duration pingInterval,
        Duration idleTimeout,
        Duration closeTimeout,
        int messageBytes,
        int commandBytes,
        long backlog,
        int rooms,
        int connections,
        int commandsPerSecond,
        long heldBytes,
        long bytesPerSecond) {
    public SessionLimits {
        if (inFlight < 1 || messageBytes < 1 || rooms < 1 || connections < 1 || commandsPerSecond < 0) {
            throw new IllegalArgumentException(
                    "a session may have at least one frame in flight and say at least one byte");
        }
        if (backlog < messageBytes || commandBytes < messageBytes) {
            throw new IllegalArgumentException("a backlog and a command hold at least one message of the largest size");
        }
    }
}

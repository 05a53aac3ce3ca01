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
 * @param echoBacklog bytes of echoes that may wait behind the frames in flight
 * @param connections sessions at once
 * @param commandsPerSecond messages a second that one session may publish, with a burst of five times that; 0 for no limit
 */
public record SessionLimits(
        int inFlight,
        Duration sendDeadline,
        Duration pingInterval,
        Duration idleTimeout,
        Duration closeTimeout,
        int messageBytes,
        long echoBacklog,
        int connections,
        int commandsPerSecond) {
    public SessionLimits {
        if (inFlight < 1 || messageBytes < 1 || connections < 1 || commandsPerSecond < 0) {
            throw new IllegalArgumentException(
                    "a session may have at least one frame in flight and say at least one byte");
        }
        if (echoBacklog < messageBytes) {
            throw new IllegalArgumentException("the echo backlog holds at least one message of the largest size");
        }
    }
}

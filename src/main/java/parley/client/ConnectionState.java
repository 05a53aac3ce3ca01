package parley.client;

import java.time.Duration;
import java.util.OptionalInt;

/** What a client's connection is doing. Immutable. */
public sealed interface ConnectionState {
    /** No room has been joined. */
    record Idle() implements ConnectionState {}

    /** A connection is being opened. */
    record Connecting() implements ConnectionState {}

    /** The server has said welcome. */
    record Open() implements ConnectionState {}

    /**
     * The connection was lost or not to be had; the client comes back.
     *
     * @param delay until then, from the moment of this state on
     * @param code of the close (RFC 6455 section 7.4), 1006 when there was none
     * @param reason the server's words, as far as there are any
     * @param status of HTTP, when the server refused the handshake
     */
    record Waiting(Duration delay, int code, String reason, OptionalInt status) implements ConnectionState {}

    /** Closed for good, by the application or since coming back would end the same. */
    record Closed(int code, String reason) implements ConnectionState {}
}

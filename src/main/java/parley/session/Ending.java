package parley.session;

import java.lang.System.Logger.Level;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import parley.protocol.CloseCode;
import parley.room.Departure;

/** Why a connection ended: each reason has its close code, its words on the wire, its counter and its log level. */
public enum Ending {
    /** The client sent a close frame. */
    LEFT(CloseCode.NORMAL, "", Level.DEBUG),
    /**
     * The connection went away without a close frame. The code is for the case that it has not, whatever the container
     * says.
     */
    LOST(CloseCode.INTERNAL_ERROR, "connection failed", Level.INFO),
    /** The container closed it because of what the client sent: broken frames, bad UTF-8, a frame too large. */
    MALFORMED(CloseCode.PROTOCOL_ERROR, "protocol error", Level.INFO),
    /** The client answered no ping and said nothing for the idle time. */
    IDLE(CloseCode.GOING_AWAY, "idle", Level.INFO),
    /** A frame was not taken within the send deadline. */
    STUCK(CloseCode.TRY_AGAIN_LATER, "too slow: a frame was not taken in time", Level.INFO),
    /** Further behind than the window, in a room that disconnects. */
    BEHIND(CloseCode.TRY_AGAIN_LATER, "too slow for the room", Level.INFO),
    /** Sent to the echo faster than it read what came back. */
    ECHO_BACKLOG(CloseCode.TRY_AGAIN_LATER, "too slow: read the echoes", Level.INFO),
    /** Gave commands faster than it read the answers. */
    ANSWER_BACKLOG(CloseCode.TRY_AGAIN_LATER, "too slow: read the answers", Level.INFO),
    /** Held most when all clients together had unfinished messages, or answers not read, beyond the limit. */
    HELD_TOO_MUCH(
            CloseCode.TRY_AGAIN_LATER, "the server is short of memory: end messages, and read answers", Level.INFO),
    /** Kept sending frames that carry nothing: pings, pongs, empty fragments. */
    EMPTY_FRAMES(CloseCode.POLICY_VIOLATION, "flooding: too many empty frames a second", Level.INFO),
    /** Kept sending more than the rate limit allows. */
    FLOODING(CloseCode.POLICY_VIOLATION, "flooding: too many messages a second", Level.INFO),
    /** Kept sending more bytes than the rate limit allows. */
    FLOODING_BYTES(CloseCode.POLICY_VIOLATION, "flooding: too many bytes a second", Level.INFO),
    /** Kept sending commands that are none. */
    TOO_MANY_ERRORS(CloseCode.POLICY_VIOLATION, "flooding: too many errors a second", Level.INFO),
    /** Its token ended, and it has shown no other. */
    EXPIRED(CloseCode.POLICY_VIOLATION, "token expired", Level.INFO),
    /** Said something in plain text that its token does not allow; in JSON that is answered. */
    FORBIDDEN(CloseCode.POLICY_VIOLATION, "this token may not write here", Level.INFO),
    /** An operator has closed it. The reason on the wire is the operator's. */
    REMOVED(CloseCode.POLICY_VIOLATION, "removed", Level.INFO),
    /** A message over the limit. */
    TOO_BIG(CloseCode.MESSAGE_TOO_BIG, "message too big", Level.INFO),
    /** A binary message in a room. */
    BINARY(CloseCode.UNSUPPORTED_DATA, "rooms carry text", Level.INFO),
    /** As many connections as there may be. */
    SERVER_FULL(CloseCode.TRY_AGAIN_LATER, "server is full", Level.INFO),
    /** As many connections as there may be from one address. */
    ADDRESS_FULL(CloseCode.TRY_AGAIN_LATER, "too many connections from this address", Level.INFO),
    /** As many members as a room may have. */
    ROOM_FULL(CloseCode.TRY_AGAIN_LATER, "the room is full", Level.INFO),
    /** As many rooms as there may be. */
    TOO_MANY_ROOMS(CloseCode.TRY_AGAIN_LATER, "too many rooms", Level.INFO),
    /** What it said in plain text could not be kept; in JSON that is answered. */
    NOT_KEPT(CloseCode.TRY_AGAIN_LATER, "the message could not be kept", Level.INFO),
    /** Not let in, on a server where the handshake could not be refused. */
    REFUSED(CloseCode.POLICY_VIOLATION, "refused", Level.INFO),
    /** The server stops. The reason on the wire says when to come back: {@link Spread}. */
    SHUTDOWN(CloseCode.GOING_AWAY, "shutdown", Level.DEBUG),
    /** A send failed, or the container reported an error. */
    BROKEN(CloseCode.INTERNAL_ERROR, "connection failed", Level.INFO),
    /** A fault of the server's own. */
    FAULT(CloseCode.INTERNAL_ERROR, "internal error", Level.ERROR);

    private final CloseCode code;
    private final String reason;
    private final Level level;

    Ending(CloseCode code, String reason, Level level) {
        this.code = code;
        this.reason = reason;
        this.level = level;
    }

    /** Whether its member has left its rooms, or is away and may come back. */
    Departure departure() {
        return switch (this) {
            case LOST, BROKEN, IDLE, STUCK, BEHIND, ANSWER_BACKLOG, HELD_TOO_MUCH, NOT_KEPT, SHUTDOWN, FAULT ->
                Departure.LOST;
            case LEFT,
                    MALFORMED,
                    ECHO_BACKLOG,
                    EMPTY_FRAMES,
                    FLOODING,
                    FLOODING_BYTES,
                    TOO_MANY_ERRORS,
                    EXPIRED,
                    FORBIDDEN,
                    REMOVED,
                    TOO_BIG,
                    BINARY,
                    SERVER_FULL,
                    ADDRESS_FULL,
                    ROOM_FULL,
                    TOO_MANY_ROOMS,
                    REFUSED -> Departure.LEFT;
        };
    }

    /** The code the connection is closed with, where it is Parley that closes it. */
    public CloseCode code() {
        return code;
    }

    /** The close frame's reason: at most 123 bytes. */
    public String reason() {
        return reason;
    }

    /**
     * Says it for a log line.
     *
     * @param words what the close frame says
     */
    String describe(String words, @Nullable Throwable cause) {
        String why = name().toLowerCase(Locale.ROOT).replace('_', ' ');
        String closed =
                this == LEFT || this == LOST || this == MALFORMED ? "" : ", closed with " + code.number() + " " + words;
        return why + closed + (cause == null ? "" : ": " + cause);
    }

    Level level() {
        return level;
    }
}

package parley.access;

import java.util.List;
import org.jspecify.annotations.Nullable;
import parley.protocol.MemberName;
import parley.protocol.RoomName;
import parley.protocol.RoomPattern;

/**
 * What a client may do. Immutable.
 *
 * @param name what it is called, and by no other name; null when it may call itself what it likes
 * @param read the rooms it may be in
 * @param write the rooms it may say something in, when it is in them
 * @param until when this ends, in milliseconds since 1970
 */
public record Grant(@Nullable MemberName name, List<RoomPattern> read, List<RoomPattern> write, long until) {
    private static final List<RoomPattern> ALL = List.of(RoomPattern.ALL);

    /** Everything, for ever. */
    public static final Grant ANYONE = new Grant(null, ALL, ALL, Long.MAX_VALUE);

    /** Everything, for who has been authenticated elsewhere. */
    public static Grant of(@Nullable MemberName name) {
        return new Grant(name, ALL, ALL, Long.MAX_VALUE);
    }

    /** Whether it may be in that room. */
    public boolean mayRead(RoomName room) {
        return read.stream().anyMatch(pattern -> pattern.matches(room));
    }

    /** Whether it may say something in that room. */
    public boolean mayWrite(RoomName room) {
        return write.stream().anyMatch(pattern -> pattern.matches(room));
    }

    /** Whether it has ended. */
    public boolean hasExpired(long nowMillis) {
        return nowMillis >= until;
    }
}

package parley.access;

import java.util.List;
import org.jspecify.annotations.Nullable;
import parley.protocol.MemberName;
import parley.protocol.RoomName;
import parley.protocol.RoomPattern;
import parley.protocol.UserId;

/**
 * What a client may do. Immutable.
 *
 * @param user which user it is; null when nobody says so
 * @param name what it is called, and by no other name; null when it may call itself what it likes
 * @param read the rooms it may be in
 * @param write the rooms it may say something in, when it is in them
 * @param publish the rooms that it may publish in over HTTP, on behalf of whomever it names
 * @param edit the rooms in which it may edit messages of others
 * @param remove the rooms in which it may remove messages of others
 * @param isAdmin whether it may list rooms, let messages go and close sessions over HTTP
 * @param until when this ends, in milliseconds since 1970
 */
public record Grant(
        @Nullable UserId user,
        @Nullable MemberName name,
        List<RoomPattern> read,
        List<RoomPattern> write,
        List<RoomPattern> publish,
        List<RoomPattern> edit,
        List<RoomPattern> remove,
        boolean isAdmin,
        long until) {
    private static final List<RoomPattern> ALL = List.of(RoomPattern.ALL);

    /** Everything, for ever. */
    public static final Grant ANYONE = new Grant(null, ALL, ALL, List.of(), false, Long.MAX_VALUE);

    /** Everything, also on behalf of others. */
    public static final Grant OPERATOR = new Grant(null, null, ALL, ALL, ALL, ALL, ALL, true, Long.MAX_VALUE);

    /** Of a client that changes no messages of others. */
    public Grant(
            @Nullable UserId user,
            @Nullable MemberName name,
            List<RoomPattern> read,
            List<RoomPattern> write,
            List<RoomPattern> publish,
            boolean isAdmin,
            long until) {
        this(user, name, read, write, publish, List.of(), List.of(), isAdmin, until);
    }

    /** Of a client that is no user. */
    public Grant(
            @Nullable MemberName name,
            List<RoomPattern> read,
            List<RoomPattern> write,
            List<RoomPattern> publish,
            boolean isAdmin,
            long until) {
        this(null, name, read, write, publish, isAdmin, until);
    }

    /** Everything, for who has been authenticated elsewhere. */
    public static Grant of(UserId user, MemberName name) {
        return new Grant(user, name, ALL, ALL, List.of(), false, Long.MAX_VALUE);
    }

    private static boolean isAmong(List<RoomPattern> patterns, RoomName room) {
        return patterns.stream().anyMatch(pattern -> pattern.matches(room));
    }

    /** Whether it may be in that room. */
    public boolean mayRead(RoomName room) {
        return isAmong(read, room);
    }

    /** Whether it may edit messages of others in that room. */
    public boolean mayEdit(RoomName room) {
        return isAmong(edit, room);
    }

    /** Whether it may remove messages of others in that room. */
    public boolean mayRemove(RoomName room) {
        return isAmong(remove, room);
    }

    /** Whether it may say something in that room. */
    public boolean mayWrite(RoomName room) {
        return isAmong(write, room);
    }

    /** Whether it may publish in that room on behalf of others. */
    public boolean mayPublish(RoomName room) {
        return isAmong(publish, room);
    }

    /** The same without the right to say something. */
    public Grant readOnly() {
        return new Grant(user, name, read, List.of(), List.of(), false, until);
    }

    /** Whether it has ended. */
    public boolean hasExpired(long nowMillis) {
        return nowMillis >= until;
    }
}

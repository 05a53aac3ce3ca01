package parley.session;

import org.jspecify.annotations.Nullable;
import parley.protocol.RoomName;
import parley.room.Departure;
import parley.room.Member;

/**
 * The rooms that a session is in which may be in several. Changed by the thread that brings the messages, read by any.
 */
final class Memberships {
    private static final Member[] NOWHERE = {};

    private final Connection connection;

    /** Replaced as a whole. */
    private volatile Member[] members = NOWHERE;

    Memberships(Connection connection) {
        this.connection = connection;
    }

    /** All of them; not to be changed. */
    Member[] all() {
        return members;
    }

    /** The one in a room, or null. */
    @Nullable
    Member in(@Nullable RoomName room) {
        for (Member member : members) {
            if (member.room().name().equals(room)) {
                if (!member.hasLeft()) {
                    return member;
                }
                remove(member); // what is kept of the room could not be read when it came in
                return null;
            }
        }
        return null;
    }

    void add(Member member) {
        Member[] more = new Member[members.length + 1];
        System.arraycopy(members, 0, more, 0, members.length);
        more[members.length] = member;
        replace(more);
    }

    void remove(Member member) {
        Member[] fewer = new Member[members.length - 1];
        int kept = 0;
        for (Member other : members) {
            if (other != member) {
                fewer[kept++] = other;
            }
        }
        replace(fewer);
    }

    private void replace(Member[] now) {
        members = now;
        if (connection.hasEnded()) {
            leaveAll(connection.departure()); // ended meanwhile, and did not find the new one to leave with
        }
    }

    /** Whether any of them has messages that it has not taken. */
    boolean areBehind() {
        boolean areBehind = false;
        for (Member member : members) {
            areBehind |= member.isBehind();
        }
        return areBehind;
    }

    /** A frame of the session has been under way for that long. For the sweep. */
    void frameUnderWay(long nanos) {
        for (Member member : members) {
            member.frameUnderWay(nanos);
        }
    }

    /** Leaves all rooms. Any thread. */
    void leaveAll(Departure how) {
        for (Member member : members) {
            member.room().leave(member, how);
        }
    }
}

package parley.room;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import parley.delivery.Frame;
import parley.protocol.Attendee;
import parley.protocol.Event;
import parley.protocol.JsonCodec;
import parley.protocol.RoomName;
import parley.protocol.Utf8;

/**
 * Writes presence for JSON members. An event that is larger than a frame may be is several: the first of a snapshot has
 * {@code names}, and those behind it add the rest as deltas do, so clients need not know. One entry goes in any case.
 * For one thread.
 */
final class PresenceFrames {
    /** What is around the lists. */
    private static final int HEAD_BYTES = 160;
    /** What is around the name, the user and the state of an entry. */
    private static final int ENTRY_BYTES = 128;

    private final RoomName room;
    private final int count;
    private final int most;
    private final List<Frame> frames = new ArrayList<>();

    /** Null behind the first event of a snapshot, and in a delta. */
    private @Nullable List<String> names;

    private List<String> joined = new ArrayList<>();
    private List<String> left = new ArrayList<>();
    private List<Attendee> members = new ArrayList<>();
    private List<Attendee> gone = new ArrayList<>();
    private int bytes = HEAD_BYTES;

    private PresenceFrames(Event.Presence event, int most) {
        this.room = event.room();
        this.count = event.count();
        this.most = most;
        this.names = event.names() == null ? null : new ArrayList<>();
    }

    /**
     * Returns the frame of an event, or of several that say the same.
     *
     * @param most how many bytes one has, unless a single entry has more
     */
    static Frame of(Event.Presence event, int most) {
        String whole = JsonCodec.encode(event);
        if (Utf8.length(whole) <= most) {
            return new Frame.Text(whole);
        }
        PresenceFrames parts = new PresenceFrames(event, most);
        parts.add(event);
        return Frame.of(parts.frames);
    }

    private void add(Event.Presence event) {
        for (String name : orNone(event.names())) {
            fit(bytes(name));
            (names == null ? joined : names).add(name);
        }
        for (String name : orNone(event.joined())) {
            fit(bytes(name));
            joined.add(name);
        }
        for (String name : orNone(event.left())) {
            fit(bytes(name));
            left.add(name);
        }
        for (Attendee member : event.members()) {
            fit(bytes(member));
            members.add(member);
        }
        for (Attendee member : event.gone()) {
            fit(bytes(member));
            gone.add(member);
        }
        end();
    }

    private static List<String> orNone(@Nullable List<String> names) {
        return names == null ? List.of() : names;
    }

    /** As many bytes as it has at most: what JSON escapes in a name has two. */
    private static int bytes(@Nullable String name) {
        return name == null ? 0 : 2 * Utf8.length(name) + 3;
    }

    private static int bytes(Attendee member) {
        int state = member.state() == null ? 0 : member.state().bytes();
        return ENTRY_BYTES + bytes(member.user()) + bytes(member.name()) + state;
    }

    /** Ends the event where one more of that many bytes does not fit. */
    private void fit(int more) {
        if (bytes > HEAD_BYTES && bytes + more > most) {
            end();
        }
        bytes += more;
    }

    private void end() {
        List<String> its = names;
        frames.add(new Frame.Text(JsonCodec.encode(
                its != null
                        ? new Event.Presence(room, its, null, null, members, gone, count)
                        : new Event.Presence(room, null, joined, left, members, gone, count))));
        names = null;
        joined = new ArrayList<>();
        left = new ArrayList<>();
        members = new ArrayList<>();
        gone = new ArrayList<>();
        bytes = HEAD_BYTES;
    }
}

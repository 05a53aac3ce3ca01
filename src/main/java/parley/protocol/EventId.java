package parley.protocol;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The ids of an event stream: how far a reader has come, {@code epoch:seq} in the stream of one room, and {@code
 * room=epoch:seq}, with commas between, in that of several. A reader that comes back with such an id goes on behind it
 * in each of its rooms.
 */
public final class EventId {
    /** The rule as a phrase for error messages. */
    public static final String RULE =
            "epoch:seq in the stream of one room, and room=epoch:seq,room=epoch:seq in that of several";

    /** The id of the last event for a reader that is not to come back: no position, and answered with 204. */
    public static final String END = "end";

    private static final Pattern POSITION = Pattern.compile("(?:([^=]*)=)?([!-~&&[^,=]]{1,64}):(\\d{1,18})");

    /** Behind a message of a history of a room. */
    public record Position(String epoch, long seq) {}

    private EventId() {}

    /** In one room. */
    public static String of(String epoch, long seq) {
        return epoch + ":" + seq;
    }

    /** In several rooms: for each the id that it has in a stream of its own. */
    public static String of(Map<RoomName, String> positions) {
        StringJoiner id = new StringJoiner(",");
        positions.forEach((room, position) -> id.add(room.value() + "=" + position));
        return id.toString();
    }

    /**
     * Reads an id.
     *
     * @param rooms those of the stream; one without a name belongs to the only one there is, and others are passed over
     * @return the position in each room that the id has one for; empty when it is none
     */
    public static Optional<Map<RoomName, Position>> parse(String id, Collection<RoomName> rooms) {
        Map<RoomName, Position> positions = new HashMap<>();
        for (String part : id.split(",", -1)) {
            Matcher position = POSITION.matcher(part.strip());
            if (!position.matches() || (position.group(1) == null && rooms.size() != 1)) {
                return Optional.empty();
            }
            RoomName room = position.group(1) == null ? rooms.iterator().next() : RoomName.parse(position.group(1));
            if (room == null) {
                return Optional.empty();
            }
            if (rooms.contains(room)) {
                positions.put(room, new Position(position.group(2), Long.parseLong(position.group(3))));
            }
        }
        return Optional.of(positions);
    }
}

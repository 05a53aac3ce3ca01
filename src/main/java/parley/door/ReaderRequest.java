package parley.door;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import parley.protocol.EventId;
import parley.protocol.MemberName;
import parley.protocol.Moment;
import parley.protocol.RoomName;
import parley.room.Start;
import parley.session.FirstRoom;
import parley.session.StreamTerms;

/**
 * What a request for an event stream asks for: rooms, a name, and where to start. Immutable.
 *
 * @param rooms at least one
 * @param parameters those of its query
 * @param positions where the client is in rooms that it has read before
 * @param history how many messages back it starts in the others
 * @param since or at which time
 */
record ReaderRequest(
        Set<RoomName> rooms,
        Map<String, String> parameters,
        Map<RoomName, EventId.Position> positions,
        int history,
        Optional<Moment> since) {
    private static final String PATH = "/rooms/";

    /** Says what is wrong with a request. */
    static final class Wrong extends Exception {
        private static final long serialVersionUID = 1L;

        Wrong(String reason) {
            super(reason, null, false, false);
        }
    }

    /**
     * Reads a request.
     *
     * @param mostRooms how many rooms it may name
     */
    static ReaderRequest of(Request request, int mostRooms) throws Wrong {
        Map<String, String> parameters;
        Set<RoomName> rooms = new LinkedHashSet<>();
        try {
            parameters = Query.parse(request.query());
            for (String name : names(request)) {
                RoomName room = RoomName.parse(name);
                if (room == null) {
                    throw new Wrong("a room's name is " + RoomName.RULE);
                }
                rooms.add(room);
            }
        } catch (IllegalArgumentException e) {
            throw new Wrong(Admission.BROKEN_QUERY);
        }
        if (rooms.isEmpty() || rooms.size() > mostRooms) {
            throw new Wrong("an event stream has 1 to " + mostRooms + " rooms, as in /events?room=a&room=b, and not "
                    + rooms.size());
        }
        if (Admission.hasWrongName(parameters)) {
            throw new Wrong("name is " + MemberName.RULE);
        }
        String key = parameters.get("key");
        if (key != null && !StreamTerms.isKey(key)) {
            throw new Wrong("key is " + StreamTerms.KEY_RULE);
        }
        int history = Admission.history(parameters.get("history"));
        if (history < 0) {
            throw new Wrong(Admission.HISTORY_RULE);
        }
        Optional<Moment> since = Optional.ofNullable(parameters.get("since")).flatMap(Moment::parse);
        if (parameters.containsKey("since") && (since.isEmpty() || parameters.containsKey("history"))) {
            throw new Wrong("since is " + Moment.RULE + "; it does not go with history");
        }
        return new ReaderRequest(rooms, parameters, positions(request, parameters, rooms), history, since);
    }

    private static List<String> names(Request request) {
        String path = request.path();
        return path.startsWith(PATH)
                ? List.of(path.substring(PATH.length(), path.lastIndexOf('/')))
                : Query.all(request.query(), "room");
    }

    /** A browser that comes back by itself says in a header where it is; its address still says where it began. */
    static Optional<String> lastEventId(Request request, Map<String, String> parameters) {
        return Stream.of(
                        Optional.ofNullable(request.headers().value("Last-Event-ID")),
                        Optional.ofNullable(parameters.get("lastEventId")),
                        Optional.ofNullable(parameters.get("after")))
                .flatMap(Optional::stream)
                .filter(one -> !one.isBlank())
                .findFirst();
    }

    private static Map<RoomName, EventId.Position> positions(
            Request request, Map<String, String> parameters, Set<RoomName> rooms) throws Wrong {
        Optional<String> id = lastEventId(request, parameters);
        if (id.isEmpty()) {
            return Map.of();
        }
        return EventId.parse(id.get(), rooms)
                .orElseThrow(() ->
                        new Wrong("Last-Event-ID, lastEventId and after are the id of an event, " + EventId.RULE));
    }

    /** The client's secret word for the stream; null for none. */
    @Nullable
    String key() {
        return parameters.get("key");
    }

    /** Where the client enters its rooms, under that name. */
    List<FirstRoom> first(@Nullable MemberName name) {
        List<FirstRoom> first = new ArrayList<>();
        for (RoomName room : rooms) {
            EventId.Position at = positions.get(room);
            Start unknown = since.isPresent() ? new Start.Since(since.get().millis()) : new Start.Last(history);
            first.add(new FirstRoom(room, name, at == null ? unknown : new Start.After(at.epoch(), at.seq())));
        }
        return first;
    }
}

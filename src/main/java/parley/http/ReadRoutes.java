package parley.http;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import parley.door.HttpDoor;
import parley.protocol.Event;
import parley.protocol.HttpJson;
import parley.protocol.JsonCodec;
import parley.protocol.Moment;
import parley.room.History;
import parley.room.Presence;
import parley.room.Room;
import parley.room.RoomRegistry;
import parley.room.RoomStore;

/** Reading over HTTP: messages, members, rooms. Any thread. */
final class ReadRoutes {
    private static final String JSON = "application/json";
    private static final int DEFAULT_LIMIT = 50;
    private static final int MOST_ROOMS = 1000;
    /** Less than the time after which servers and proxies give a request up, which is a minute mostly. */
    private static final int LONGEST_WAIT = 50;

    private static final Pattern SECONDS = Pattern.compile("([1-9]|[1-4]\\d|50)s?");

    private final Reception reception;
    private final RoomRegistry rooms;
    private final LongPolls polls;

    ReadRoutes(Reception reception, RoomRegistry rooms, LongPolls polls) {
        this.polls = polls;
        this.reception = reception;
        this.rooms = rooms;
    }

    /** Adds its routes. */
    void routes(Router.Builder routes) {
        routes.on(
                "GET",
                "/rooms/{room}/messages",
                (exchange, values) -> reception.admitReader(
                        exchange, values.get(0), (caller, room, newest) -> messages(exchange, caller, room, newest)));
        routes.on(
                "GET",
                "/rooms/{room}/members",
                (exchange, values) -> reception.admitReader(
                        exchange, values.get(0), (caller, room, newest) -> members(exchange, room)));
        routes.on(
                "GET",
                "/rooms",
                (exchange, values) ->
                        reception.admitOperator(exchange, caller -> rooms(exchange, caller.parameters())));
    }

    private void messages(Exchange exchange, HttpDoor.Caller caller, Room room, RoomStore.Expected newest) {
        Map<String, String> parameters = caller.parameters();
        String after = parameters.get("after");
        String before = parameters.get("before");
        String since = parameters.get("since");
        Optional<Moment> moment = since == null ? Optional.empty() : Moment.parse(since);
        int limit = limit(parameters, Integer.MAX_VALUE);
        long named = Stream.of("after", "before", "since")
                .filter(parameters::containsKey)
                .count();
        if (!isNumber(after) || !isNumber(before) || limit < 1 || named > 1 || (since != null && moment.isEmpty())) {
            exchange.answer(Problem.of(
                    400,
                    "bad-query",
                    "after or before is the seq of a message, or since " + Moment.RULE
                            + "; none of them for the newest; limit is a number from 1"));
            return;
        }
        String changes = parameters.getOrDefault("changes", "false");
        boolean withChanges = changes.equals("true");
        if ((!withChanges && !changes.equals("false")) || (withChanges && after == null)) {
            exchange.answer(Problem.of(400, "bad-query", "changes is true or false; true goes with after"));
            return;
        }
        History.Range range = after != null
                ? withChanges
                        ? History.Range.withChangesAfter(Long.parseLong(after), limit)
                        : History.Range.after(Long.parseLong(after), limit)
                : before != null
                        ? History.Range.before(Long.parseLong(before), limit)
                        : moment.map(at -> History.Range.since(at.millis(), limit))
                                .orElseGet(() -> History.Range.newest(limit));
        Consumer<History.@Nullable Page> then = page -> {
            if (page == null) {
                exchange.answer(Problem.unavailable("the messages cannot be read now; ask again"));
            } else {
                boolean isOfTheNewest = named == 0;
                exchange.answer(page(exchange, room, page, isOfTheNewest ? newest : null));
            }
        };
        String wait = parameters.get("wait");
        if (wait == null) {
            room.read(null, range, then);
            return;
        }
        Matcher seconds = SECONDS.matcher(wait);
        if (!seconds.matches() || before != null || named == 0) {
            exchange.answer(Problem.of(
                    400, "bad-query", "wait is a time from 1s to " + LONGEST_WAIT + "s; it goes with after or since"));
        } else {
            polls.read(
                    exchange, caller, room, range, newest, Duration.ofSeconds(Long.parseLong(seconds.group(1))), then);
        }
    }

    /**
     * Writes a page. Those of the newest messages are tagged with the newest too, so that the tag does for {@code
     * If-Match}; others with what is in them alone.
     *
     * @param newest the newest message before the page was read; null for another page
     */
    private static Answer page(Exchange exchange, Room room, History.Page page, RoomStore.@Nullable Expected newest) {
        String tag;
        if (newest == null) {
            tag = Positions.tag(page);
        } else {
            boolean isComparable = newest.epoch().equals(page.epoch()) && room.numbersAreItsOwn();
            long last = Positions.last(page);
            // The newest may be a change, which is in no page.
            tag = Positions.tag(page, isComparable ? Math.max(newest.seq(), last) : last);
        }
        Map<String, String> headers = new HashMap<>();
        headers.put("ETag", tag);
        headers.put("Cache-Control", "private, no-cache");
        if (new EntityTag(tag).isKnownBy(exchange.request().headers().value("If-None-Match"))) {
            return new Answer(304, headers, new byte[0]);
        }
        headers.put("Content-Type", JSON);
        Event history = new Event.History(null, room.name(), page.epoch(), page.messages(), page.more(), page.first());
        return Answer.of(200, headers, JsonCodec.encode(history) + "\n");
    }

    private static void members(Exchange exchange, Room room) {
        Presence.Snapshot now = room.snapshot();
        exchange.answer(json(JsonCodec.encode(now.event(null, room.name())) + "\n"));
    }

    private void rooms(Exchange exchange, Map<String, String> parameters) {
        int limit = limit(parameters, MOST_ROOMS);
        if (limit < 1) {
            exchange.answer(Problem.of(400, "bad-query", "limit is a number from 1"));
            return;
        }
        List<RoomRegistry.Listed> listed =
                rooms.list(parameters.getOrDefault("prefix", ""), parameters.getOrDefault("after", ""), limit + 1);
        boolean more = listed.size() > limit;
        List<HttpJson.Room> told = listed.stream()
                .limit(limit)
                .map(room -> new HttpJson.Room(room.name(), room.members(), room.epoch(), room.seq()))
                .toList();
        exchange.answer(json(HttpJson.rooms(told, more)));
    }

    private static Answer json(String body) {
        return Answer.of(200, Map.of("Content-Type", JSON, "Cache-Control", "no-store"), body);
    }

    private static boolean isNumber(@Nullable String value) {
        return value == null || value.matches("\\d{1,18}");
    }

    /** How many to tell; 0 when that cannot be read. */
    private static int limit(Map<String, String> parameters, int most) {
        String limit = parameters.get("limit");
        if (limit == null) {
            return DEFAULT_LIMIT;
        }
        return isNumber(limit) ? (int) Math.min(Long.parseLong(limit), most) : 0;
    }
}

package parley.client;

import static org.assertj.core.api.Assertions.assertThat;
import static parley.client.FakeServer.parse;
import static parley.client.FakeServer.value;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonNumber;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * The scenarios of src/test/scenarios/client.scenario, which says what each step means. parley.js is tested with the
 * same ones.
 */
class ClientScenarioTest {
    @TestFactory
    Stream<DynamicTest> theClientDoesWhatItPromises() throws IOException {
        String all = Files.readString(Path.of("src/test/scenarios/client.scenario"));
        String[] scenarios = all.split("(?m)^== ");
        assertThat(scenarios).hasSizeGreaterThan(50);
        return Arrays.stream(scenarios).skip(1).map(scenario -> {
            List<String> lines = scenario.strip().lines().toList();
            return DynamicTest.dynamicTest(lines.get(0), () -> {
                try (Player player = new Player()) {
                    for (String step : lines.subList(1, lines.size())) {
                        String[] parts = step.split(" ", 2);
                        player.play(step, parts[0], parts.length == 1 ? "" : parts[1]);
                    }
                }
            });
        });
    }

    /** What was seen of a room. */
    private static final class Seen implements RoomCallbacks {
        final List<Object> read = new ArrayList<>();
        final List<Object> own = new ArrayList<>();
        final List<Object> users = new ArrayList<>();
        final List<Object> gaps = new ArrayList<>();
        final List<Object> resets = new ArrayList<>();
        final List<Object> signals = new ArrayList<>();
        List<RoomMember> told = List.of();

        @Override
        public void message(RoomMessage message) {
            read.add(message.text());
            own.add(message.isOwn());
            users.add(message.user());
        }

        @Override
        public void missed(MissedRange range) {
            gaps.add(range.state().name().toLowerCase() + " " + range.after() + "-" + range.before());
        }

        @Override
        public void reset(String epoch) {
            resets.add(epoch);
        }

        @Override
        public void members(RoomMembers members) {
            told = members.people();
        }

        @Override
        public void signal(RoomSignal signal) {
            JsonObjectBuilder shown = Json.createObjectBuilder();
            add(shown, "from", signal.from());
            add(shown, "user", signal.user());
            signals.add(shown.add("data", signal.data()).build());
        }
    }

    private record Outcome(CompletableFuture<?> future, Function<Object, JsonValue> shown) {}

    private static final class Player implements AutoCloseable {
        private static final Pattern CONTENT = Pattern.compile("(long|\".*?\"|\\{.*?})(?: (\\S+))?");
        private static final Pattern FETCHED = Pattern.compile("(\\[.*?]) (true|false) ?(.*)");
        private static final Pattern WATCHED = Pattern.compile("(\\[.*?]) (\\[.*?])");
        private static final Pattern LISTS = Pattern.compile("(\\[.*?])(?: (\\[.*]))?");
        private static final Pattern MEMBERS = Pattern.compile("(\\[.*?]) (\\d+) (true|false)");

        private final FakeServer server = new FakeServer();
        private final FakeTimers timers = new FakeTimers();
        private final Map<String, ClientRoom> rooms = new HashMap<>();
        private final Map<String, Seen> seen = new HashMap<>();
        private final Map<String, Outcome> asked = new HashMap<>();
        private JsonObject options = JsonValue.EMPTY_JSON_OBJECT;
        private ParleyClient client;
        private RoomSummaries watched;

        private ParleyClient client() {
            if (client == null) {
                ParleyClient.Builder builder = ParleyClient.to("ws://example.org/chat");
                Deque<String> tokens = new ArrayDeque<>();
                options.forEach((name, value) -> {
                    switch (name) {
                        case "name" -> builder.name(text(value));
                        case "token" -> builder.token(text(value));
                        case "tokens" -> {
                            value.asJsonArray().forEach(token -> tokens.add(text(token)));
                            builder.token(tokens::remove);
                        }
                        case "unsent" -> builder.unsent(((JsonNumber) value).intValue());
                        case "random" -> {}
                        default -> throw new AssertionError(name);
                    }
                });
                double random = options.containsKey("random")
                        ? options.getJsonNumber("random").doubleValue()
                        : 0.5;
                client = builder.build(server.runtime(timers, random));
            }
            return client;
        }

        void play(String step, String word, String text) {
            String[] words = text.split(" ");
            String one = words[0];
            String two = words.length > 1 ? words[1] : "";
            String three = words.length > 2 ? words[2] : "";
            switch (word) {
                case "options" -> options = parse(text);
                case "join" -> join(one, two);
                case "leave" -> rooms.get(one).leave();
                case "close" -> client.close();
                case "retry" -> client.retry();
                case "rename" -> ask(one, client.rename(two), done -> JsonValue.NULL);
                case "say" -> say(rooms.get(one), two, rest(text, 2));
                case "edit" -> edit(rooms.get(one), two, Long.parseLong(three), rest(text, 3));
                case "remove" -> ask(two, rooms.get(one).remove(Long.parseLong(three)), ClientScenarioTest::changed);
                case "show" -> show(rooms.get(one), two, value(rest(text, 2)));
                case "mark" ->
                    ask(two, rooms.get(one).mark(Long.parseLong(three)), seq -> Json.createValue((Long) seq));
                case "watch" -> watch(one, rest(text, 1));
                case "signal" -> ask(two, rooms.get(one).signal(value(rest(text, 2))), done -> JsonValue.NULL);
                case "history" ->
                    ask(
                            two,
                            three.isEmpty()
                                    ? rooms.get(one).history()
                                    : rooms.get(one).history(Long.parseLong(three), 50),
                            page -> shown((HistoryPage) page));
                case "welcome" -> server.newest().welcome(one, object(rest(text, 1)));
                case "<" -> server.newest().say(text);
                case "message" -> server.newest().message(one, Long.parseLong(two), object(rest(text, 2)));
                case "gap" ->
                    server.newest()
                            .say("{\"type\":\"gap\",\"room\":\"%s\",\"after\":%s,\"before\":%s}"
                                    .formatted(one, two, three));
                case "presence" -> presence(one, Long.parseLong(two), object(rest(text, 2)));
                case "answer" -> answer(one, parse(rest(text, 1)));
                case "fetched" -> fetched(text);
                case "drop" -> server.newest().drop(Integer.parseInt(one), rest(text, 1), 0);
                case "refused" -> server.newest().drop(1006, rest(text, 1), Integer.parseInt(one));
                case "pass" -> timers.pass(Long.parseLong(one));
                default -> check(step, word, text, words);
            }
        }

        private void check(String step, String word, String text, String[] words) {
            String one = words[0];
            switch (word) {
                case "opens" -> {
                    assertThat(server.newest().address.getRawPath()).as(step).isEqualTo(text.split("\\?")[0]);
                    assertThat(parameters(server.newest().address.getRawQuery()))
                            .as(step)
                            .isEqualTo(parameters(text.contains("?") ? text.split("\\?")[1] : null));
                }
                case "token" -> assertThat(server.newest().token).as(step).isEqualTo(one);
                case "connections" -> assertThat(server.lines).as(step).hasSize(Integer.parseInt(one));
                case "sent" -> {
                    JsonArrayBuilder sent = Json.createArrayBuilder();
                    for (JsonObject command : server.newest().all(one)) {
                        sent.add(command.getOrDefault(words[1], JsonValue.NULL));
                    }
                    assertThat((JsonValue) sent.build()).as(step).isEqualTo(value(rest(text, 2)));
                }
                case "done" -> {
                    Outcome outcome = asked.get(one);
                    assertThat(outcome.future).as(step).isCompleted();
                    contains(step, outcome.shown.apply(outcome.future.join()), value(rest(text, 1)));
                }
                case "failed" ->
                    assertThat(asked.get(one).future)
                            .as(step)
                            .isCompletedExceptionally()
                            .satisfies(future -> assertThat(failure(future)).isEqualTo(words[1]));
                case "waits" -> assertThat(asked.get(one).future).as(step).isNotDone();
                case "state" -> contains(step, shown(client.state()), expected(one, rest(text, 1)));
                case "room" ->
                    assertThat(rooms.get(one).state().name().toLowerCase())
                            .as(step)
                            .isEqualTo(words[1]);
                case "read" -> same(step, seen.get(one).read, rest(text, 1));
                case "own" -> same(step, seen.get(one).own, rest(text, 1));
                case "gaps" -> same(step, seen.get(one).gaps, rest(text, 1));
                case "resets" -> same(step, seen.get(one).resets, rest(text, 1));
                case "users" -> same(step, seen.get(one).users, rest(text, 1));
                case "signals" -> same(step, seen.get(one).signals, rest(text, 1));
                case "told" -> same(step, shown(seen.get(one).told), rest(text, 1));
                case "people" -> same(step, shown(rooms.get(one).members().people()), rest(text, 1));
                case "marked" ->
                    assertThat(shown(rooms.get(one).readMark().orElse(null)))
                            .as(step)
                            .isEqualTo(value(rest(text, 1)));
                case "watched" -> {
                    Matcher expected = matched(WATCHED, text);
                    same(step, words(watched), expected.group(1));
                    same(step, watched.gone(), expected.group(2));
                }
                case "unwatched" ->
                    assertThat(watched.failure().code()).as(step).isEqualTo(one);
                case "members" -> {
                    Matcher members = matched(MEMBERS, rest(text, 1));
                    RoomMembers found = rooms.get(one).members();
                    same(step, found.names(), members.group(1));
                    assertThat(found.count()).as(step).isEqualTo(Long.parseLong(members.group(2)));
                    assertThat(found.isComplete()).as(step).isEqualTo(Boolean.parseBoolean(members.group(3)));
                }
                case "called" -> assertThat(client.name()).as(step).contains(one);
                case "known" -> same(step, Arrays.asList(client.user().orElse(null)), "[" + rest(text, 1) + "]");
                default -> throw new AssertionError("there is no step '" + step + "'");
            }
        }

        private void join(String room, String history) {
            Seen fresh = new Seen();
            seen.put(room, fresh);
            int back = history.isEmpty() ? 0 : Integer.parseInt(history);
            rooms.put(room, client().join(room, Joining.last(back).callbacks(fresh)));
        }

        private void watch(String as, String lists) {
            Matcher wanted = matched(LISTS, lists);
            List<String> names = texts(wanted.group(1));
            WatchDetail[] details = texts(wanted.group(2) == null ? "[]" : wanted.group(2)).stream()
                    .map(detail -> WatchDetail.valueOf(detail.toUpperCase()))
                    .toArray(WatchDetail[]::new);
            ask(as, client().watch(names, now -> watched = now, details), done -> JsonValue.NULL);
        }

        private static List<String> texts(String list) {
            return value(list).asJsonArray().stream()
                    .map(ClientScenarioTest::text)
                    .toList();
        }

        private void ask(String as, CompletableFuture<?> future, Function<Object, JsonValue> shown) {
            asked.put(as, new Outcome(future, shown));
        }

        private void say(ClientRoom room, String as, String what) {
            Matcher content = matched(CONTENT, what);
            String id = content.group(2);
            CompletableFuture<Receipt> said;
            if (content.group(1).startsWith("{")) {
                JsonObject data = parse(content.group(1));
                said = id == null ? room.say(data) : room.say(data, id);
            } else {
                String line = content.group(1).equals("long") ? "ä".repeat(500) : text(value(content.group(1)));
                said = id == null ? room.say(line) : room.say(line, id);
            }
            ask(as, said, receipt -> shown((Receipt) receipt));
        }

        private void edit(ClientRoom room, String as, long seq, String what) {
            Matcher content = matched(CONTENT, what);
            String id = content.group(2);
            CompletableFuture<ChangeReceipt> edited;
            if (content.group(1).startsWith("{")) {
                JsonObject data = parse(content.group(1));
                edited = id == null ? room.edit(seq, data) : room.edit(seq, data, id);
            } else {
                String line = text(value(content.group(1)));
                edited = id == null ? room.edit(seq, line) : room.edit(seq, line, id);
            }
            ask(as, edited, ClientScenarioTest::changed);
        }

        private void show(ClientRoom room, String as, JsonValue state) {
            ask(
                    as,
                    state.equals(JsonValue.NULL) ? room.clearState() : room.setState(state.asJsonObject()),
                    done -> JsonValue.NULL);
        }

        private void presence(String room, long count, JsonObject more) {
            JsonObjectBuilder event = Json.createObjectBuilder()
                    .add("type", "presence")
                    .add("room", room)
                    .add("joined", JsonValue.EMPTY_JSON_ARRAY)
                    .add("left", JsonValue.EMPTY_JSON_ARRAY)
                    .add("count", count);
            more.forEach(event::add);
            server.newest().say(event.build().toString());
        }

        private void answer(String what, JsonObject event) {
            String[] parts = what.split("#");
            List<JsonObject> all = server.newest().all(parts[0]);
            int at = parts.length == 1 ? all.size() : Integer.parseInt(parts[1]);
            server.newest().answer(all.get(at - 1), event);
        }

        private void fetched(String text) {
            Matcher fetched = matched(FETCHED, text);
            List<JsonObject> asked = server.newest().all("history");
            JsonObject last = asked.get(asked.size() - 1);
            String room = last.getString("room");
            JsonArrayBuilder messages = Json.createArrayBuilder();
            for (JsonValue seq : value(fetched.group(1)).asJsonArray()) {
                messages.add(FakeServer.message(room, ((JsonNumber) seq).longValue(), JsonValue.EMPTY_JSON_OBJECT));
            }
            var answer = Json.createObjectBuilder()
                    .add("type", "history")
                    .add("room", room)
                    .add("epoch", "e")
                    .add("more", Boolean.parseBoolean(fetched.group(2)))
                    .add("messages", messages);
            object(fetched.group(3)).forEach(answer::add);
            server.newest().answer(last, answer.build());
        }

        @Override
        public void close() {
            if (client != null) {
                client.close();
                assertThat(timers.size())
                        .as("what a closed client has still to do")
                        .isZero();
                assertThat(client.ended()).isCompleted();
            }
        }
    }

    private static String rest(String text, int words) {
        String[] parts = text.split(" ", words + 1);
        return parts.length > words ? parts[words] : "";
    }

    private static Matcher matched(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        assertThat(matcher.matches()).as(text).isTrue();
        return matcher;
    }

    private static JsonObject object(String json) {
        return json.isEmpty() ? JsonValue.EMPTY_JSON_OBJECT : parse(json);
    }

    private static String text(JsonValue value) {
        return ((JsonString) value).getString();
    }

    private static JsonObject expected(String state, String json) {
        return Json.createObjectBuilder(object(json)).add("name", state).build();
    }

    private static JsonValue shown(Receipt receipt) {
        return Json.createObjectBuilder()
                .add("id", receipt.id())
                .add("seq", receipt.seq())
                .add("duplicate", receipt.isDuplicate())
                .build();
    }

    private static JsonValue changed(Object change) {
        ChangeReceipt receipt = (ChangeReceipt) change;
        return Json.createObjectBuilder()
                .add("seq", receipt.seq())
                .add("duplicate", receipt.isDuplicate())
                .build();
    }

    private static JsonValue shown(HistoryPage page) {
        JsonArrayBuilder texts = Json.createArrayBuilder();
        page.messages().forEach(message -> texts.add(message.text()));
        return Json.createObjectBuilder()
                .add("texts", texts)
                .add("more", page.hasMore())
                .build();
    }

    private static JsonValue shown(ConnectionState state) {
        var shown = Json.createObjectBuilder()
                .add("name", state.getClass().getSimpleName().toLowerCase());
        if (state instanceof ConnectionState.Waiting waiting) {
            shown.add("seconds", (waiting.delay().toMillis() + 999) / 1000)
                    .add("code", waiting.code())
                    .add("reason", waiting.reason());
            waiting.status().ifPresent(status -> shown.add("status", status));
        } else if (state instanceof ConnectionState.Closed closed) {
            shown.add("code", closed.code()).add("reason", closed.reason());
        }
        return shown.build();
    }

    private static JsonValue shown(ReadPosition mark) {
        if (mark == null) {
            return JsonValue.NULL;
        }
        JsonArrayBuilder shown = Json.createArrayBuilder().add(mark.seq());
        mark.unread().ifPresentOrElse(shown::add, shown::addNull);
        return shown.add(mark.hasMore()).build();
    }

    /** A word a room, by name. */
    private static List<String> words(RoomSummaries watched) {
        return watched.rooms().values().stream()
                .map(room -> room.name() + " "
                        + (room.seq().isPresent() ? String.valueOf(room.seq().getAsLong()) : "-") + " " + room.count()
                        + words(room.mark()))
                .sorted()
                .toList();
    }

    private static String words(ReadPosition mark) {
        if (mark == null) {
            return "";
        }
        String unread = mark.unread().isPresent() ? String.valueOf(mark.unread().getAsInt()) : "?";
        return " read " + mark.seq() + " left " + unread + (mark.hasMore() ? "+" : "");
    }

    private static List<JsonValue> shown(List<RoomMember> people) {
        return people.stream().map(ClientScenarioTest::shown).toList();
    }

    private static JsonValue shown(RoomMember member) {
        JsonObjectBuilder shown = Json.createObjectBuilder();
        add(shown, "user", member.user());
        add(shown, "name", member.name());
        member.connections().ifPresent(connections -> shown.add("connections", connections));
        member.read().ifPresent(read -> shown.add("read", read));
        if (member.isAway()) {
            shown.add("away", true);
        }
        if (member.state() != null) {
            shown.add("state", member.state());
        }
        return shown.build();
    }

    private static void add(JsonObjectBuilder object, String field, String value) {
        if (value != null) {
            object.add(field, value);
        }
    }

    private static String failure(CompletableFuture<?> future) {
        return ((ParleyException) future.handle((value, failure) -> failure).join()).code();
    }

    /** Checks the fields that are expected. */
    private static void contains(String step, JsonValue found, JsonValue expected) {
        if (!(expected instanceof JsonObject fields)) {
            assertThat(found).as(step).isEqualTo(expected);
            return;
        }
        fields.forEach((field, value) -> assertThat(found.asJsonObject().get(field))
                .as(step + ": " + field)
                .isEqualTo(value));
    }

    private static void same(String step, List<?> found, String expected) {
        JsonArrayBuilder all = Json.createArrayBuilder();
        for (Object one : found) {
            if (one instanceof Boolean flag) {
                all.add(flag);
            } else if (one instanceof JsonValue json) {
                all.add(json);
            } else if (one == null) {
                all.addNull();
            } else {
                all.add((String) one);
            }
        }
        assertThat((JsonValue) all.build()).as(step).isEqualTo(value(expected));
    }

    private static Map<String, String> parameters(String query) {
        Map<String, String> all = new HashMap<>();
        for (String parameter : query == null ? new String[0] : query.split("&")) {
            all.put(parameter.split("=")[0], parameter.split("=")[1].replace("+", "%20"));
        }
        return all;
    }
}

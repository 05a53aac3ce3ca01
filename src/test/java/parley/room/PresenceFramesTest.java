package parley.room;

import static org.assertj.core.api.Assertions.assertThat;
import static parley.testclient.JsonClient.parse;

import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import parley.delivery.Frame;
import parley.protocol.Attendee;
import parley.protocol.Content;
import parley.protocol.Event;
import parley.protocol.RoomName;
import parley.protocol.Utf8;

/** Presence that is larger than a frame may be. */
class PresenceFramesTest {
    private static final int MOST = 1_000;

    /** What a client knows. */
    private final Set<String> names = new TreeSet<>();

    private final Map<String, JsonValue> members = new LinkedHashMap<>();

    private void take(String line) {
        JsonObject event = parse(line);
        if (event.containsKey("names")) {
            names.clear();
            members.clear();
            names.addAll(strings(event, "names"));
        } else {
            names.addAll(strings(event, "joined"));
            strings(event, "left").forEach(names::remove);
        }
        objects(event, "gone").forEach(one -> members.remove(key(one)));
        objects(event, "members").forEach(one -> members.put(key(one), one));
    }

    private static List<String> strings(JsonObject event, String field) {
        return event.getJsonArray(field).getValuesAs(JsonString::getString);
    }

    private static List<JsonObject> objects(JsonObject event, String field) {
        return event.containsKey(field) ? event.getJsonArray(field).getValuesAs(JsonObject.class) : List.of();
    }

    private static String key(JsonObject member) {
        return member.containsKey("user") ? "@" + member.getString("user") : "=" + member.getString("name");
    }

    private static List<String> lines(Frame frame) {
        List<Frame> all = frame instanceof Frame.Several several ? several.messages() : List.of(frame);
        return all.stream().map(one -> ((Frame.Text) one).text()).toList();
    }

    private static Attendee user(int i) {
        String json = "{\"x\":" + i + "}";
        Content state = new Content(Content.Kind.DATA, json, json.length());
        return new Attendee("u" + i, "N\"" + i, 1 + i % 3, state, i % 2 == 0 ? null : (Long) (long) i, false);
    }

    @Test
    void oneThatFitsIsOneEvent() {
        Event.Presence event =
                new Event.Presence(RoomName.LOBBY, List.of("Ann"), null, null, List.of(user(1)), List.of(), 2);
        assertThat(lines(PresenceFrames.of(event, MOST))).hasSize(1);
    }

    @Test
    void aClientComesToTheSameByTheParts() {
        Random random = new Random(3);
        for (int round = 0; round < 50; round++) {
            List<String> some = IntStream.range(0, random.nextInt(300))
                    .mapToObj(i -> "Zoë\\" + i)
                    .toList();
            List<Attendee> users = IntStream.range(0, random.nextInt(100))
                    .mapToObj(PresenceFramesTest::user)
                    .toList();
            Event.Presence snapshot =
                    new Event.Presence(RoomName.LOBBY, some, null, null, users, List.of(), some.size());
            takeAll(snapshot);
            assertThat(names).isEqualTo(new TreeSet<>(some));
            assertThat(members).hasSize(users.size());
            Set<String> namesBefore = new TreeSet<>(names);
            List<String> joined = IntStream.range(0, random.nextInt(200))
                    .mapToObj(i -> "J" + i)
                    .toList();
            List<String> left = some.subList(0, some.size() / 2);
            List<Attendee> gone = users.subList(0, users.size() / 2);
            takeAll(new Event.Presence(RoomName.LOBBY, null, joined, left, List.of(user(1_000)), gone, 1));
            namesBefore.addAll(joined);
            left.forEach(namesBefore::remove);
            assertThat(names).isEqualTo(namesBefore);
            assertThat(members).hasSize(users.size() - gone.size() + 1);
            names.clear();
            members.clear();
        }
    }

    private void takeAll(Event.Presence event) {
        List<String> lines = lines(PresenceFrames.of(event, MOST));
        assertThat(lines).allMatch(line -> Utf8.length(line) <= MOST);
        lines.forEach(this::take);
    }

    @Test
    void oneEntryGoesHoweverLargeItIs() {
        List<String> large = new ArrayList<>(List.of("a".repeat(2_000), "b".repeat(2_000)));
        Event.Presence event = new Event.Presence(RoomName.LOBBY, large, null, null, List.of(), List.of(), 2);
        List<String> lines = lines(PresenceFrames.of(event, MOST));
        assertThat(lines).hasSize(2);
        lines.forEach(this::take);
        assertThat(names).hasSize(2);
    }
}

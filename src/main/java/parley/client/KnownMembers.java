package parley.client;

import jakarta.json.JsonObject;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The members of a room: a snapshot, and the deltas after it (docs/protocol.md, section "Presence"). The server bounds
 * both. Used on the client's strand.
 */
final class KnownMembers {
    /** By what presence knows a member: its user, or its name if it has none. */
    private record Key(@Nullable String user, @Nullable String name) {
        static Key of(RoomMember member) {
            return new Key(member.user(), member.user() == null ? member.name() : null);
        }
    }

    private static final Comparator<RoomMember> BY_NAME = Comparator.comparing(
                    (RoomMember member) -> Objects.requireNonNullElse(member.name(), ""))
            .thenComparing(member -> Objects.requireNonNullElse(member.user(), ""));

    private final Set<String> names = new TreeSet<>();
    /** Those of which the server tells more than a name. */
    private final Map<Key, RoomMember> told = new HashMap<>();

    private long count;
    private boolean isComplete;

    void entered(JsonObject joined) {
        count = Wire.number(joined, "count", count);
    }

    /** Takes the answer to {@code who}. */
    void list(JsonObject answer) {
        replace(Wire.names(answer, "names"), answer, !answer.getBoolean("more", false));
    }

    void presence(JsonObject event) {
        if (event.containsKey("names")) {
            replace(Wire.names(event, "names"), event, true);
        } else if (event.containsKey("joined") && event.containsKey("left")) {
            names.addAll(Wire.names(event, "joined"));
            Wire.names(event, "left").forEach(names::remove);
            members(event, "gone").forEach(member -> told.remove(Key.of(member)));
            members(event, "members").forEach(member -> told.put(Key.of(member), member));
        } else {
            isComplete = false;
        }
        count = Wire.number(event, "count", 0);
    }

    private void replace(List<String> all, JsonObject event, boolean isAll) {
        names.clear();
        names.addAll(all);
        told.clear();
        members(event, "members").forEach(member -> told.put(Key.of(member), member));
        count = Wire.number(event, "count", 0);
        isComplete = isAll;
    }

    private static List<RoomMember> members(JsonObject event, String field) {
        return event.containsKey(field)
                ? event.getJsonArray(field).getValuesAs(JsonObject.class).stream()
                        .map(RoomMember::of)
                        .toList()
                : List.of();
    }

    RoomMembers now() {
        Set<@Nullable String> named =
                told.values().stream().map(RoomMember::name).collect(Collectors.toSet());
        List<RoomMember> people = new ArrayList<>(told.values());
        for (String name : names) {
            if (!named.contains(name)) {
                people.add(RoomMember.ofName(name));
            }
        }
        people.sort(BY_NAME);
        return new RoomMembers(List.copyOf(names), people, count, isComplete);
    }
}

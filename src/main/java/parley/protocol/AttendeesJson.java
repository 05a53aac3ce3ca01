package parley.protocol;

import jakarta.json.spi.JsonProvider;
import jakarta.json.stream.JsonGenerator;
import jakarta.json.stream.JsonGeneratorFactory;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;

/**
 * Writes what presence says of members, as JSON. Of none there is an empty text: in rooms of names alone clients are
 * sent what they always were. Any thread.
 */
final class AttendeesJson {
    private static final JsonGeneratorFactory GENERATORS =
            JsonProvider.provider().createGeneratorFactory(Map.of());

    private AttendeesJson() {}

    /** Writes all there is to say of each. */
    static String members(List<Attendee> members) {
        StringJoiner list = new StringJoiner(",", "[", "]").setEmptyValue("");
        members.forEach(member -> list.add(member(member)));
        return list.toString();
    }

    private static String member(Attendee member) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = GENERATORS.createGenerator(text)) {
            key(json.writeStartObject(), member);
            if (member.user() != null && member.name() != null) {
                json.write("name", member.name());
            }
            json.write("connections", member.connections());
            if (member.read() != null) {
                json.write("read", member.read());
            }
            if (member.isAway()) {
                json.write("away", true);
            }
            json.writeEnd();
        }
        Content state = member.state();
        return state == null ? text.toString() : JsonCodec.with(text.toString(), "state", state.text());
    }

    /** Writes of each what it is known by. */
    static String gone(List<Attendee> gone) {
        StringJoiner list = new StringJoiner(",", "[", "]").setEmptyValue("");
        gone.forEach(member -> {
            StringWriter text = new StringWriter();
            try (JsonGenerator json = GENERATORS.createGenerator(text)) {
                key(json.writeStartObject(), member).writeEnd();
            }
            list.add(text.toString());
        });
        return list.toString();
    }

    private static JsonGenerator key(JsonGenerator json, Attendee member) {
        return member.user() != null ? json.write("user", member.user()) : json.write("name", member.name());
    }
}

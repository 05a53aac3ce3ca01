package parley.protocol;

import jakarta.json.stream.JsonGenerator;
import java.util.List;

/** Writes the reactions of the event {@code message}. Any thread. */
final class ReactionsJson {
    private ReactionsJson() {}

    /** Writes those of a message, if it ever had any, and those that a reaction says. */
    static void write(JsonGenerator json, Message entry) {
        Reactions reactions = entry.reactions();
        if (reactions.isNone()) {
            return;
        }
        json.writeStartArray("reactions");
        int named = Reactions.MOST_NAMED_BYTES / Math.max(1, reactions.keys().size());
        for (Reactions.OfKey one : reactions.keys()) {
            List<Reactor> newest = one.newest(named);
            json.writeStartObject().write("key", one.key().value()).write("count", one.count());
            names(json, "users", newest, true);
            names(json, "names", newest, false);
            json.writeEnd();
        }
        json.writeEnd();
        if (!entry.isChange()) { // else its own number says so
            json.write("reacted", reactions.seq());
        }
    }

    private static void names(JsonGenerator json, String field, List<Reactor> senders, boolean areUsers) {
        if (senders.stream().anyMatch(one -> one.isUser() == areUsers)) {
            json.writeStartArray(field);
            senders.stream().filter(one -> one.isUser() == areUsers).forEach(one -> json.write(one.name()));
            json.writeEnd();
        }
    }
}

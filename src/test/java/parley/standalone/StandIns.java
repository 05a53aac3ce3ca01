package parley.standalone;

import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * What a document has in place of session ids, epochs, tickets and times that the server makes, and what each of them
 * means in a run: the first word that comes in its place.
 */
final class StandIns {
    private static final Set<String> MADE_BY_THE_SERVER = Set.of("session", "epoch", "at", "ticket");

    private final Map<String, String> meaning = new HashMap<>();

    /** A word of the document means that here. */
    void put(String word, String means) {
        meaning.put(word, means);
    }

    /** A line of the document, as it reads here. */
    String asMeant(String text) {
        String meant = text;
        for (Map.Entry<String, String> entry : meaning.entrySet()) {
            meant = meant.replace(entry.getKey(), entry.getValue());
        }
        return meant;
    }

    /** Compares what the document says with what came: a word that the server makes has a meaning from then on. */
    void learn(JsonValue expected, JsonValue got) {
        if (expected instanceof JsonObject object && got instanceof JsonObject gotObject) {
            object.forEach((key, value) -> {
                JsonValue here = gotObject.get(key);
                if (MADE_BY_THE_SERVER.contains(key)
                        && value instanceof JsonString word
                        && here instanceof JsonString means) {
                    meaning.putIfAbsent(word.getString(), means.getString());
                } else if (here != null) {
                    learn(value, here);
                }
            });
        } else if (expected instanceof JsonArray array
                && got instanceof JsonArray gotArray
                && array.size() == gotArray.size()) {
            for (int i = 0; i < array.size(); i++) {
                learn(array.get(i), gotArray.get(i));
            }
        }
    }
}

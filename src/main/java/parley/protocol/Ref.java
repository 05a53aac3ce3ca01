package parley.protocol;

import jakarta.json.JsonValue;

/** What a client names a command by, which the answer carries: a string or a number. Immutable. */
public record Ref(JsonValue value) {
    /** The rule as a phrase for error messages. */
    static final String RULE = "a string or a number, of at most 64 characters";

    static final int MAX_LENGTH = 64;
}

package parley.api;

import java.util.Objects;

/** What a message says. Immutable. */
public sealed interface Payload {
    /** A line of text. */
    record Text(String text) implements Payload {
        /** Checks that there is one. */
        public Text {
            Objects.requireNonNull(text, "text");
        }
    }

    /** Nothing any more: the message was removed. Not to be published. */
    record Removed() implements Payload {}

    /**
     * A value of the application's own.
     *
     * @param json the value as JSON (RFC 8259)
     */
    record Data(String json) implements Payload {
        /** Checks that there is one. */
        public Data {
            Objects.requireNonNull(json, "json");
        }
    }
}

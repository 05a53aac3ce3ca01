package parley.protocol;

import org.jspecify.annotations.Nullable;

/** The name of a value in a room, of which the room keeps the newest. Immutable. */
public record Key(String value) {
    /** What a key is, for sentences. */
    public static final String RULE = "1 to 256 characters, none of them a control character";

    private static final int MAX_LENGTH = 256;

    /** Returns the key, or null when the text is none. */
    public static @Nullable Key parse(String text) {
        boolean isKey = !text.isEmpty()
                && text.length() <= MAX_LENGTH
                && Utf8.canEncode(text)
                && text.chars().noneMatch(Character::isISOControl);
        return isKey ? new Key(text) : null;
    }

    @Override
    public String toString() {
        return value;
    }
}

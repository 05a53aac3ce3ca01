package parley.protocol;

import org.jspecify.annotations.Nullable;

/**
 * Which user a client is, by the word of whoever let it in: the {@code sub} of its token (RFC 7519 section 4.1.2), the
 * container's principal, or the application. An identity, not a label: nobody takes another's. 1 to 255 characters (as
 * OpenID Connect Core section 2 has it), none of them a control character or half of a surrogate pair. Compared
 * character by character. Immutable.
 */
public record UserId(String value) {
    /** The rule as a phrase for error messages. */
    public static final String RULE = "1 to 255 characters without control characters";

    private static final int MAX_LENGTH = 255;

    public UserId {
        if (!isValid(value)) {
            throw new IllegalArgumentException("not a user; allowed are " + RULE);
        }
    }

    /** Returns that user, or null if it is none. */
    public static @Nullable UserId parse(String value) {
        return isValid(value) ? new UserId(value) : null;
    }

    private static boolean isValid(String value) {
        return !value.isEmpty()
                && value.length() <= MAX_LENGTH
                && Utf8.canEncode(value)
                && value.chars().noneMatch(Character::isISOControl);
    }

    @Override
    public String toString() {
        return value;
    }
}

package parley.protocol;

import org.jspecify.annotations.Nullable;

/**
 * What a client calls itself: 1 to 40 visible characters, with spaces between. A label, not an identity: two sessions
 * may share one. Spaces around it are taken off. Immutable.
 *
 * <p>What can be seen decides ({@link VisibleText}).
 */
public record MemberName(String value) {
    /** The rule as a phrase for error messages. */
    public static final String RULE = "1 to 40 printable characters, no line breaks, none that cannot be seen";

    private static final int MAX_CODE_POINTS = 40;

    public MemberName {
        value = VisibleText.trimmed(value);
        if (!VisibleText.isVisible(value, MAX_CODE_POINTS)) {
            throw new IllegalArgumentException("not a name; allowed are " + RULE);
        }
    }

    /** Returns that name, or null if it is none. */
    public static @Nullable MemberName parse(String value) {
        String trimmed = VisibleText.trimmed(value);
        return VisibleText.isVisible(trimmed, MAX_CODE_POINTS) ? new MemberName(trimmed) : null;
    }

    @Override
    public String toString() {
        return value;
    }
}

package parley.protocol;

import org.jspecify.annotations.Nullable;

/**
 * What a client calls itself: 1 to 40 printable characters. A label, not an identity: two sessions may share one. Immutable.
 *
 * <p>Not printable are control characters, line and paragraph separators, unassigned and private code points, lone
 * surrogates, and the marks that turn the direction of text, because a name with one of those could rewrite the line it
 * stands in. A name of nothing but spaces is refused too.
 */
public record MemberName(String value) {
    /** The rule as a phrase for error messages. */
    public static final String RULE = "1 to 40 printable characters, no line breaks, not only spaces";

    private static final int MAX_CODE_POINTS = 40;

    public MemberName {
        if (!isValid(value)) {
            throw new IllegalArgumentException("not a name; allowed are " + RULE);
        }
    }

    /** Returns that name, or null if it is none. */
    public static @Nullable MemberName parse(String value) {
        return isValid(value) ? new MemberName(value) : null;
    }

    private static boolean isValid(String value) {
        return !value.isBlank()
                && value.codePointCount(0, value.length()) <= MAX_CODE_POINTS
                && value.codePoints().allMatch(MemberName::isPrintable);
    }

    private static boolean isPrintable(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED -> false;
            case Character.FORMAT -> !turnsDirection(c);
            default -> true;
        };
    }

    private static boolean turnsDirection(int c) {
        return (c >= 0x202A && c <= 0x202E)
                || (c >= 0x2066 && c <= 0x2069)
                || c == 0x200E
                || c == 0x200F
                || c == 0x061C;
    }

    @Override
    public String toString() {
        return value;
    }
}

package parley.protocol;

import java.util.Comparator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Names of rooms that begin, end or go on in a certain way: a name in which {@code *} stands for any characters, also
 * none. Immutable. The most particular comes first: the one with the most characters that stand for themselves.
 */
public final class RoomPattern implements Comparable<RoomPattern> {
    /** What a pattern looks like, for error messages. */
    public static final String RULE = "1 to 64 of letters, digits, '.', '_', '-' and '*', which stands for any";

    /** Every room. */
    public static final RoomPattern ALL = new RoomPattern("*");

    private static final Pattern ALLOWED = Pattern.compile("[A-Za-z0-9._*-]{1,64}");
    private static final Comparator<RoomPattern> MOST_PARTICULAR_FIRST =
            Comparator.comparing(RoomPattern::certain).reversed().thenComparing(RoomPattern::toString);

    private final String text;
    private final String[] parts;

    private RoomPattern(String text) {
        this.text = text;
        this.parts = text.split("\\*", -1);
    }

    /** Reads a pattern; null when it is none. */
    public static @Nullable RoomPattern parse(String text) {
        return ALLOWED.matcher(text).matches() ? new RoomPattern(text) : null;
    }

    /** Whether it stands for that room. */
    public boolean matches(RoomName room) {
        // Each part where it comes first. Not a regular expression: 'a*a*a*a*' takes one of those for ever.
        String name = room.value();
        if (parts.length == 1) {
            return name.equals(text);
        }
        String last = parts[parts.length - 1];
        int end = name.length() - last.length();
        if (!name.startsWith(parts[0]) || end < parts[0].length() || !name.endsWith(last)) {
            return false;
        }
        int at = parts[0].length();
        for (int i = 1; i < parts.length - 1; i++) {
            int found = name.indexOf(parts[i], at);
            if (found < 0 || found + parts[i].length() > end) {
                return false;
            }
            at = found + parts[i].length();
        }
        return true;
    }

    private int certain() {
        return text.length() - (parts.length - 1);
    }

    @Override
    public int compareTo(RoomPattern other) {
        return MOST_PARTICULAR_FIRST.compare(this, other);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof RoomPattern that && that.text.equals(text);
    }

    @Override
    public int hashCode() {
        return text.hashCode();
    }

    @Override
    public String toString() {
        return text;
    }
}

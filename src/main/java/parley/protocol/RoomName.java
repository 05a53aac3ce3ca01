package parley.protocol;

import org.jspecify.annotations.Nullable;

/**
 * The name of a room: 1 to 64 of the ASCII letters, digits, {@code .}, {@code _} and {@code -}. Immutable.
 *
 * <p>The set is small on purpose: it needs no escaping in a path, in a log line or as a part of a subject, and it looks
 * the same on servers that decode path parameters and on those that do not. The names {@code .} and {@code ..} are left
 * out, because browsers and proxies take them for steps in a path (RFC 3986 section 5.2.4) and never ask for them.
 */
public record RoomName(String value) {
    /** The rule as a phrase for error messages. */
    public static final String RULE =
            "1 to 64 of the letters A-Z and a-z, digits, '.', '_' and '-', other than . and ..";

    /** The room of {@code /chat}. */
    public static final RoomName LOBBY = new RoomName("lobby");

    private static final int MAX_LENGTH = 64;

    public RoomName {
        if (!isValid(value)) {
            throw new IllegalArgumentException("not a room name; allowed are " + RULE);
        }
    }

    /** Returns the room of that name, or null if it is none. */
    public static @Nullable RoomName parse(String value) {
        return isValid(value) ? new RoomName(value) : null;
    }

    private static boolean isValid(String value) {
        return !value.isEmpty()
                && value.length() <= MAX_LENGTH
                && !value.equals(".")
                && !value.equals("..")
                && value.chars().allMatch(RoomName::isAllowed);
    }

    private static boolean isAllowed(int c) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || c == '.'
                || c == '_'
                || c == '-';
    }

    /**
     * By hand: of the record whose own one is linked last, the JDK keeps the class, and with it an application that was
     * undeployed.
     */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof RoomName name && value.equals(name.value);
    }

    @Override
    public int hashCode() {
        return value.hashCode();
    }

    @Override
    public String toString() {
        return value;
    }
}

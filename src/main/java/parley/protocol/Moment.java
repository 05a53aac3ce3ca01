package parley.protocol;

import java.time.DateTimeException;
import java.time.Instant;
import java.util.Optional;

/**
 * A time that a client names: as an instant of ISO 8601, such as those of {@code at}, or in milliseconds since 1970.
 * Immutable.
 *
 * @param millis since 1970
 */
public record Moment(long millis) {
    /** The rule as a phrase for error messages. */
    public static final String RULE =
            "a time such as 2026-11-28T09:00:00Z, or milliseconds since 1970 (a + in an address is written %2B)";

    private static final int LONGEST = 40;

    /** Reads one; empty when it is none. */
    public static Optional<Moment> parse(String text) {
        if (text.matches("\\d{1,15}")) {
            return Optional.of(new Moment(Long.parseLong(text)));
        }
        try {
            return text.length() > LONGEST
                    ? Optional.empty()
                    : Optional.of(new Moment(Instant.parse(text).toEpochMilli()));
        } catch (DateTimeException | ArithmeticException e) {
            return Optional.empty();
        }
    }
}

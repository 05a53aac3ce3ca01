package parley.session;

import java.time.Duration;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What holds for an event stream beside its rooms. Immutable.
 *
 * @param retry about when the client comes back if its connection is lost
 * @param requestsPerSecond how many requests a second the client may make beside it; 0 for any number
 * @param key a secret of the client's, by which it ends the stream or puts another in its place; null for none
 */
public record StreamTerms(
        Duration retry, int requestsPerSecond, @Nullable String key) {
    /** What a key is, as a phrase for error messages. */
    public static final String KEY_RULE =
            "16 to 64 of the letters A-Z and a-z, digits, '_' and '-', which nobody guesses";

    private static final Pattern KEY = Pattern.compile("[A-Za-z0-9_-]{16,64}");

    /** Whether a word can be a key. */
    public static boolean isKey(String word) {
        return KEY.matcher(word).matches();
    }
}

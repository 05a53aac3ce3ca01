package parley.client;

import java.util.Set;
import java.util.function.DoubleSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Whether and when a client comes back (docs/protocol.md, section "What is final and what to retry"). Used on the
 * client's strand.
 */
final class Returning {
    /** How long a connection has to last before the next wait is a short one again, in milliseconds. */
    static final long STABLE = 10_000;

    /** RFC 6455 section 7.4.1: closed in peace, and what no frame said. */
    static final int NORMAL = 1000;

    static final int NO_CLOSE_FRAME = 1006;
    private static final int NOT_ALLOWED = 1008;
    /** Closes after which coming back would end the same. */
    private static final Set<Integer> FINAL = Set.of(NORMAL, 1002, 1003, 1007, 1009);
    /** 1008 may come from a container whose HTTP session has ended; this many in a row are final. */
    private static final int MOST_NOT_ALLOWED = 3;

    private static final String EXPIRED = "token expired";
    private static final Pattern NAMED = Pattern.compile("retry (\\d{1,9})-(\\d{1,9}) ms");

    private record Range(long least, long most) {}

    private final ClientOptions options;
    private final DoubleSupplier random;

    private int attempts;
    /** How many closes with 1008 there were in a row. */
    private int refusals;
    /** The one that the server named. */
    private @Nullable Range named;

    Returning(ClientOptions options, DoubleSupplier random) {
        this.options = options;
        this.random = random;
    }

    /** The server has said when to come back. */
    void bye(long least, long most) {
        named = new Range(least, Math.max(least, most));
    }

    /** What the server has named counts once. */
    void begin() {
        named = null;
    }

    /** Something may have changed. */
    void atOnce() {
        named = null;
        attempts = 0;
    }

    /** The connection has lasted. */
    void hasLasted() {
        attempts = 0;
        refusals = 0;
    }

    /** Counts a close, and returns whether it is final. */
    boolean isFinal(int code, String reason) {
        if (code == NOT_ALLOWED && reason.equals(EXPIRED)) {
            return options.token() == null || options.isTokenFixed();
        }
        if (code == NOT_ALLOWED) {
            refusals++;
        }
        return FINAL.contains(code) || refusals >= MOST_NOT_ALLOWED;
    }

    /** In how many milliseconds to come back after a close with that reason. */
    long nextWait(String reason) {
        Matcher said = NAMED.matcher(reason);
        if (named == null && said.find()) {
            bye(Long.parseLong(said.group(1)), Long.parseLong(said.group(2)));
        }
        long least = options.leastWait().toMillis();
        double bound = Math.min(options.mostWait().toMillis(), least * Math.pow(2, attempts + 1));
        Range range = named != null ? named : new Range(least, Math.max(least, (long) bound));
        attempts++;
        return Math.round(range.least + random.getAsDouble() * (range.most - range.least));
    }
}

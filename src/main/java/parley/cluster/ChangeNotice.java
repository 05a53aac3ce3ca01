package parley.cluster;

import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * What a node tells the others when it has folded a change into its message, which they then need not do: words with
 * spaces between. It may get lost.
 *
 * @param of the number of the message
 * @param change that of the change
 */
record ChangeNotice(long of, long change, boolean isRemoval) {
    private static final String REMOVED = "removed";
    private static final String EDITED = "edited";

    byte[] encode() {
        return (of + " " + change + " " + (isRemoval ? REMOVED : EDITED)).getBytes(StandardCharsets.UTF_8);
    }

    /** Reads one; empty when it is none. */
    static Optional<ChangeNotice> decode(byte[] data) {
        String text = new String(data, StandardCharsets.UTF_8);
        if (!text.matches("\\d{1,18} \\d{1,18} (" + REMOVED + "|" + EDITED + ")")) {
            return Optional.empty();
        }
        String[] parts = text.split(" ");
        return Optional.of(
                new ChangeNotice(Long.parseLong(parts[0]), Long.parseLong(parts[1]), parts[2].equals(REMOVED)));
    }
}

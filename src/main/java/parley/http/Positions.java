package parley.http;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import parley.room.RoomStore;

/** Where a room is, as an entity tag (RFC 9110 section 8.8.3): {@code "epoch:seq"}. */
final class Positions {
    private static final Pattern TAG = Pattern.compile("\"([^\":]{1,64}):(\\d{1,18})\"");

    private Positions() {}

    static String tag(String epoch, long seq) {
        return "\"" + epoch + ":" + seq + "\"";
    }

    /** Reads one; empty when it is none. */
    static Optional<RoomStore.Expected> parse(String tag) {
        Matcher matcher = TAG.matcher(tag.strip());
        return matcher.matches()
                ? Optional.of(new RoomStore.Expected(matcher.group(1), Long.parseLong(matcher.group(2))))
                : Optional.empty();
    }
}

package parley.http;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import parley.room.RoomStore;

/** Where a room is, as an entity tag (RFC 9110 section 8.8.3): {@code "epoch:seq"}. */
final class Positions {
    /** A proxy that compresses makes a tag weak. This one is as strong as before: it names a place and no bytes. */
    private static final Pattern TAG = Pattern.compile("(?:W/)?\"([^\":]{1,64}):(\\d{1,18})\"");

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

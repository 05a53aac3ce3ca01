package parley.http;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import parley.protocol.Message;
import parley.protocol.Revision;
import parley.room.History;
import parley.room.RoomStore;

/** Where a room is, as an entity tag (RFC 9110 section 8.8.3): {@code "epoch:seq"}. */
final class Positions {
    /**
     * A proxy that compresses makes a tag weak. This one is as strong as before: it names a place and no bytes. That of
     * a page goes on with what the page shows.
     */
    private static final Pattern TAG = Pattern.compile("(?:W/)?\"([^\":]{1,64}):(\\d{1,18})(?:/[\\d+@]{1,64})?\"");

    private Positions() {}

    static String tag(String epoch, long seq) {
        return "\"" + epoch + ":" + seq + "\"";
    }

    /**
     * The tag of a page of the newest messages. It says where the room is, as {@link #tag(String, long)} does, and goes
     * on with what the page shows: messages that are let go of leave the room where it is, and change the page.
     *
     * @param seq the newest message of the room
     */
    static String tag(History.Page page, long seq) {
        return "\"" + page.epoch() + ":" + Math.max(seq, changed(page)) + "/" + first(page) + rest(page) + "\"";
    }

    /**
     * The tag of another page, which says what is in it and no more. A page with changes tells how many entries it has:
     * a change that a later one replaces goes from between the others.
     */
    static String tag(History.Page page) {
        long changed = changed(page);
        String changes = changed == 0 ? "" : "~" + changed;
        boolean hasChanges =
                page.messages().stream().anyMatch(message -> message.revision() instanceof Revision.Change);
        String count = hasChanges ? "=" + page.messages().size() : "";
        return "\"" + page.epoch() + ":" + first(page) + "-" + last(page) + changes + count + rest(page) + "\"";
    }

    /** The newest change of a message of a page, reactions among them; 0 for none. */
    private static long changed(History.Page page) {
        return page.messages().stream()
                .mapToLong(message ->
                        Math.max(message.newestChange(), message.reactions().seq()))
                .max()
                .orElse(0);
    }

    private static String rest(History.Page page) {
        return (page.more() ? "+" : "") + (page.first() == null ? "" : "@" + page.first());
    }

    private static long first(History.Page page) {
        return page.messages().isEmpty() ? 0 : page.messages().get(0).seq();
    }

    /** The newest message of a page; 0 when it is empty. */
    static long last(History.Page page) {
        List<Message> messages = page.messages();
        return messages.isEmpty() ? 0 : messages.get(messages.size() - 1).seq();
    }

    /** Reads one; empty when it is none. */
    static Optional<RoomStore.Expected> parse(String tag) {
        Matcher matcher = TAG.matcher(tag.strip());
        return matcher.matches()
                ? Optional.of(new RoomStore.Expected(matcher.group(1), Long.parseLong(matcher.group(2))))
                : Optional.empty();
    }
}

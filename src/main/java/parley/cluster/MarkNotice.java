package parley.cluster;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import parley.protocol.UserId;
import parley.room.MarkStore;

/** What a node tells the others when a user has raised its read mark: words with spaces between, the user last. */
record MarkNotice(String node, String user, MarkStore.Mark mark) {
    private static final int PARTS = 4;

    byte[] encode() {
        return (node + " " + mark.epoch() + " " + mark.seq() + " " + user).getBytes(StandardCharsets.UTF_8);
    }

    /** Reads one; empty when it is none. */
    static Optional<MarkNotice> decode(byte[] data) {
        String[] parts = new String(data, StandardCharsets.UTF_8).split(" ", PARTS);
        if (parts.length < PARTS || !parts[2].matches("\\d{1,18}") || UserId.parse(parts[3]) == null) {
            return Optional.empty();
        }
        return Optional.of(new MarkNotice(parts[0], parts[3], new MarkStore.Mark(parts[1], Long.parseLong(parts[2]))));
    }
}

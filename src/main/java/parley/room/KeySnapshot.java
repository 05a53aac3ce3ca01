package parley.room;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import parley.delivery.Frame;
import parley.protocol.Message;

/**
 * The values of a room's keys as of an entry of its log, in pages, which are encoded once for all members of one kind
 * that read them. Any thread.
 */
public final class KeySnapshot {
    /** The bytes of a value besides its key and what it says, when it is sent, about. */
    private static final int OVERHEAD_BYTES = 96;

    private record Key(Frames frames, int page) {}

    private final String epoch;
    private final long seq;
    private final List<List<Message>> pages;
    private final Map<Key, Frame> encoded = new ConcurrentHashMap<>();
    private volatile boolean isRetired;

    /**
     * Makes one.
     *
     * @param values in the order of their numbers
     * @param pageBytes how many bytes a page has when it is sent, about, unless a single value has more
     */
    KeySnapshot(String epoch, long seq, List<Message> values, int pageBytes) {
        this.epoch = epoch;
        this.seq = seq;
        this.pages = pages(values, pageBytes);
    }

    private static List<List<Message>> pages(List<Message> values, int pageBytes) {
        List<List<Message>> pages = new ArrayList<>();
        int from = 0;
        long bytes = 0;
        for (int i = 0; i < values.size(); i++) {
            long more = KeyDraft.bytes(values.get(i)) - KeyDraft.OVERHEAD_BYTES + OVERHEAD_BYTES;
            if (i > from && bytes + more > pageBytes) {
                pages.add(values.subList(from, i));
                from = i;
                bytes = 0;
            }
            bytes += more;
        }
        pages.add(values.subList(from, values.size()));
        return pages;
    }

    /** The history that its number belongs to. */
    public String epoch() {
        return epoch;
    }

    /** The entry of the log that it is as of. */
    public long seq() {
        return seq;
    }

    /** How many pages it has, one at least. */
    public int pageCount() {
        return pages.size();
    }

    /** The values of a page, in the order of their numbers. */
    public List<Message> page(int index) {
        return pages.get(index);
    }

    /** A page as members of one kind are sent it; empty where they do not hear of values. */
    Optional<Frame> frame(Frames frames, int index) {
        return Optional.ofNullable(encoded.computeIfAbsent(
                new Key(frames, index), key -> frames.values(epoch, seq, pages.get(index), index + 1 < pages.size())));
    }

    /** Others are kept in its place: members that read it begin with another one. */
    void retire() {
        isRetired = true;
        letFramesGo();
    }

    boolean isRetired() {
        return isRetired;
    }

    void letFramesGo() {
        encoded.clear();
    }
}

package parley.room;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
    private final KeyTotals totals;

    // Guarded by this
    @GuardedBy("this")
    private final List<List<Message>> pages;

    @GuardedBy("this")
    private final Map<Key, Optional<Frame>> encoded = new HashMap<>();

    /** The bytes that count: of its values, and of the frames that are kept. */
    @GuardedBy("this")
    private long bytes;

    @GuardedBy("this")
    private boolean isRetired;

    /** Whether somebody has read a page lately. */
    @GuardedBy("this")
    private boolean isRead = true;

    /**
     * Makes one.
     *
     * @param values in the order of their numbers
     * @param pageBytes how many bytes a page has when it is sent, about, unless a single value has more
     */
    KeySnapshot(String epoch, long seq, List<Message> values, int pageBytes, KeyTotals totals) {
        this.epoch = epoch;
        this.seq = seq;
        this.totals = totals;
        this.pages = pages(values, pageBytes);
        count(values.stream().mapToLong(KeyDraft::bytes).sum());
    }

    private synchronized void count(long more) {
        bytes += more;
        totals.hold(more);
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
    public synchronized int pageCount() {
        return pages.size();
    }

    /** The values of a page that have not been removed since, in the order of their numbers. */
    public synchronized List<Message> page(int index) {
        isRead = true;
        return pages.get(index);
    }

    /** A page as members of one kind are sent it; empty where they do not hear of values. */
    synchronized Optional<Frame> frame(Frames frames, int index) {
        isRead = true;
        Key key = new Key(frames, index);
        Optional<Frame> known = encoded.get(key);
        if (known != null) {
            return known;
        }
        Optional<Frame> frame =
                Optional.ofNullable(frames.values(epoch, seq, pages.get(index), index + 1 < pages.size()));
        if (!isRetired) {
            encoded.put(key, frame);
            count(bytes(frame));
        }
        return frame;
    }

    private static long bytes(Optional<Frame> frame) {
        return frame.map(one -> (long) one.length()).orElse(0L);
    }

    /** A value has been removed: nobody is given it any more. Its removal follows in the log. */
    synchronized void remove(Message value) {
        for (int i = 0; i < pages.size(); i++) {
            List<Message> page = pages.get(i);
            if (page.isEmpty() || page.get(page.size() - 1).seq() < value.seq()) {
                continue;
            }
            if (page.get(0).seq() <= value.seq()) {
                int index = i;
                pages.set(
                        i, page.stream().filter(one -> one.seq() != value.seq()).toList());
                encoded.entrySet().removeIf(one -> {
                    boolean isOfThePage = one.getKey().page == index;
                    count(isOfThePage ? -bytes(one.getValue()) : 0);
                    return isOfThePage;
                });
            }
            return;
        }
    }

    /** Whether nobody has read a page since this was asked last. */
    synchronized boolean isIdle() {
        boolean isIdle = !isRead;
        isRead = false;
        return isIdle;
    }

    /** Others are kept in its place: members that read it begin with another one. */
    synchronized void retire() {
        isRetired = true;
        encoded.clear();
        count(-bytes);
    }

    synchronized boolean isRetired() {
        return isRetired;
    }

    synchronized void letFramesGo() {
        encoded.values().forEach(frame -> count(-bytes(frame)));
        encoded.clear();
    }
}

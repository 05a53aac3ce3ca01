package parley.protocol;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The reactions to a message, as clients are sent them: of each key how many there are, and the newest of its senders.
 * The store of the message knows all senders. Immutable.
 *
 * @param seq the number of the newest reaction, also where it took one back; 0 for none ever
 * @param keys in the order in which each was set first
 * @param held how many bytes of memory the store takes for all senders
 */
public record Reactions(long seq, List<OfKey> keys, long held) {
    /** Of a message that nobody has reacted to. */
    public static final Reactions NONE = new Reactions(0, List.of(), 0);

    /** How many senders of a key clients are sent at most. */
    public static final int SHOWN = 10;

    /** How many bytes of UTF-8 the names of the senders have in an event at most, each key an equal part of them. */
    static final int MOST_NAMED_BYTES = 4096;

    /** How many senders a key of a message has at most. */
    public static final int MOST_OF_A_KEY = 10_000;

    /** The bytes of a key or a sender besides its characters, about. */
    static final int OVERHEAD_BYTES = 48;

    /**
     * The reactions of a key.
     *
     * @param count how many senders it has, at least 1
     * @param newest the last of them, the newest first, {@link #SHOWN} at most
     */
    public record OfKey(ReactionKey key, int count, List<Reactor> newest) {
        public OfKey {
            newest = List.copyOf(newest);
        }

        /** The newest of its senders whose names have together at most that many bytes of UTF-8. */
        List<Reactor> newest(int bytes) {
            int left = bytes;
            List<Reactor> some = new ArrayList<>();
            for (Reactor one : newest) {
                left -= Utf8.length(one.name());
                if (left < 0) {
                    break;
                }
                some.add(one);
            }
            return some;
        }

        long bytes() {
            long bytes = OVERHEAD_BYTES + Utf8.length(key.value());
            for (Reactor one : newest) {
                bytes += OVERHEAD_BYTES + Utf8.length(one.name());
            }
            return bytes;
        }
    }

    public Reactions {
        keys = List.copyOf(keys);
    }

    /** Whether nobody ever reacted: then clients are sent nothing of it. */
    public boolean isNone() {
        return seq == 0;
    }

    /** The reactions of a key; empty where there are none. */
    public Optional<OfKey> of(ReactionKey key) {
        return keys.stream().filter(one -> one.key.equals(key)).findFirst();
    }

    /** As a reaction has made them that was not there before. */
    public Reactions with(long number, ReactionKey key, Reactor sender, long heldNow) {
        OfKey before = of(key).orElse(new OfKey(key, 0, List.of()));
        List<Reactor> newest = new ArrayList<>(List.of(sender));
        newest.addAll(before.newest);
        OfKey now = new OfKey(key, before.count + 1, newest.subList(0, Math.min(newest.size(), SHOWN)));
        return new Reactions(number, replaced(now), heldNow);
    }

    /**
     * As one has made them that took a reaction back.
     *
     * @param newest the last senders that are left
     */
    public Reactions without(long number, ReactionKey key, List<Reactor> newest, long heldNow) {
        int count = of(key).map(OfKey::count).orElse(0) - 1;
        return new Reactions(number, replaced(new OfKey(key, count, newest)), heldNow);
    }

    private List<OfKey> replaced(OfKey now) {
        List<OfKey> all = new ArrayList<>(keys);
        int at = 0;
        while (at < all.size() && !all.get(at).key.equals(now.key)) {
            at++;
        }
        if (at == all.size()) {
            all.add(now);
        } else {
            all.set(at, now);
        }
        all.removeIf(one -> one.count <= 0);
        return all;
    }

    /** The bytes of memory that they take besides the senders that the store holds, about. */
    public long bytes() {
        long bytes = 0;
        for (OfKey one : keys) {
            bytes += one.bytes();
        }
        return bytes;
    }
}

package parley.room;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.Key;
import parley.protocol.Message;
import parley.protocol.Revision;

/**
 * The newest value of each key of a room, whatever the log keeps. Any thread may call any method. Its own lock guards
 * it, under which nothing else is called; it may be called with the room's lock held.
 *
 * <p>It hears of entries after the log has them. So the log has all that comes behind a snapshot.
 */
public final class KeyedValues {
    /** How many snapshots there are at most that members may still be reading. */
    private static final int SNAPSHOTS = 2;

    /** What a client is answered that asks for values in a room whose store has none. */
    public static final String NOT_HERE = "rooms of a cluster keep no values of keys, and neither key nor state is for"
            + " them; use a room in memory or on disk (room.keep=memory)";

    /** A snapshot is made anew when this many entries came behind the last, or as many as it has values. */
    private static final int FEW_ENTRIES = 1_000;

    /** How often it looks, in milliseconds, for snapshots of which nobody has read a page meanwhile. */
    private static final long LOOK = 60_000;

    /** How many values one sweep removes at most whose time has passed. */
    private static final int MOST_EXPIRED = 1_000;

    private record Expiry(long at, long seq, Key key) {}

    private final RoomLog log;
    private final KeyTotals totals;
    private final KeyLimits limits;
    private final int pageBytes;
    private final LongSupplier clock;

    // Guarded by this
    @GuardedBy("this")
    private String epoch = "";

    /** The newest entry of the log that this knows. */
    @GuardedBy("this")
    private long seq;

    /** The order is that of their numbers. */
    @GuardedBy("this")
    private final Map<Key, Message> values = new LinkedHashMap<>();

    /** Removals that the log has still: the next value of the key takes their place. */
    @GuardedBy("this")
    private final Map<Key, Message> removals = new LinkedHashMap<>();

    @GuardedBy("this")
    private final TreeSet<Expiry> expiries =
            new TreeSet<>(Comparator.comparingLong(Expiry::at).thenComparingLong(Expiry::seq));

    /** The bytes of the values. */
    @GuardedBy("this")
    private long bytes;

    /** Those that members read, newest first. */
    @GuardedBy("this")
    private final Deque<KeySnapshot> snapshots = new ArrayDeque<>();

    /** Those that requests read page by page, newest first: any number of them retires none of a member's. */
    @GuardedBy("this")
    private final Deque<KeySnapshot> asked = new ArrayDeque<>();

    /** When it looked last for snapshots that nobody reads, in milliseconds since 1970. */
    @GuardedBy("this")
    private long lookedAt;

    @GuardedBy("this")
    private boolean isClosed;

    KeyedValues(RoomLog log, KeyTotals totals, RoomLimits limits, LongSupplier clock) {
        this.log = log;
        this.totals = totals;
        this.limits = limits.keys();
        this.pageBytes = limits.batchBytes();
        this.clock = clock;
    }

    /** What the room keeps. */
    public KeyLimits limits() {
        return limits;
    }

    /**
     * Sets the value of a key or removes it; the room hears of it, then the callback is called. Without a lock.
     *
     * @param onResult called once: now, or later on another thread, which must not be kept
     */
    public void put(KeyDraft draft, Consumer<Outcome> onResult) {
        if (totals.areFull() && draft.grows(held(draft.key()))) {
            totals.refused();
            onResult.accept(new Outcome.Full("the server keeps as many values of keys as it may, which is half of"
                    + " limits.log-bytes; remove some"));
            return;
        }
        log.store().put(clock.getAsLong(), draft, outcome -> {
            if (outcome instanceof Outcome.Conflict) {
                totals.conflicted();
            } else if (outcome instanceof Outcome.Full) {
                totals.refused();
            }
            onResult.accept(outcome);
        });
    }

    /** The store has said what there is. */
    synchronized void begin(RoomStore.Contents contents) {
        if (isClosed) {
            return;
        }
        forget();
        epoch = contents.epoch();
        contents.keyed().forEach(this::add);
        seq = contents.newest().isEmpty()
                ? contents.since() - 1
                : contents.newest().get(contents.newest().size() - 1).seq();
    }

    @GuardedBy("this")
    private void forget() {
        values.values().forEach(value -> count(value, -1));
        values.clear();
        removals.clear();
        expiries.clear();
        letSnapshotsGo();
    }

    @GuardedBy("this")
    private void letSnapshotsGo() {
        snapshots.forEach(KeySnapshot::retire);
        snapshots.clear();
        asked.forEach(KeySnapshot::retire);
        asked.clear();
    }

    /**
     * Entries have been added to the log.
     *
     * @param first the number from which on the log has all
     */
    synchronized void added(List<Message> entries, long first) {
        if (isClosed) {
            return;
        }
        entries.forEach(this::add);
        seq = entries.get(entries.size() - 1).seq();
        for (Iterator<Message> oldest = removals.values().iterator(); oldest.hasNext(); ) {
            if (oldest.next().seq() >= first) {
                break;
            }
            oldest.remove();
        }
    }

    @GuardedBy("this")
    private void add(Message entry) {
        if (!(entry.revision() instanceof Revision.Keyed keyed)) {
            return;
        }
        Message before = values.remove(keyed.key());
        if (before != null) {
            count(before, -1);
            if (!KeyDraft.isValue(entry)) {
                snapshots.forEach(one -> one.remove(before));
                asked.forEach(one -> one.remove(before));
            }
            expiry(before).ifPresent(expiries::remove);
        }
        removals.remove(keyed.key());
        if (KeyDraft.isValue(entry)) {
            values.put(keyed.key(), entry);
            count(entry, 1);
            expiry(entry).ifPresent(expiries::add);
        } else {
            removals.put(keyed.key(), entry);
        }
    }

    @GuardedBy("this")
    private void count(Message value, int sign) {
        long its = sign * KeyDraft.bytes(value);
        bytes += its;
        totals.add(sign, its);
    }

    private static Optional<Expiry> expiry(Message value) {
        return value.revision() instanceof Revision.Keyed keyed && keyed.expires() > 0
                ? Optional.of(new Expiry(keyed.expires(), value.seq(), keyed.key()))
                : Optional.empty();
    }

    /** What there is of a key, for the store that sets it. */
    synchronized KeyDraft.Held held(Key key) {
        Message value = values.get(key);
        Message last = value == null ? removals.get(key) : value;
        return new KeyDraft.Held(Optional.ofNullable(last), values.size(), bytes);
    }

    /** The value of a key and where it is from. */
    public record Found(String epoch, Optional<Message> value) {}

    /** The value of a key. */
    public synchronized Found find(Key key) {
        return new Found(epoch, Optional.ofNullable(values.get(key)));
    }

    /**
     * All values, as of an entry of the log: one that was made before, where few entries came since.
     *
     * @param least the least number that it is to be as of; older only where the newest entry is
     */
    synchronized KeySnapshot snapshot(long least) {
        KeySnapshot last = snapshots.peekFirst();
        boolean isNewEnough =
                last != null && last.seq() >= least && seq - last.seq() < Math.max(FEW_ENTRIES, values.size());
        return isNewEnough ? last : keepIn(snapshots);
    }

    /** All values as they are now. */
    public synchronized KeySnapshot snapshot() {
        KeySnapshot last = asked.peekFirst();
        return last != null && last.seq() == seq ? last : keepIn(asked);
    }

    @GuardedBy("this")
    private KeySnapshot keepIn(Deque<KeySnapshot> kept) {
        while (kept.size() >= (totals.areFull() ? 1 : SNAPSHOTS)) {
            kept.removeLast().retire();
        }
        KeySnapshot made = new KeySnapshot(epoch, seq, new ArrayList<>(values.values()), pageBytes, totals);
        kept.addFirst(made);
        return made;
    }

    /** The values as of that number, if a request has read a page of them and they are there still. */
    public synchronized Optional<KeySnapshot> snapshotAsOf(String itsEpoch, long itsSeq) {
        return asked.stream()
                .filter(one -> one.seq() == itsSeq && one.epoch().equals(itsEpoch))
                .findFirst();
    }

    /** Removes values whose time has passed, and lets snapshots go that nobody reads. For the sweep. */
    void sweep() {
        letIdleSnapshotsGo();
        for (Expiry due : takeDue()) {
            Draft nobody = new Draft(null, Content.REMOVED, null);
            put(KeyDraft.removal(due.key, nobody, OptionalLong.of(due.seq)), outcome -> {
                if (outcome instanceof Outcome.NotKept) {
                    again(due);
                }
            });
        }
    }

    /** A member that has stopped reading one begins with another. */
    private synchronized void letIdleSnapshotsGo() {
        long now = clock.getAsLong();
        if (Math.abs(now - lookedAt) >= LOOK) {
            lookedAt = now;
            snapshots.removeIf(KeyedValues::isLetGo);
            asked.removeIf(KeyedValues::isLetGo);
        }
    }

    private static boolean isLetGo(KeySnapshot snapshot) {
        boolean isIdle = snapshot.isIdle();
        if (isIdle) {
            snapshot.retire();
        }
        return isIdle;
    }

    private synchronized List<Expiry> takeDue() {
        List<Expiry> due = new ArrayList<>();
        long now = clock.getAsLong();
        while (!isClosed && !expiries.isEmpty() && expiries.first().at <= now && due.size() < MOST_EXPIRED) {
            due.add(expiries.pollFirst());
        }
        return due;
    }

    /** It could not be removed now. */
    private synchronized void again(Expiry due) {
        Message value = values.get(due.key);
        if (!isClosed && value != null && value.seq() == due.seq) {
            expiries.add(due);
        }
    }

    /** Lets go of frames that members share. */
    synchronized void letFramesGo() {
        snapshots.forEach(KeySnapshot::letFramesGo);
    }

    /** The room is given up. */
    synchronized void close() {
        if (!isClosed) {
            forget();
            isClosed = true;
        }
    }
}

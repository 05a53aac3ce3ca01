package parley.cluster;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import parley.protocol.Content;
import parley.protocol.Message;
import parley.protocol.Revision;

/**
 * What this node knows of the changed messages of a room that it has open: which they are, and those changes of which
 * nobody is known to have erased what they take the place of. Any thread; its own lock is held for look-ups alone.
 */
final class Changed {
    /** Changes whose message somebody is about to write to the index: one node at a time, within milliseconds. */
    private static final int MOST_UNFOLDED = 1_000;

    private static final long MOST_UNFOLDED_BYTES = 4 << 20;
    /** Messages whose newest change is remembered: two nodes change one in the same moment, or they do not. */
    private static final int MOST_LAST = 1_000;

    /** The newest change of a message. */
    private record Last(long seq, boolean isRemoval) {}

    /** A change that nobody is known to have folded, and whether it has waited since an earlier look. */
    private record Unfolded(Message change, boolean hasWaited) {}

    /**
     * What the index says of the places around a changed message: no change of it changes that.
     *
     * @param at when it was published
     * @param clearUpTo behind it the room has no other one up to that number
     * @param quiet where the room has none before it
     */
    record Around(long at, long clearUpTo, Envelope.Quiet quiet) {}

    @GuardedBy("this")
    private long knownUpTo;

    @GuardedBy("this")
    private boolean hasMissed;

    /** The newest change of each changed message that the index is known to have; 0 where it has one. */
    @GuardedBy("this")
    private final NavigableMap<Long, Long> folded = new TreeMap<>();

    @GuardedBy("this")
    private final NavigableMap<Long, Around> around = new TreeMap<>();

    /** By the number of the message, and by that of the change: each has something to be erased. */
    @GuardedBy("this")
    private final Map<Long, NavigableMap<Long, Unfolded>> unfolded = new LinkedHashMap<>();

    @GuardedBy("this")
    private int unfoldedCount;

    @GuardedBy("this")
    private long unfoldedBytes;

    /** The newest changes that the index is known to have. A removal stays. */
    @GuardedBy("this")
    private final LinkedHashMap<Long, Last> known = new LinkedHashMap<>();

    /** The newest changes that the room has heard of: those in the index come by later. */
    @GuardedBy("this")
    private final LinkedHashMap<Long, Last> heard = new LinkedHashMap<>();

    /** The number of the entry up to which it knows of all changes; 0 when it has missed some. */
    synchronized long knownUpTo() {
        return hasMissed ? 0 : knownUpTo;
    }

    /** It has heard of all entries up to that number. */
    synchronized void knows(long upTo) {
        knownUpTo = Math.max(knownUpTo, upTo);
    }

    /** It has heard of the entries up to that number, and before them of all that there are. */
    synchronized void knowsAll(long upTo) {
        knows(upTo);
        hasMissed = false;
    }

    /** There are entries that it will not hear of. */
    synchronized void misses() {
        hasMissed = true;
    }

    /** Whether a message of the room is known to be changed, or may be. */
    synchronized boolean hasSome() {
        return hasMissed || !folded.isEmpty();
    }

    /** A message was changed. */
    synchronized void isChanged(long of) {
        folded.putIfAbsent(of, 0L);
    }

    /** The index does not have a message that was changed, unless somebody is about to write it. */
    synchronized void isGone(long of) {
        if (!unfolded.containsKey(of)) {
            folded.remove(of);
            around.remove(of);
        }
    }

    /**
     * The index has a message as that change, or a later one, has made it. What it said before may still be in the
     * stream.
     */
    synchronized void isFolded(long of, long change, boolean isRemoval) {
        folded.merge(of, change, Math::max);
        remember(known, of, change, isRemoval);
    }

    /** The newest change of a message that the index is known to have; 0 for none. */
    synchronized long newestFolded(long of) {
        return folded.getOrDefault(of, 0L);
    }

    synchronized void isAround(long of, Around places) {
        around.put(of, places);
    }

    /** What was found around a message when it was looked at; empty when it was not. */
    synchronized Optional<Around> around(long of) {
        return Optional.ofNullable(around.get(of));
    }

    /** Whether the index is known to have a message as that change or a later one has made it. */
    synchronized boolean isFolded(long of, long change) {
        return folded.getOrDefault(of, 0L) >= change;
    }

    /** A change has been dealt with: what it takes the place of has been erased, back to the message. */
    synchronized void isDone(long of, long change) {
        NavigableMap<Long, Unfolded> all = unfolded.get(of);
        long seq = change;
        while (all != null && seq > 0) {
            Unfolded done = all.remove(seq);
            if (done == null) {
                break;
            }
            unfoldedCount--;
            unfoldedBytes -= done.change.content().bytes();
            seq = done.change.revision() instanceof Revision.Change its ? its.before() : 0;
        }
        if (all != null && all.isEmpty()) {
            unfolded.remove(of);
        }
    }

    /** A change is in the stream, and is not known to be in the index. */
    synchronized void add(Message entry, Revision.Change change) {
        folded.putIfAbsent(change.of(), 0L);
        if (folded.get(change.of()) < entry.seq()) {
            addUnfolded(entry, change);
        }
    }

    /** A change is in the stream, with something that should have been erased. */
    synchronized void addUnfolded(Message entry, Revision.Change change) {
        int bytes = entry.content().bytes();
        NavigableMap<Long, Unfolded> others = unfolded.get(change.of());
        boolean isThere = others != null && others.containsKey(entry.seq());
        if (!entry.isSuperseded()
                && !isThere
                && unfoldedCount < MOST_UNFOLDED
                && unfoldedBytes + bytes <= MOST_UNFOLDED_BYTES) {
            unfolded.computeIfAbsent(change.of(), of -> new TreeMap<>()).put(entry.seq(), new Unfolded(entry, false));
            unfoldedCount++;
            unfoldedBytes += bytes;
        }
    }

    /** The change of a message that holds among those that nobody is known to have folded: no other behind a removal. */
    synchronized Optional<Message> unfolded(long of) {
        NavigableMap<Long, Unfolded> all = unfolded.get(of);
        if (all == null) {
            return Optional.empty();
        }
        return all.values().stream()
                .map(Unfolded::change)
                .filter(Changed::isRemoval)
                .findFirst()
                .or(() -> Optional.of(all.lastEntry().getValue().change));
    }

    /** Looks which changes nobody has folded since it looked before. */
    synchronized List<Message> waiting() {
        List<Message> waiting = new ArrayList<>();
        for (NavigableMap<Long, Unfolded> all : unfolded.values()) {
            all.replaceAll((seq, one) -> {
                if (one.hasWaited) {
                    waiting.add(one.change);
                }
                return new Unfolded(one.change, true);
            });
        }
        return waiting;
    }

    /** The numbers of changed messages between two, both included. */
    synchronized List<Long> between(long from, long upTo) {
        return from > upTo
                ? List.of()
                : List.copyOf(folded.subMap(from, true, upTo, true).keySet());
    }

    /** Whether a message before that number is a changed one. */
    synchronized boolean hasBefore(long seq) {
        return !folded.isEmpty() && folded.firstKey() < seq;
    }

    /** The messages before that number are gone; what their changes say is still to be erased. */
    synchronized void forgetBefore(long seq) {
        folded.headMap(seq).clear();
        around.headMap(seq).clear();
    }

    /**
     * A change as the room hears of it, behind all that it has heard: with the one before it, and without content when
     * a later one is known to hold, or its message was removed before.
     */
    synchronized Message inOrder(Message entry, Revision.Change change) {
        long of = change.of();
        boolean isLater = folded.getOrDefault(of, 0L) > entry.seq();
        if (removedBefore(of, entry.seq()) > 0 || (isLater && !isRemoval(entry))) {
            return entry.superseded();
        }
        Last before = heard.get(of);
        return before == null || before.seq >= entry.seq()
                ? entry
                : entry.with(entry.content(), new Revision.Change(of, before.seq, change.kind()), entry.standing());
    }

    /** The removal of a message that is known of and comes before another change of it; 0 for none. */
    synchronized long removedBefore(long of, long seq) {
        for (Map<Long, Last> all : List.of(known, heard)) {
            Last newest = all.get(of);
            if (newest != null && newest.isRemoval && newest.seq < seq) {
                return newest.seq;
            }
        }
        return 0;
    }

    /** The room has heard of a change. */
    synchronized void heard(Message entry, Revision.Change change) {
        if (!entry.isSuperseded()) {
            remember(heard, change.of(), entry.seq(), isRemoval(entry));
        }
    }

    private static boolean isRemoval(Message change) {
        return change.content().kind() == Content.Kind.REMOVED;
    }

    private static void remember(LinkedHashMap<Long, Last> all, long of, long change, boolean isRemoval) {
        Last before = all.get(of);
        if (before != null && (before.isRemoval || (before.seq >= change && !isRemoval))) {
            return;
        }
        all.remove(of);
        all.put(of, new Last(change, isRemoval));
        if (all.size() > MOST_LAST) {
            all.remove(all.keySet().iterator().next());
        }
    }
}

package parley.cluster;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import parley.protocol.Content;
import parley.protocol.Message;
import parley.protocol.Revision;

/**
 * What this node knows of the changed messages of a room that it has open: which they are, and those changes that it
 * has heard of and has not seen in the index. Any thread; its own lock is held for look-ups alone.
 */
final class Changed {
    /** Changes whose message somebody is about to write to the index: one node at a time, within milliseconds. */
    private static final int MOST_UNFOLDED = 1_000;

    private static final long MOST_UNFOLDED_BYTES = 4 << 20;
    /** Messages whose newest change is remembered: two nodes change one in the same moment, or they do not. */
    private static final int MOST_LAST = 1_000;

    /** The newest change of a message. */
    private record Last(long seq, boolean isRemoval) {}

    /** A change that was not seen in the index, and whether it has waited since an earlier {@link #waiting look}. */
    private record Unfolded(Message change, boolean hasWaited) {}

    @GuardedBy("this")
    private long knownUpTo;

    @GuardedBy("this")
    private boolean hasMissed;

    /** The newest change of each changed message that the index is known to have; 0 where it has one. */
    @GuardedBy("this")
    private final NavigableMap<Long, Long> folded = new TreeMap<>();

    /** By the number of the message. */
    @GuardedBy("this")
    private final LinkedHashMap<Long, Unfolded> unfolded = new LinkedHashMap<>();

    /** Changes that came behind a removal: what they say is still to be erased. By the number of the message. */
    @GuardedBy("this")
    private final LinkedHashMap<Long, Unfolded> tooLate = new LinkedHashMap<>();

    @GuardedBy("this")
    private long unfoldedBytes;

    @GuardedBy("this")
    private final LinkedHashMap<Long, Last> last = new LinkedHashMap<>();

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

    /** A message was changed. */
    synchronized void isChanged(long of) {
        folded.putIfAbsent(of, 0L);
    }

    /** The index does not have a message that was changed, unless somebody is about to write it. */
    synchronized void isGone(long of) {
        if (!unfolded.containsKey(of)) {
            folded.remove(of);
        }
    }

    /** The index has a message as that change, or a later one, has made it; or there is no such message any more. */
    synchronized void isFolded(long of, long change, boolean isRemoval) {
        folded.merge(of, change, Math::max);
        remember(of, change, isRemoval);
        Unfolded waiting = unfolded.get(of);
        if (waiting != null && waiting.change.seq() <= change) {
            drop(of);
        }
    }

    /** Whether the index is known to have a message as that change or a later one has made it. */
    synchronized boolean isFolded(long of, long change) {
        return folded.getOrDefault(of, 0L) >= change;
    }

    /** A change that came behind the removal of its message has been erased. */
    synchronized void isErased(long of, long change) {
        Unfolded late = tooLate.get(of);
        if (late != null && late.change.seq() <= change) {
            tooLate.remove(of);
        }
    }

    /** A change is in the stream, and is not known to be in the index. */
    synchronized void add(Message entry, Revision.Change change) {
        long of = change.of();
        folded.putIfAbsent(of, 0L);
        if (entry.isSuperseded() || folded.get(of) >= entry.seq()) {
            return;
        }
        Last before = last.get(of);
        Unfolded waiting = unfolded.get(of);
        boolean isRemoved = (before != null && before.isRemoval && before.seq < entry.seq())
                || (waiting != null && isRemoval(waiting.change) && waiting.change.seq() < entry.seq());
        if (isRemoved) {
            if (tooLate.size() < MOST_UNFOLDED) {
                tooLate.put(of, new Unfolded(entry.superseded(), false));
            }
        } else if (waiting == null || waiting.change.seq() < entry.seq()) {
            drop(of);
            int bytes = entry.content().bytes();
            if (unfolded.size() < MOST_UNFOLDED && unfoldedBytes + bytes <= MOST_UNFOLDED_BYTES) {
                unfolded.put(of, new Unfolded(entry, false));
                unfoldedBytes += bytes;
            }
        }
    }

    @GuardedBy("this")
    private void drop(long of) {
        Unfolded before = unfolded.remove(of);
        if (before != null) {
            unfoldedBytes -= before.change.content().bytes();
        }
    }

    /** The newest change of a message that has not been seen in the index. */
    synchronized Optional<Message> unfolded(long of) {
        return Optional.ofNullable(unfolded.get(of)).map(Unfolded::change);
    }

    /** Looks which changes nobody has folded since it looked before. */
    synchronized List<Message> waiting() {
        List<Message> waiting = new ArrayList<>();
        for (LinkedHashMap<Long, Unfolded> all : List.of(unfolded, tooLate)) {
            all.replaceAll((of, one) -> {
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

    /** The messages before that number are gone. */
    synchronized void forgetBefore(long seq) {
        SortedMap<Long, Long> gone = folded.headMap(seq);
        gone.keySet().forEach(of -> {
            drop(of);
            tooLate.remove(of);
        });
        gone.clear();
    }

    /**
     * A change as the room hears of it, behind all that it has heard: with the one before it, and without content when
     * its message was removed, which decides the same on all nodes.
     */
    synchronized Message inOrder(Message entry, Revision.Change change) {
        Last before = last.get(change.of());
        if (before == null || before.seq >= entry.seq()) {
            return entry;
        }
        if (before.isRemoval) {
            return entry.superseded();
        }
        return entry.with(
                entry.content(), new Revision.Change(change.of(), before.seq, change.kind()), entry.standing());
    }

    /** The removal of a message that the room has heard of before another change of it; 0 for none. */
    synchronized long removedBefore(long of, long seq) {
        Last newest = last.get(of);
        return newest != null && newest.isRemoval && newest.seq < seq ? newest.seq : 0;
    }

    /** The room has heard of a change. */
    synchronized void heard(Message entry, Revision.Change change) {
        if (!entry.isSuperseded()) {
            remember(change.of(), entry.seq(), isRemoval(entry));
        }
    }

    private static boolean isRemoval(Message change) {
        return change.content().kind() == Content.Kind.REMOVED;
    }

    @GuardedBy("this")
    private void remember(long of, long change, boolean isRemoval) {
        Last before = last.get(of);
        if (before != null && before.seq >= change) {
            return;
        }
        last.remove(of);
        last.put(of, new Last(change, isRemoval));
        if (last.size() > MOST_LAST) {
            last.remove(last.keySet().iterator().next());
        }
    }
}

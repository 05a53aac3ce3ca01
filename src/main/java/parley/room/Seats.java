package parley.room;

import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import parley.protocol.RoomName;

/**
 * Joins under way in a room: each member gets its place in the log once the store has said what there is. Any thread
 * may call any method; methods whose name ends in {@code Locked} are for a thread that holds the room's lock, which
 * guards the rest. Clients are answered without it.
 */
final class Seats {
    private final RoomLog log;
    private final Members members;
    private final Roster roster;
    private final Tally tally;
    private final Opening opening;
    private final ReentrantLock lock;

    /** Guarded by the room's lock. */
    private final Set<Seat> waiting = new LinkedHashSet<>();

    Seats(RoomName name, RoomLog log, Members members, Roster roster, Tally tally, ReentrantLock lock) {
        this.log = log;
        this.members = members;
        this.roster = roster;
        this.tally = tally;
        this.lock = lock;
        this.opening = new Opening(name, lock);
    }

    /** Whether the store has said what there is, or that it cannot. */
    boolean areOpenLocked() {
        assert lock.isHeldByCurrentThread();
        return opening.isOverLocked();
    }

    /** Whether no client waits for its place. */
    boolean areEmptyLocked() {
        assert lock.isHeldByCurrentThread();
        return waiting.isEmpty();
    }

    /** Fixes what a start means now; returns it as it is where that cannot be said yet, or the join is to say. */
    Start fix(Start start) {
        boolean isOfTheJoin = start instanceof Start.State; // the values are those of the join
        lock.lock();
        try {
            return opening.isOverLocked() && !isOfTheJoin ? log.starts().fixLocked(start) : start;
        } finally {
            lock.unlock();
        }
    }

    /** Makes a seat for a member that is in the room's list. */
    Seat addLocked(Member member, Start start, Consumer<@Nullable Joined> onJoined) {
        assert lock.isHeldByCurrentThread();
        Seat seat = new Seat(this, member, start, onJoined);
        waiting.add(seat);
        return seat;
    }

    /** Gives a member its place, now or when the room is open. */
    void take(Seat seat) {
        opening.whenOver(seat);
    }

    /** The store has said what there is, or that it cannot. */
    void opened(boolean isOpen) {
        opening.end(isOpen);
    }

    /** Gives a member its place, or has the store look first. */
    void place(Seat seat, boolean isOpen) {
        place(seat, isOpen, seat.start());
    }

    private void place(Seat seat, boolean isOpen, Start start) {
        Joined joined = null;
        Consumer<@Nullable Joined> answer = null;
        boolean looks = false;
        Start known;
        lock.lock();
        try {
            known = log.starts().openedLocked(start);
            if (!isOpen) {
                endLocked(seat.member()); // and nobody hears of it: all leave
            } else if (seat.member().hasLeft()) {
                joined = joinedLocked(seat.member(), log.ring().newest(), null);
            } else if (hasToLookLocked(known) && seat.looks()) {
                looks = true;
            } else {
                joined = placeLocked(seat.member(), known);
            }
            if (!looks) {
                answer = seat.end(isOpen);
                waiting.remove(seat);
            }
        } finally {
            lock.unlock();
        }
        if (answer == null) {
            log.starts().look(known, found -> place(seat, true, found));
        } else {
            answer.accept(joined);
        }
    }

    /** Says where a member starts; messages that are published from now on are for it too. */
    private Joined placeLocked(Member member, Start start) {
        assert lock.isHeldByCurrentThread();
        Start.At at = start instanceof Start.State state
                ? locateLocked(member, state)
                : log.starts().locateLocked(start);
        long place = log.placeLocked(member.cursor(), at);
        long head = log.ring().head();
        member.placed(head);
        members.placedOneLocked();
        tally.offered(head + 1 - place);
        Boolean recovered = at.resumes() == null ? null : at.resumes() && at.from() >= log.first();
        return joinedLocked(member, at.from() - 1, recovered);
    }

    private boolean hasToLookLocked(Start start) {
        Start behind = start instanceof Start.State state ? state.after() : start;
        return behind != null && log.starts().hasToLookLocked(behind);
    }

    /** Behind what the client has, if the log has all that came since; else behind the values that it is given. */
    private Start.At locateLocked(Member member, Start.State wanted) {
        assert lock.isHeldByCurrentThread();
        Start.At after = wanted.after() == null ? null : log.starts().locateLocked(wanted.after());
        if (after != null && Boolean.TRUE.equals(after.resumes()) && after.from() >= log.first()) {
            member.cursor().readsState(log.keys(), null);
            return after;
        }
        KeySnapshot values = log.keys().snapshot(log.ring().since() - 1);
        member.cursor().readsState(log.keys(), values);
        return new Start.At(log.beginning().epoch(), values.seq() + 1, after == null ? null : false);
    }

    private Joined joinedLocked(Member member, long after, @Nullable Boolean recovered) {
        assert lock.isHeldByCurrentThread();
        return new Joined(
                member, log.beginning().epoch(), after, log.ring().newest(), roster.countLocked(), recovered, null);
    }

    /** Ends a member; false when it had ended. */
    boolean endLocked(Member member) {
        assert lock.isHeldByCurrentThread();
        long at = member.cursor().leave();
        if (at < 0) {
            return false;
        }
        if (at > 0) {
            tally.missed(Math.max(0, log.ring().head() + 1 - at));
        }
        members.removeLocked(member, at > 0);
        return true;
    }

    /**
     * Describes a member's room as an answer to its join does, as it is now: at once, or once open; null if it did not
     * come in.
     */
    void describe(Member member, Consumer<@Nullable Joined> onJoined) {
        whenOpen(member::hasEnded, isOpen -> {
            Joined now;
            lock.lock();
            try {
                now = isOpen ? joinedLocked(member, log.ring().newest(), null) : null;
            } finally {
                lock.unlock();
            }
            onJoined.accept(now);
        });
    }

    /**
     * Calls back once the room is open, or cannot be opened.
     *
     * @param hasEnded whether the caller waits no more. Asked under the room's lock
     */
    void whenOpen(BooleanSupplier hasEnded, Consumer<Boolean> then) {
        opening.whenOver(new Opening.Waiter() {
            @Override
            public void opened(boolean isOpen) {
                then.accept(isOpen);
            }

            @Override
            public boolean hasEnded() {
                return hasEnded.getAsBoolean();
            }
        });
    }

    /** Lets go of clients that waited for the store, and whose sessions have ended. */
    void letGoEnded() {
        lock.lock();
        try {
            opening.letGoEndedLocked();
            waiting.removeIf(seat -> {
                if (seat.hasEnded()) {
                    seat.abandon();
                    return true;
                }
                return false;
            });
        } finally {
            lock.unlock();
        }
    }
}

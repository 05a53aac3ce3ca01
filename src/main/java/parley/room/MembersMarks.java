package parley.room;

import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Looks for the read marks of a room's members in its store, for presence to show them, where a room shows them: a few
 * at a time, in a turn that rooms share, so that reads which clients wait for come first. A mark that a member sets
 * later is heard of. Any thread.
 */
final class MembersMarks {
    /** How many a room looks for in a turn. */
    private static final int TOGETHER = 16;

    private final RoomLog log;
    private final Roster roster;
    /** Whether the room keeps marks, and members are shown those of others. */
    private final boolean areShown;

    private final StoreTurns turns;
    private final Executor fanOut;
    private final AtomicBoolean isLooking = new AtomicBoolean();

    MembersMarks(RoomLog log, Roster roster, RoomLimits limits, StoreTurns turns, Executor fanOut) {
        this.log = log;
        this.roster = roster;
        this.areShown = limits.marksShown() == MarksShown.MEMBERS && limits.marks() > 0;
        this.turns = turns;
        this.fanOut = fanOut;
    }

    /** Begins to look, if there are marks to be looked for. For the sweep. */
    void sweep() {
        if (areShown && roster.hasMarksToFind() && isLooking.compareAndSet(false, true)) {
            turns.take(this::find);
        }
    }

    private void find() {
        List<String> users = roster.marksToFind(TOGETHER);
        AtomicInteger left = new AtomicInteger(users.size() + 1);
        AtomicInteger notNow = new AtomicInteger();
        users.forEach(user -> log.store().marks().find(user, answer -> {
            if (answer instanceof MarkStore.Holds holds) {
                marked(user, holds.mark());
            } else if (answer == MarkStore.No.NOT_NOW) {
                roster.markNotFound(user);
                notNow.incrementAndGet();
            }
            doneIfLast(left, notNow);
        }));
        doneIfLast(left, notNow);
    }

    private void doneIfLast(AtomicInteger left, AtomicInteger notNow) {
        if (left.decrementAndGet() == 0) {
            // Not by this thread: stores that answer at once would come back here ever deeper.
            fanOut.execute(() -> {
                turns.giveBack();
                isLooking.set(false);
                if (notNow.get() == 0) {
                    sweep();
                }
            });
        }
    }

    /** A user has that mark now. */
    void marked(String user, MarkStore.Mark mark) {
        if (areShown && mark.epoch().equals(log.newest().epoch())) {
            roster.marked(user, mark);
        }
    }
}

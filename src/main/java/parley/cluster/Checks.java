package parley.cluster;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Set;

/**
 * When rooms are compared with their streams, because messages of theirs may have been missed and nothing that comes
 * by tells: now and then, and when another server has come to lead a stream. For the store's thread.
 */
final class Checks {
    private static final int ROOMS_A_TICK = 10;
    private static final long BETWEEN_NANOS = 30_000_000_000L;

    /**
     * When rooms of a stream are compared with it after another server has come to lead it. Copies of messages stored
     * around that moment do not come by, and the new leader may still be taking in the last of them.
     */
    private static final long[] AFTER_A_CHANGE_NANOS = {0, 1_000_000_000L, 3_000_000_000L};

    /** A stream that is to be compared, and when. */
    private record Planned(int shard, long atNanos) {}

    private final Set<Remote> rooms;
    private final Deque<Remote> toCatchUp = new ArrayDeque<>();
    private final List<Planned> planned = new ArrayList<>();
    private long begunNanos;

    /**
     * @param rooms all that are followed
     */
    Checks(Set<Remote> rooms, long nowNanos) {
        this.rooms = rooms;
        this.begunNanos = nowNanos;
    }

    /** Another server leads a stream. */
    void ledByAnother(int shard, long nowNanos) {
        planned.removeIf(plan -> plan.shard == shard);
        for (long later : AFTER_A_CHANGE_NANOS) {
            planned.add(new Planned(shard, nowNanos + later));
        }
    }

    /** A stream could not be compared. */
    void failed(int shard, long nowNanos) {
        if (planned.stream().noneMatch(plan -> plan.shard == shard)) {
            planned.add(new Planned(shard, nowNanos + AFTER_A_CHANGE_NANOS[1]));
        }
    }

    /** The streams that are to be compared now. */
    List<Integer> dueStreams(long nowNanos) {
        List<Integer> due = new ArrayList<>();
        for (Iterator<Planned> next = planned.iterator(); next.hasNext(); ) {
            Planned plan = next.next();
            if (nowNanos - plan.atNanos >= 0) {
                next.remove();
                due.add(plan.shard);
            }
        }
        return due;
    }

    /** The rooms that are to catch up now: all in turn, a few at a time. */
    List<Remote> dueRooms(long nowNanos) {
        if (toCatchUp.isEmpty() && nowNanos - begunNanos >= BETWEEN_NANOS) {
            begunNanos = nowNanos;
            toCatchUp.addAll(rooms);
        }
        List<Remote> due = new ArrayList<>();
        while (due.size() < ROOMS_A_TICK && !toCatchUp.isEmpty()) {
            Remote room = toCatchUp.remove();
            if (!room.isClosed()) {
                due.add(room);
            }
        }
        return due;
    }
}

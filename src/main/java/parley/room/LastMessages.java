package parley.room;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The last messages of watched rooms: as many as their bytes allow. A room whose last message did not fit is noted, and
 * its message is not read again before there is space for it or it has another one. Guarded by the lock of
 * {@link Watching}.
 */
final class LastMessages {
    /** How many rooms that were left out are looked at for each tick. */
    private static final int LOOKED_AT = 256;

    private final long limit;
    private long bytes;
    private final Set<WatchedRoom> leftOut = new LinkedHashSet<>();

    LastMessages(long limit) {
        this.limit = limit;
    }

    long bytesLocked() {
        return bytes;
    }

    /** Keeps the last message of a room in place of the one before, unless there are too many bytes of them. */
    boolean keepLocked(WatchedRoom its, WatchedRoom.Last last) {
        dropLocked(its);
        if (bytes + last.bytes() > limit) {
            its.leftOut(last);
            leftOut.add(its);
            return false;
        }
        its.last(last);
        bytes += last.bytes();
        leftOut.remove(its);
        return true;
    }

    void dropLocked(WatchedRoom its) {
        WatchedRoom.Last last = its.last();
        if (last != null) {
            bytes -= last.bytes();
            its.last(null);
        }
    }

    /** Nobody wants the last message of a room any more. */
    void unwantedLocked(WatchedRoom its) {
        dropLocked(its);
        its.leftOut(null);
        leftOut.remove(its);
    }

    /** Rooms whose last messages were left out and have space now; they are left out no more. */
    List<WatchedRoom> fittingLocked() {
        List<WatchedRoom> fitting = new ArrayList<>();
        long space = limit - bytes;
        for (int left = Math.min(LOOKED_AT, leftOut.size());
                left > 0 && space >= WatchedRoom.Last.LEAST_BYTES;
                left--) {
            WatchedRoom its = leftOut.iterator().next();
            leftOut.remove(its);
            if (its.leftOutBytes() > space) {
                leftOut.add(its); // behind the others
            } else {
                space -= its.leftOutBytes();
                its.leftOut(null);
                fitting.add(its);
            }
        }
        return fitting;
    }
}

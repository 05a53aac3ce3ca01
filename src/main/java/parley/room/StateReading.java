package parley.room;

import org.jspecify.annotations.Nullable;
import parley.delivery.Frame;

/**
 * Gives a member whose client asked for it the values of the room's keys, before what comes behind them in the log; and
 * once more where the member has missed some of the log, or was too slow for the snapshot to be kept. The cursor stays
 * where it is then, since messages come before the newer snapshot too. For the thread that drains the session, one at a
 * time.
 */
final class StateReading {
    private final KeyedValues keys;
    private final Cursor cursor;
    private final Frames frames;

    /** Null while there is nothing to read. */
    private @Nullable KeySnapshot snapshot;

    private int nextPage;
    /** How often the cursor had lost something when the snapshot was taken. */
    private long losses;

    /**
     * Begins.
     *
     * @param snapshot behind which the cursor is placed; null where the client has a state, and gets what came since
     */
    StateReading(KeyedValues keys, Cursor cursor, Frames frames, @Nullable KeySnapshot snapshot) {
        this.keys = keys;
        this.cursor = cursor;
        this.frames = frames;
        this.snapshot = snapshot;
    }

    /** Whether the member has to be given values before it goes on in the log. */
    boolean isDue() {
        return snapshot != null || cursor.losses() != losses;
    }

    /** The next page; null when it is not there yet. */
    @Nullable
    Frame next() {
        KeySnapshot now = snapshot;
        if (now == null || now.isRetired() || cursor.losses() != losses) {
            now = keys.snapshot(cursor.seen());
            if (now.seq() < cursor.seen()) {
                return null; // the keys hear of the newest entries in a moment, and then the member is woken
            }
            snapshot = now;
            nextPage = 0;
            losses = cursor.losses();
        }
        Frame page = now.frame(frames, nextPage).orElse(null);
        nextPage++;
        if (page == null || nextPage == now.pageCount()) {
            snapshot = null;
        }
        return page;
    }
}

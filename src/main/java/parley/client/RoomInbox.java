package parley.client;

import jakarta.json.JsonObject;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How far a client has come in a room: the number of the last message that was passed on, and what is missing behind
 * it. Used on the client's strand.
 */
final class RoomInbox {
    /** How many messages one page of a gap asks for. */
    private static final int PAGE = 500;
    /** What {@link #last} is while it is not known where the messages begin. */
    private static final long UNKNOWN = -1;

    /** What the inbox tells and asks its room. */
    interface Owner {
        /** The next message, in order and once. */
        void pass(JsonObject event);

        void missed(MissedRange range);

        /** The inbox has come further without a message. */
        void moved();

        /** Whether no more messages can be passed on for now. */
        boolean isFull();

        /** Calls back on the client's strand when there is room again. */
        void whenThereIsRoom(Runnable task);

        /** Asks for messages behind a number. */
        void page(long after, int limit, Consumer<JsonObject> answered, Runnable failed);
    }

    private final Owner owner;
    private final int history;

    private @Nullable String epoch;
    private long last = UNKNOWN;
    /** After which they would begin if the room kept all. */
    private long from;
    /** The newest message known to be there. */
    private long head;
    /** Whether what is missing is being fetched; what comes meanwhile is not kept but fetched too. */
    private boolean isFilling;
    /** Counts fillings, so that what belongs to an earlier one is known. */
    private long filling;

    RoomInbox(Owner owner, Joining.Place place) {
        this.owner = owner;
        this.history = place.history();
        if (place.epoch() != null) {
            epoch = place.epoch();
            last = place.after();
        }
    }

    /** Where to start or go on. */
    Joining.Place place() {
        return new Joining.Place(epoch, reached(), history);
    }

    /** Empty before the room has been entered. */
    String epoch() {
        return epoch == null ? "" : epoch;
    }

    long reached() {
        return last == UNKNOWN ? from : last;
    }

    /** The room has been entered, or has begun anew. Returns whether its messages were lost. */
    boolean entered(String now, long seq) {
        boolean isAnother = epoch != null && !epoch.equals(now);
        if (!now.equals(epoch)) {
            from = isAnother ? 0 : Math.max(0, seq - history);
            last = from == seq ? seq : UNKNOWN;
            head = 0;
        }
        epoch = now;
        return isAnother;
    }

    void message(JsonObject event) {
        long seq = Wire.number(event, "seq", 0);
        if (last == UNKNOWN) {
            last = seq - 1;
        }
        // A gap has said so, or the callbacks are behind. A hole in the numbers alone says nothing.
        boolean isMissing = isFilling || head > last || owner.isFull();
        head = Math.max(head, seq);
        if (seq > last) {
            if (isMissing) {
                fill();
            } else {
                pass(event, seq);
            }
        }
    }

    void gap(long after, long before) {
        if (last == UNKNOWN) {
            last = after; // even a history that was asked for may be missed
        }
        head = Math.max(head, before - 1);
        if (head > last) {
            fill();
        }
    }

    private void pass(JsonObject event, long seq) {
        last = seq;
        head = Math.max(head, seq);
        owner.pass(event);
    }

    private void fill() {
        if (isFilling) {
            return;
        }
        isFilling = true;
        filling++;
        MissedRange range = new MissedRange(last, head + 1, MissedRange.State.FILLING);
        owner.missed(range);
        fetch(filling, range);
    }

    private void fetch(long which, MissedRange range) {
        if (!isCurrent(which)) {
            return;
        }
        if (owner.isFull()) {
            owner.whenThereIsRoom(() -> fetch(which, range));
            return;
        }
        owner.page(
                last,
                PAGE,
                answer -> {
                    if (isCurrent(which)) {
                        page(answer, which);
                    }
                    if (!isCurrent(which)) {
                        return;
                    }
                    if (last < head) {
                        fetch(which, range);
                    } else {
                        isFilling = false;
                        owner.missed(new MissedRange(range.after(), range.before(), MissedRange.State.FILLED));
                    }
                },
                () -> {
                    if (isCurrent(which)) {
                        isFilling = false;
                    }
                });
    }

    private boolean isCurrent(long which) {
        return isFilling && filling == which;
    }

    /** Where numbers have holes the page says from which number on the room has all. */
    private void page(JsonObject answer, long which) {
        List<JsonObject> messages = answer.getJsonArray("messages").getValuesAs(JsonObject.class);
        long first = Wire.number(answer, "first", Long.MAX_VALUE);
        for (JsonObject message : messages) {
            long seq = Wire.number(message, "seq", 0);
            if (isCurrent(which) && seq > last) {
                giveUp(Math.min(seq, first));
                pass(message, seq);
            }
        }
        if (isCurrent(which) && messages.isEmpty()) {
            giveUp(head + 1);
            owner.moved();
        }
    }

    /** The room does not keep what is before a message any more. */
    private void giveUp(long seq) {
        if (seq > last + 1) {
            owner.missed(new MissedRange(last, seq, MissedRange.State.LOST));
            last = seq - 1;
        }
    }

    /** The connection was lost, or the room left: what was being fetched comes by itself, or not any more. */
    void stopFilling() {
        isFilling = false;
    }
}

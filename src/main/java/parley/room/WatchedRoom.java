package parley.room;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import parley.protocol.ReadMark;
import parley.protocol.RoomName;
import parley.protocol.WatchedJson;

/** A room that clients watch, as it was when the last tick looked at it. Guarded by the lock of {@link Watching}. */
final class WatchedRoom {
    /**
     * What there is to tell of a room.
     *
     * @param newest its newest message; null when it has none
     * @param count how many members it has
     */
    record Truth(RoomStore.@Nullable Expected newest, int count) {
        /** Of a room that is nowhere. */
        static final Truth NOWHERE = new Truth(null, 0);
    }

    /**
     * A room's last message, as it is written.
     *
     * @param seq the newest entry of the room: changes up to that are in it
     * @param message its own number
     */
    record Last(String epoch, long seq, long message, String json) {
        /** What one takes at least: the objects. */
        static final int LEAST_BYTES = 128;

        /** As much memory as it takes: text has two bytes a character if one of them is beyond Latin-1. */
        long bytes() {
            boolean isWide = json.chars().anyMatch(c -> c > 0xFF);
            return (isWide ? 2L : 1L) * json.length() + LEAST_BYTES;
        }
    }

    private final RoomName name;
    /** All that watch it, by name or by a pattern. */
    private final Set<Watcher> watchers = new HashSet<>();
    /** How many of them have named it. */
    private int named;
    /** How many of them want its last message. */
    private int wantLast;
    /** Null until it is known. */
    private @Nullable Truth truth;
    /** What the store said that it has of it; null when it was not asked. */
    private RoomStore.@Nullable Expected stored;

    private @Nullable Last last;
    /** The oldest message that the store keeps, once it has let some go; null before. */
    private RoomStore.@Nullable Expected oldest;
    /** The newest message that the room does not keep any more; null for none. */
    private RoomStore.@Nullable Expected letGo;

    /** The last message that did not fit, and its bytes; null for none. */
    private RoomStore.@Nullable Expected leftOut;

    private long leftOutBytes;

    /** What the users of those that watch it have read, by user. */
    private final Map<String, WatchedMark> marks = new HashMap<>();
    /** Those of them that the store has to be asked for. */
    private final Set<WatchedMark> toFind = new LinkedHashSet<>();
    /** The history that they were asked for in; null when they have to be asked for anew. */
    private @Nullable String marksEpoch;
    /** Null while it is not open. */
    private @Nullable RoomLog log;
    /** Whether its numbers alone say how many messages it has, as far as that was known when it was open last. */
    private boolean numbersCountMessages;

    private String line = "";
    /** Kept open for those that watch it; null for none. */
    private @Nullable Room held;
    /** Whether it waits for a look at the store, or is being looked at. */
    private boolean isAsked;
    /** The tick from which on the store is to be asked. */
    private long askAt;

    WatchedRoom(RoomName name) {
        this.name = name;
    }

    RoomName name() {
        return name;
    }

    Set<Watcher> watchers() {
        return watchers;
    }

    void add(Watcher watcher, boolean wantsLast) {
        if (watchers.add(watcher)) {
            wantLast += wantsLast ? 1 : 0;
        }
    }

    void remove(Watcher watcher, boolean wantsLast) {
        if (watchers.remove(watcher)) {
            wantLast -= wantsLast ? 1 : 0;
        }
    }

    /** One more has named it, or one less. */
    void named(int more) {
        named += more;
    }

    boolean isNamed() {
        return named > 0;
    }

    boolean isLastWanted() {
        return wantLast > 0;
    }

    @Nullable
    Truth truth() {
        return truth;
    }

    /** Takes in what it is like now; whether that is something else. */
    boolean is(Truth now) {
        if (now.equals(truth)) {
            return false;
        }
        truth = now;
        RoomStore.Expected newest = now.newest();
        line = newest == null
                ? WatchedJson.room(name, null, 0, now.count())
                : WatchedJson.room(name, newest.epoch(), newest.seq(), now.count());
        return true;
    }

    /** Whether its newest message is that one. */
    boolean isLast(String epoch, long seq) {
        RoomStore.Expected newest = truth == null ? null : truth.newest();
        return newest != null && seq == newest.seq() && epoch.equals(newest.epoch());
    }

    /** Whether the last message is known, and that one. */
    boolean hasLast(RoomStore.Expected newest) {
        return last != null && last.seq() == newest.seq() && last.epoch().equals(newest.epoch());
    }

    /** Whether the last message is wanted and not known. */
    boolean isLastMissing() {
        RoomStore.Expected newest = truth == null ? null : truth.newest();
        return newest != null && isMissing(newest);
    }

    /** Whether it would be if that one were the newest. */
    boolean isMissing(RoomStore.Expected newest) {
        return isLastWanted()
                && !newest.equals(letGo)
                && !newest.equals(leftOut)
                && !isTrimmed(newest.epoch(), newest.seq())
                && !hasLast(newest);
    }

    /** Messages before that one are not kept any more; whether its last message was one. */
    boolean trimmed(String epoch, long first) {
        RoomStore.Expected before = oldest;
        if (before == null || !before.epoch().equals(epoch) || before.seq() < first) {
            oldest = new RoomStore.Expected(epoch, first);
        }
        return last != null && isTrimmed(last.epoch(), last.message());
    }

    /** Whether the store has said that it does not keep a message any more. */
    boolean isTrimmed(String epoch, long seq) {
        return oldest != null && oldest.epoch().equals(epoch) && seq < oldest.seq();
    }

    /** The room does not keep its last message any more. */
    void lastIsLetGo() {
        letGo = truth == null ? stored : truth.newest();
    }

    @Nullable
    Last last() {
        return last;
    }

    /** Keeps its last message; null for none any more. */
    void last(@Nullable Last message) {
        last = message;
    }

    /** The last message does not fit; null for none that does not. */
    void leftOut(@Nullable Last message) {
        leftOut = message == null ? null : new RoomStore.Expected(message.epoch(), message.seq());
        leftOutBytes = message == null ? 0 : message.bytes();
    }

    long leftOutBytes() {
        return leftOutBytes;
    }

    /** What a client is sent of it. Not kept with the last message: that would be there twice. */
    String line(boolean withLast) {
        Last its = last;
        return withLast && its != null && isLast(its.epoch(), its.seq())
                ? WatchedJson.withLast(line, its.json())
                : line;
    }

    Map<String, WatchedMark> marks() {
        return marks;
    }

    Set<WatchedMark> toFind() {
        return toFind;
    }

    /** Whether the store has to be asked for marks. */
    boolean hasMarksToFind() {
        RoomStore.Expected newest = truth == null ? null : truth.newest();
        return newest != null
                && (!toFind.isEmpty() || (!marks.isEmpty() && !newest.epoch().equals(marksEpoch)));
    }

    /** Marks are of that history; all have to be found where it is another one than before. */
    void marksEpoch(@Nullable String epoch) {
        if (epoch == null || !epoch.equals(marksEpoch)) {
            toFind.addAll(marks.values());
        }
        marksEpoch = epoch;
    }

    void log(@Nullable RoomLog its) {
        log = its;
    }

    /** What its log is like, which may be closed soon, or is so now. */
    void seen(RoomLog its) {
        numbersCountMessages = its.numbersCountMessages();
    }

    /** How many messages are kept between two numbers, as far as that is known without its store. Takes no lock. */
    OptionalInt countUnread(long after, long upTo) {
        RoomLog its = log;
        if (after >= upTo) {
            return OptionalInt.of(0);
        }
        if (its != null) {
            return UnreadCount.inMemory(its, after, upTo);
        }
        if (!numbersCountMessages) {
            return OptionalInt.empty();
        }
        RoomStore.Expected known = stored; // that of a disk, whose numbers have no holes
        RoomStore.Expected first = oldest;
        boolean isOfOne = known != null && first != null && known.epoch().equals(first.epoch());
        return isOfOne && first != null
                ? OptionalInt.of((int) Math.max(
                        0, Math.min(ReadMark.MOST + 1, upTo + 1 - Math.max(after + 1, first.seq()))))
                : OptionalInt.empty();
    }

    RoomStore.@Nullable Expected stored() {
        return stored;
    }

    /** That is what the store has, or something newer. */
    void stored(RoomStore.Expected newest) {
        RoomStore.Expected before = stored;
        boolean isOlder = before != null && before.epoch().equals(newest.epoch()) && before.seq() > newest.seq();
        stored = isOlder ? before : newest;
    }

    @Nullable
    Room held() {
        return held;
    }

    void held(@Nullable Room room) {
        held = room;
    }

    boolean isAsked() {
        return isAsked;
    }

    long askAt() {
        return askAt;
    }

    void asked(boolean is, long at) {
        isAsked = is;
        askAt = at;
    }
}

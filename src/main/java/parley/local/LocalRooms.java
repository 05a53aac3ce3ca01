package parley.local;

import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import parley.api.ChatRoom;
import parley.api.Position;
import parley.api.RoomEvent;
import parley.api.RoomException;
import parley.api.RoomException.Reason;
import parley.api.Rooms;
import parley.protocol.MemberName;
import parley.protocol.RoomName;
import parley.protocol.Utf8;
import parley.room.Entry;
import parley.room.Format;
import parley.room.Openings;
import parley.room.Room;
import parley.room.RoomRegistry;
import parley.room.Start;
import parley.session.Sessions;

/** All rooms, for callers in the same process. Any thread. */
public final class LocalRooms implements Rooms {
    private final RoomRegistry rooms;
    private final Openings openings;
    private final Sessions sessions;
    private final Executor calling;
    private final LongSupplier nanoClock;
    private final Set<LogSubscriber> subscribers = ConcurrentHashMap.newKeySet();
    private volatile boolean isStopped;

    /**
     * Makes them.
     *
     * @param openings where callers wait for a room to be open
     * @param calling where the application's code is called
     * @param nanoClock the time that slow subscribers are found with
     */
    public LocalRooms(
            RoomRegistry rooms, Openings openings, Sessions sessions, Executor calling, LongSupplier nanoClock) {
        this.rooms = rooms;
        this.openings = openings;
        this.sessions = sessions;
        this.calling = calling;
        this.nanoClock = nanoClock;
    }

    @Override
    public ChatRoom room(String name) {
        return new LocalRoom(this, Translated.room(name), sessions.limits().messageBytes());
    }

    @Override
    public int close(String member, String reason) {
        MemberName name = MemberName.parse(member);
        if (name == null) {
            throw new IllegalArgumentException("the name '" + member + "' cannot be: it is " + MemberName.RULE);
        }
        if (!Sessions.isReason(reason)) {
            throw new IllegalArgumentException("a reason has 1 to " + Sessions.LONGEST_REASON
                    + " bytes of UTF-8 without control characters, and not " + Utf8.length(reason));
        }
        return sessions.removeAll(name, reason);
    }

    RoomRegistry registry() {
        return rooms;
    }

    boolean isStopped() {
        return isStopped;
    }

    /** Completes a stage where the application's code is called. */
    <T> void complete(CompletableFuture<T> stage, T value) {
        stage.completeAsync(() -> value, calling);
    }

    void fail(CompletableFuture<?> stage, RoomException why) {
        calling.execute(() -> stage.completeExceptionally(why));
    }

    /** Goes on with a room once it is open, or fails a stage. */
    void visit(RoomName room, CompletableFuture<?> stage, Consumer<Room> then) {
        openings.visit(rooms, room, (found, newest) -> then.accept(found), refusal -> fail(stage, refused(refusal)));
    }

    private static RoomException refused(Openings.Refusal refusal) {
        return refusal == Openings.Refusal.TOO_MANY_ROOMS
                ? tooManyRooms()
                : new RoomException(Reason.UNAVAILABLE, refusal.sentence());
    }

    void subscribe(RoomName room, Position from, Flow.Subscriber<? super RoomEvent> subscriber) {
        LogSubscriber made = new LogSubscriber(room, subscriber, calling, nanoClock, subscribers::remove);
        subscribers.add(made);
        if (isStopped) {
            made.complete();
            return;
        }
        Start start = rooms.fix(room, Translated.start(from));
        Entry entry = rooms.join(room, start, made, Format.DIRECT, null, made::joined);
        if (entry instanceof Entry.In in) {
            made.isIn(in.member());
        } else {
            made.fail(refused(entry));
        }
    }

    private static RoomException refused(Entry entry) {
        return entry == Entry.No.ROOM_FULL
                ? new RoomException(Reason.ROOM_FULL, "the room has as many members as room.members allows")
                : tooManyRooms();
    }

    private static RoomException tooManyRooms() {
        return new RoomException(
                Reason.TOO_MANY_ROOMS, "there are as many rooms as limits.rooms allows; retry later, or raise it");
    }

    static RoomException unread() {
        return new RoomException(Reason.UNAVAILABLE, "what is kept of the room cannot be read now; retry later");
    }

    static RoomException givenUp() {
        return new RoomException(Reason.UNAVAILABLE, "the room was empty and is given up right now; retry");
    }

    static RoomException stopped() {
        return new RoomException(Reason.STOPPED, "Parley has been stopped");
    }

    /** How many subscribers there are. */
    public int subscriberCount() {
        return subscribers.size();
    }

    /** Looks for subscribers that are slow. For the sweep. */
    public void sweep() {
        long now = nanoClock.getAsLong();
        subscribers.forEach(subscriber -> subscriber.sweep(now));
    }

    /** Ends all subscriptions; no other begins, and nothing is published any more. */
    public void stop() {
        isStopped = true;
        subscribers.forEach(LogSubscriber::complete);
    }
}

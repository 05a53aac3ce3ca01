package parley.room;

import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import parley.protocol.Command;
import parley.protocol.MemberName;
import parley.protocol.RoomName;

/** All rooms of the application, by name: made when somebody joins, given up when nobody has been there for a while. Any thread. */
public final class RoomRegistry {
    /** When too much is kept, this part of what may be is aimed at, so that not each message makes a room forget. */
    private static final double AIM = 0.9;

    private final RoomLimits limits;
    private final Function<RoomName, RoomLimits> limitsOf;
    private final int maxRooms;
    /** Where the rooms are kept that are not in memory alone; null when all are. */
    private final @Nullable RoomStore store;

    private final LogBudget budget;
    private final Room.Observer observer;
    /** Makes the least used rooms forget. Not done by who appends: it takes the locks of other rooms. */
    private final Turn forgetting;

    private final Executor fanOut;
    private final Clock clock;
    private final ConcurrentHashMap<RoomName, Room> rooms = new ConcurrentHashMap<>();
    private final AtomicInteger count = new AtomicInteger();
    private final LongAdder forgotten = new LongAdder();
    private final Tally tally = new Tally();

    /** Set when there was one room too many: the next sweep then does not let empty ones linger. */
    private volatile boolean scarce;

    /**
     * Makes an empty registry.
     *
     * @param maxRooms how many rooms there may be at once
     * @param fanOut where the rooms' turns run
     */
    public RoomRegistry(RoomLimits limits, int maxRooms, Executor fanOut, Clock clock) {
        this(limits, room -> limits, maxRooms, null, Long.MAX_VALUE, (took, since) -> {}, fanOut, clock);
    }

    /**
     * Makes an empty registry of rooms that are not all alike.
     *
     * @param limits of most rooms
     * @param limitsOf the limits of a room
     * @param store where the messages of those rooms are kept that have a {@link Retention}; null for nowhere
     * @param logBytes what the messages kept in all rooms may weigh
     */
    public RoomRegistry(
            RoomLimits limits,
            Function<RoomName, RoomLimits> limitsOf,
            int maxRooms,
            @Nullable RoomStore store,
            long logBytes,
            Room.Observer observer,
            Executor fanOut,
            Clock clock) {
        this.forgetting = new Turn(this::forget, fanOut);
        this.budget = new LogBudget(logBytes, forgetting::isDue);
        this.limitsOf = limitsOf;
        this.observer = observer;
        this.limits = limits;
        this.maxRooms = maxRooms;
        this.store = store;
        this.fanOut = fanOut;
        this.clock = clock;
    }

    /**
     * Where in a room's log a member would start who joined now. Taken at the handshake, because between the answer that
     * tells a client that it is in and the moment it joins, others may publish.
     *
     * @param history how many messages back to start, as far as the room keeps them
     */
    public Position position(RoomName name, int history) {
        return position(name, new Wish.Last(history));
    }

    /** Where a member would go on that names the last message it has, or start anew if that is not known here. */
    public Position position(RoomName name, Command.After after) {
        return position(name, new Wish.After(after.epoch(), after.seq()));
    }

    private Position position(RoomName name, Wish wish) {
        // The store begins to look now.
        Room room = store != null && isStored(limitsOf.apply(name)) ? findOrMake(name) : rooms.get(name);
        return new Position(room, wish, room == null ? wish : room.fix(wish));
    }

    private boolean isStored(RoomLimits its) {
        return store != null && its.retention() != null;
    }

    /**
     * A place in the log of a room.
     *
     * @param room null when there was none of that name: then all that one made later holds comes after
     * @param wish where the client wants to start
     * @param fixed the same, as it was when the position was taken
     */
    public record Position(@Nullable Room room, Wish wish, Wish fixed) {
        /** In a room that has been made since: in memory it holds nothing older, and nothing that the client has seen. */
        private Wish in(Room now) {
            if (now == room) {
                return fixed;
            }
            return now.isStored() ? wish : new Wish.At(1, wish instanceof Wish.After ? false : null);
        }
    }

    /**
     * Joins a room at a position, making the room if there is none of that name.
     *
     * @param as what the member is called
     * @param told called when it is in and before it is given messages, if it comes in: at once, or later by a thread of the store's; with
     *     null when it is not in after all, because what is kept of the room cannot be read
     * @return what became of it, but never {@link Entry.No#GONE}
     */
    public Entry join(
            RoomName name,
            Position position,
            Member.Subscriber subscriber,
            Format format,
            @Nullable MemberName as,
            Consumer<@Nullable Joined> told) {
        String memberName = as == null ? null : as.value();
        while (true) {
            Room room = findOrMake(name);
            if (room == null) {
                return Entry.No.TOO_MANY_ROOMS;
            }
            Entry entry = room.join(subscriber, format, memberName, position.in(room), null, told);
            if (entry != Entry.No.GONE) {
                return entry;
            }
            remove(room);
        }
    }

    /**
     * Joins a room again, at another position, in place of a member that is in it: nobody else is told.
     *
     * @param position one of that member's room
     * @return null when the member has left
     */
    public @Nullable Member rejoin(
            Member before,
            Position position,
            Member.Subscriber subscriber,
            Format format,
            @Nullable MemberName as,
            Consumer<@Nullable Joined> told) {
        String name = as == null ? null : as.value();
        Entry entry = before.room().join(subscriber, format, name, position.in(before.room()), before, told);
        return entry instanceof Entry.In in ? in.member() : null;
    }

    /** Has the rooms tell who came and went and read again what could not be read, and gives up those that nobody has been in for a while. Called now and then by one thread. */
    public void sweep(long nowNanos) {
        boolean atOnce = scarce;
        scarce = false;
        for (Room room : rooms.values()) {
            room.tellPresence(nowNanos);
            room.letGoWhenQuiet();
            room.readAgain();
            room.letGoEnded();
            if (room.closeIfDeserted(nowNanos, atOnce)) {
                remove(room);
            }
        }
    }

    /** Has rooms forget what they keep, the one first in which nothing was said for the longest time. */
    private void forget() {
        if (budget.bytes() <= budget.limit()) {
            return;
        }
        List<Room> leastUsedFirst = new ArrayList<>(rooms.values());
        Map<Room, Long> said = new IdentityHashMap<>(); // at one moment, or the order is none
        leastUsedFirst.forEach(room -> said.put(room, room.saidAtMillis()));
        leastUsedFirst.sort(Comparator.comparing(said::get));
        int forgot = 0;
        for (Room room : leastUsedFirst) {
            if (budget.bytes() <= budget.limit() * AIM) {
                break;
            }
            forgot += room.forget() ? 1 : 0;
        }
        forgotten.add(forgot);
    }

    /** What the messages kept in all rooms weigh, in bytes. */
    public long logBytes() {
        return budget.bytes();
    }

    /** How often a room had to forget what it kept, for others to keep theirs. */
    public long forgottenCount() {
        return forgotten.sum();
    }

    /** What a room keeps and allows for which there is nothing particular. */
    public RoomLimits limits() {
        return limits;
    }

    /** How many rooms there are. */
    public int roomCount() {
        return count.get();
    }

    /** How many members the rooms have together. */
    public int memberCount() {
        return rooms.values().stream().mapToInt(Room::memberCount).sum();
    }

    /** The counts of all rooms, of those that have been given up too, added up. */
    public Counts counts() {
        return tally.counts();
    }

    /** How far the slowest member of any room is behind, in messages. Walks over all members. */
    public long largestLag() {
        return rooms.values().stream().mapToLong(Room::largestLag).max().orElse(0);
    }

    /** What may be kept in all rooms, in bytes. */
    public long logLimit() {
        return budget.limit();
    }

    private @Nullable Room findOrMake(RoomName name) {
        Room room = rooms.get(name);
        if (room != null) {
            return room;
        }
        if (count.incrementAndGet() > maxRooms) {
            count.decrementAndGet();
            scarce = true;
            return null;
        }
        RoomLimits its = limitsOf.apply(name);
        Room made = new Room(name, its, isStored(its) ? store : null, budget, tally, observer, fanOut, clock);
        Room other = rooms.putIfAbsent(name, made);
        if (other == null) {
            return made;
        }
        count.decrementAndGet();
        return other;
    }

    private void remove(Room room) {
        if (rooms.remove(room.name(), room)) {
            count.decrementAndGet();
        }
    }
}

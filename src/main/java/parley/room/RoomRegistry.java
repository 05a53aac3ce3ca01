package parley.room;

import java.time.Clock;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import parley.protocol.Command;
import parley.protocol.MemberName;
import parley.protocol.RoomName;

/** All rooms of the application, by name: made when somebody joins, given up when nobody has been there for a while. Any thread. */
public final class RoomRegistry {
    private final RoomLimits limits;
    private final int maxRooms;
    private final Executor fanOut;
    private final Clock clock;
    private final ConcurrentHashMap<RoomName, Room> rooms = new ConcurrentHashMap<>();
    private final AtomicInteger count = new AtomicInteger();
    /** Set when there was one room too many: the next sweep then does not let empty ones linger. */
    private volatile boolean scarce;

    /**
     * Makes an empty registry.
     *
     * @param maxRooms how many rooms there may be at once
     * @param fanOut where the rooms' turns run
     */
    public RoomRegistry(RoomLimits limits, int maxRooms, Executor fanOut, Clock clock) {
        this.limits = limits;
        this.maxRooms = maxRooms;
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
        Room room = rooms.get(name);
        return room == null ? new Position(null, 1, null) : new Position(room, room.start(history), null);
    }

    /** Where a member would go on that names the last message it has, or start anew if that is not known here. */
    public Position position(RoomName name, Command.After after) {
        Room room = rooms.get(name);
        boolean isKnown = room != null && room.has(after.epoch(), after.seq());
        return new Position(room, isKnown ? after.seq() + 1 : 1, isKnown);
    }

    /**
     * A place in the log of a room.
     *
     * @param room null when there was none of that name: then all that one made later holds comes after
     * @param next the first message to take
     * @param resumes whether {@code next} follows the message that the client named; null when it named none
     */
    public record Position(
            @Nullable Room room, long next, @Nullable Boolean resumes) {}

    /**
     * Joins a room at a position, making the room if there is none of that name.
     *
     * @param as what the member is called
     * @return null when that would be one room too many
     */
    public Room.@Nullable Joined join(
            RoomName name, Position position, Member.Subscriber subscriber, Format format, @Nullable MemberName as) {
        String memberName = as == null ? null : as.value();
        while (true) {
            Room room = findOrMake(name);
            if (room == null) {
                return null;
            }
            // A room made since the position was taken holds nothing older, and nothing that the client has seen.
            boolean isSame = room == position.room;
            Boolean resumes = position.resumes == null ? null : Boolean.valueOf(isSame && position.resumes);
            Room.Joined joined = room.join(subscriber, format, memberName, isSame ? position.next : 1, resumes, null);
            if (joined != null) {
                return joined;
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
    public Room.@Nullable Joined rejoin(
            Member before, Position position, Member.Subscriber subscriber, Format format, @Nullable MemberName as) {
        return before.room()
                .join(subscriber, format, as == null ? null : as.value(), position.next, position.resumes, before);
    }

    /** Has the rooms tell who came and went, and gives up those that nobody has been in for a while. Called now and then by one thread. */
    public void sweep(long nowNanos) {
        boolean atOnce = scarce;
        scarce = false;
        for (Room room : rooms.values()) {
            room.tellPresence(nowNanos);
            if (room.closeIfDeserted(nowNanos, atOnce)) {
                remove(room);
            }
        }
    }

    /** What each room keeps and allows. */
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

    /** The counts of the rooms that are there now, added up. */
    public Room.Counts counts() {
        return rooms.values().stream().map(Room::counts).reduce(new Room.Counts(0, 0, 0), Room.Counts::plus);
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
        Room made = new Room(name, limits, fanOut, clock);
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

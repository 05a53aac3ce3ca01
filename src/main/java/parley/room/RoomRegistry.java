package parley.room;

import java.time.Clock;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import parley.protocol.RoomName;

/** All rooms of the application, by name: made when somebody joins, given up when nobody has been there for a while. Any thread. */
public final class RoomRegistry {
    private final RoomLimits limits;
    private final int maxRooms;
    private final Executor fanOut;
    private final Clock clock;
    private final ConcurrentHashMap<RoomName, Room> rooms = new ConcurrentHashMap<>();
    private final AtomicInteger count = new AtomicInteger();

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
        return room == null ? new Position(null, 1) : new Position(room, room.start(history));
    }

    /**
     * A place in the log of a room.
     *
     * @param room null when there was none of that name: then all that one made later holds comes after
     * @param next the first message to take
     */
    public record Position(@Nullable Room room, long next) {}

    /**
     * Joins a room at a position, making the room if there is none of that name.
     *
     * @return null when that would be one room too many
     */
    public @Nullable Member join(RoomName name, Member.Subscriber subscriber, Position position) {
        while (true) {
            Room room = findOrMake(name);
            if (room == null) {
                return null;
            }
            // A room made since the position was taken holds nothing older.
            Member member = room.join(subscriber, room == position.room ? position.next : 1);
            if (member != null) {
                return member;
            }
            remove(room);
        }
    }

    /** Gives up the rooms that nobody has been in for their linger time. Called now and then by one thread. */
    public void sweep() {
        long now = clock.millis();
        for (Room room : rooms.values()) {
            if (room.closeIfDeserted(now)) {
                remove(room);
            }
        }
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

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
     * Joins a room, making it if there is none of that name.
     *
     * @param history how many messages back to start, as far as the room keeps them
     * @return null when that would be one room too many
     */
    public @Nullable Member join(RoomName name, Member.Subscriber subscriber, int history) {
        while (true) {
            Room room = findOrMake(name);
            if (room == null) {
                return null;
            }
            Member member = room.join(subscriber, history);
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

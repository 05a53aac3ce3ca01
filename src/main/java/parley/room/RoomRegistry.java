package parley.room;

import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;
import parley.protocol.Draft;
import parley.protocol.MemberName;
import parley.protocol.Message;
import parley.protocol.RoomName;

/**
 * All rooms of the application, by name: made when somebody joins, given up when nobody has been there for a while. Any
 * thread.
 */
public final class RoomRegistry {
    /** When too much is kept, this part of what may be is aimed at, so that not each message makes a room forget. */
    private static final double AIM = 0.9;

    private final RoomLimits limits;
    private final Function<RoomName, RoomLimits> limitsOf;
    private final int maxRooms;
    /** Where each room is kept. */
    private final Function<RoomName, RoomStore> storeOf;

    private final LogBudget budget;
    private final TurnObserver observer;
    /** Makes the least used rooms forget. Not done by who appends: it takes the locks of other rooms. */
    private final Turn forgetting;

    private final Executor fanOut;
    private final Clock clock;
    private final LongSupplier elapsed;
    private final ConcurrentHashMap<RoomName, Room> rooms = new ConcurrentHashMap<>();
    private final AtomicInteger count = new AtomicInteger();
    private final LongAdder forgotten = new LongAdder();
    private final Tally tally = new Tally();
    private final Watching watching;

    /** Set when there was one room too many: the next sweep then does not let empty ones linger. */
    private volatile boolean scarce;

    /**
     * Makes an empty registry of rooms in memory that are all alike.
     *
     * @param maxRooms how many rooms there may be at once
     * @param fanOut where the rooms' turns run
     */
    public RoomRegistry(RoomLimits limits, int maxRooms, Executor fanOut, Clock clock) {
        this(
                limits,
                room -> limits,
                maxRooms,
                all(new MemoryStore()),
                Long.MAX_VALUE,
                (took, since) -> {},
                fanOut,
                clock);
    }

    private static Function<RoomName, RoomStore> all(RoomStore store) {
        return room -> store;
    }

    /** Makes an empty registry whose clock nobody sets: durations go by it too. */
    public RoomRegistry(
            RoomLimits limits,
            Function<RoomName, RoomLimits> limitsOf,
            int maxRooms,
            Function<RoomName, RoomStore> storeOf,
            long logBytes,
            TurnObserver observer,
            Executor fanOut,
            Clock clock) {
        this(
                limits,
                limitsOf,
                maxRooms,
                storeOf,
                logBytes,
                WatchLimits.DEFAULT,
                observer,
                fanOut,
                clock,
                clock::millis);
    }

    /**
     * Makes an empty registry.
     *
     * @param limits of most rooms
     * @param limitsOf the limits of a room
     * @param storeOf where a room is kept
     * @param logBytes how many bytes the messages kept in memory have, in all rooms
     * @param watch how much clients may watch without being in rooms
     * @param clock the time of day, for messages
     * @param elapsed milliseconds that only go up, for durations: the time of day may be set
     */
    public RoomRegistry(
            RoomLimits limits,
            Function<RoomName, RoomLimits> limitsOf,
            int maxRooms,
            Function<RoomName, RoomStore> storeOf,
            long logBytes,
            WatchLimits watch,
            TurnObserver observer,
            Executor fanOut,
            Clock clock,
            LongSupplier elapsed) {
        this.forgetting = new Turn(this::forget, fanOut);
        this.budget = new LogBudget(logBytes, forgetting::isDue);
        this.watching = new Watching(this, watch, fanOut);
        this.limitsOf = limitsOf;
        this.observer = watching.noting(observer);
        this.limits = limits;
        this.maxRooms = maxRooms;
        this.storeOf = storeOf;
        this.fanOut = fanOut;
        this.clock = clock;
        this.elapsed = elapsed;
    }

    /** Clients that watch rooms without being in them. */
    public Watching watching() {
        return watching;
    }

    /** The rooms that are in memory; not to be changed. */
    Map<RoomName, Room> all() {
        return rooms;
    }

    /** Where a room of that name is kept. */
    public RoomStore store(RoomName name) {
        return storeOf.apply(name);
    }

    /**
     * Fixes where a member will start, so that it means the same when it joins later. Done at the handshake, because
     * between the answer that tells a client that it is in and the moment it joins, others may publish. Makes the room,
     * whose store begins to look.
     */
    public Start fix(RoomName name, Start start) {
        Room room = findOrMake(name);
        return room == null || start instanceof Start.Since ? start : room.fix(start);
    }

    /**
     * Publishes a message in a room, also in one that nobody has ever been in.
     *
     * @param onResult called once: now, or later on another thread, which must not be kept
     */
    public void publish(RoomName name, Draft draft, Consumer<Outcome> onResult) {
        publish(name, draft, null, onResult);
    }

    /**
     * Publishes a message as {@link #publish(RoomName, Draft, Consumer)} does if it comes right behind the expected
     * one.
     *
     * @param expected null for whichever is the newest
     */
    public void publish(RoomName name, Draft draft, RoomStore.@Nullable Expected expected, Consumer<Outcome> onResult) {
        while (true) {
            Room room = findOrMake(name);
            if (room == null) {
                onResult.accept(
                        new Outcome.NotKept("the server has as many rooms as limits.rooms allows; retry later"));
                return;
            }
            if (room.publishAsVisitor(draft, expected, onResult)) {
                return;
            }
            remove(room);
        }
    }

    /** When a message of a room was published, and in which history. */
    public record Located(String epoch, long at) {}

    /** Looks for a message or a change; called back once, with nothing when it is not kept any more. */
    public void locate(RoomName name, long seq, Consumer<Optional<Located>> onLocated) {
        Room room = rooms.get(name);
        if (room == null) {
            onLocated.accept(Optional.empty());
            return;
        }
        RoomLog log = room.log();
        String epoch = log.beginning().epoch();
        Optional<Message> message = log.ring().find(seq);
        if (message.isPresent() && epoch.equals(log.beginning().epoch())) {
            onLocated.accept(Optional.of(new Located(epoch, message.get().at())));
            return;
        }
        room.read(null, History.Range.lastEntryBefore(seq + 1), page -> {
            boolean isThere = page != null
                    && !page.messages().isEmpty()
                    && page.messages().get(0).seq() == seq;
            long at = isThere ? page.messages().get(0).at() : 0;
            onLocated.accept(isThere ? Optional.of(new Located(page.epoch(), at)) : Optional.empty());
        });
    }

    /**
     * Finds a room, and makes it if there is none, for a caller that is no member.
     *
     * @param then called once the store has said what there is, with the room and its newest message
     * @param otherwise called when the store cannot say that now
     * @return false, and nothing is called, when there are as many rooms as there may be
     */
    public boolean visit(RoomName name, BiConsumer<Room, RoomStore.Expected> then, Runnable otherwise) {
        return visit(name, () -> false, then, otherwise);
    }

    /**
     * The same for a caller that does not wait for ever.
     *
     * @param hasEnded whether the caller waits no more: it is let go of then at the next sweep, and may be called still
     */
    public boolean visit(
            RoomName name, BooleanSupplier hasEnded, BiConsumer<Room, RoomStore.Expected> then, Runnable otherwise) {
        Room room = findOrMake(name);
        if (room == null) {
            return false;
        }
        room.whenOpen(hasEnded, newest -> {
            if (newest == null) {
                otherwise.run();
            } else {
                then.accept(room, newest);
            }
        });
        return true;
    }

    /**
     * Finds where a client starts that wants what was published at a time or later.
     *
     * @param onFound called once, with nothing when that cannot be said now
     */
    public void since(RoomName name, Start.Since since, Consumer<Optional<Start>> onFound) {
        boolean isFound = visit(
                name,
                (room, newest) -> {
                    Start behind = room.fix(new Start.Last(0)); // first: what comes meanwhile is for the client too
                    room.read(
                            null,
                            History.Range.since(since.at(), 1),
                            page -> onFound.accept(Start.Since.found(page, behind)));
                },
                () -> onFound.accept(Optional.empty()));
        if (!isFound) {
            onFound.accept(Optional.empty());
        }
    }

    /** A room that there is on this node. */
    public record Listed(RoomName name, int members, String epoch, long seq) {}

    /**
     * Lists rooms that are in memory, by their names.
     *
     * @param after the name that they come behind; empty for the first
     * @param limit how many at most
     */
    public List<Listed> list(String prefix, String after, int limit) {
        PriorityQueue<String> last = new PriorityQueue<>(Comparator.reverseOrder());
        for (RoomName name : rooms.keySet()) {
            if (name.value().startsWith(prefix) && name.value().compareTo(after) > 0) {
                last.add(name.value());
                if (last.size() > limit) {
                    last.remove();
                }
            }
        }
        List<Listed> listed = new ArrayList<>();
        for (String name : last.stream().sorted().toList()) {
            Room room = rooms.get(new RoomName(name));
            if (room != null) {
                RoomStore.Expected newest = room.log().newest();
                listed.add(new Listed(room.name(), room.roster().count(), newest.epoch(), newest.seq()));
            }
        }
        return listed;
    }

    /**
     * Joins a room, making it if there is none of that name.
     *
     * @param start where the member starts: {@linkplain #fix fixed} before its client could know that it is in
     * @param as the member's name
     * @param onJoined called once if the member comes in: at once, or later by a thread of the store's; with null when
     *     it is not in after all, because the store cannot read what it has of the room
     * @return what became of it, but never {@link Entry.No#GONE}
     */
    public Entry join(
            RoomName name,
            Start start,
            Member.Subscriber subscriber,
            Format format,
            @Nullable MemberName as,
            Consumer<@Nullable Joined> onJoined) {
        String memberName = as == null ? null : as.value();
        while (true) {
            Room room = findOrMake(name);
            if (room == null) {
                return Entry.No.TOO_MANY_ROOMS;
            }
            Entry entry = room.join(subscriber, format, memberName, start, null, onJoined);
            if (entry != Entry.No.GONE) {
                return entry;
            }
            remove(room);
        }
    }

    /**
     * Joins a room again, from another start, in place of a member that is in it: nobody else hears of it.
     *
     * @return {@link Entry.No#GONE} when the member has left
     */
    public Entry rejoin(
            Member before,
            Start start,
            Member.Subscriber subscriber,
            Format format,
            @Nullable MemberName as,
            Consumer<@Nullable Joined> onJoined) {
        String name = as == null ? null : as.value();
        return before.room().join(subscriber, format, name, start, before, onJoined);
    }

    /**
     * Looks after all rooms, and gives up those that nobody has been in for a while. Called now and then by one thread.
     */
    public void sweep(long nowNanos) {
        boolean atOnce = scarce;
        scarce = false;
        for (Room room : rooms.values()) {
            room.sweep(nowNanos);
            if (room.closeIfDeserted(nowNanos, atOnce)) {
                remove(room);
            }
        }
    }

    /** Has members hear what has changed of presence, where that is to be soon. Called now and then by one thread. */
    public void tellPresence(long nowNanos) {
        rooms.values().forEach(room -> room.tellPresence(nowNanos));
    }

    /** What presence keeps besides connections, in all rooms. */
    public PresenceBytes presence() {
        return tally.presence();
    }

    /** How many read marks were raised, in all rooms. */
    public long markCount() {
        return tally.marks();
    }

    /**
     * Has rooms forget what they keep: the one first in which nothing was said for the longest time, and nothing that
     * members have still to take. Only when that does not suffice rooms forget under their members, the one first that
     * holds most: so a room whose members do not keep up takes nothing from those of others.
     */
    private void forget() {
        if (budget.bytes() <= budget.limit()) {
            return;
        }
        forget(room -> room.log().publishedAtMillis(), Room::forgetTaken);
        if (budget.bytes() > budget.limit()) {
            forget(room -> -room.log().bytes(), Room::forget);
        }
    }

    private void forget(ToLongFunction<Room> rank, Predicate<Room> forgets) {
        int forgot = 0;
        for (Room room : inOrder(rank)) {
            if (budget.bytes() <= budget.limit() * AIM) {
                break;
            }
            forgot += forgets.test(room) ? 1 : 0;
        }
        forgotten.add(forgot);
    }

    private List<Room> inOrder(ToLongFunction<Room> rank) {
        Map<Room, Long> ranks = new IdentityHashMap<>(); // at one moment, or the order is none
        rooms.values().forEach(room -> ranks.put(room, rank.applyAsLong(room)));
        return ranks.entrySet().stream()
                .sorted(Map.Entry.comparingByValue())
                .map(Map.Entry::getKey)
                .toList();
    }

    /** The values of keys of all rooms. */
    public KeyTotals keys() {
        return budget.keys();
    }

    /** The bytes of the messages that memory keeps, in all rooms. */
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
        return rooms.values().stream()
                .mapToInt(room -> room.members().walk().length)
                .sum();
    }

    /** The counts of all rooms, of those that have been given up too, added up. */
    public Counts counts() {
        return tally.counts();
    }

    /** How many messages still grow, in all rooms. */
    public long openMessages() {
        return rooms.values().stream()
                .mapToLong(room -> room.log().growing().count())
                .sum();
    }

    /** How far the slowest member of any room is behind, in messages. Walks over all members. */
    public long largestLag() {
        return rooms.values().stream()
                .mapToLong(room -> room.members().largestLag())
                .max()
                .orElse(0);
    }

    /** The limit of these bytes. */
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
        Room made = new Room(name, its, budget, tally, observer, fanOut, clock, elapsed);
        made.open(storeOf.apply(name));
        Room other = rooms.putIfAbsent(name, made);
        if (other == null) {
            return made;
        }
        count.decrementAndGet();
        made.discard();
        return other;
    }

    private void remove(Room room) {
        if (rooms.remove(room.name(), room)) {
            count.decrementAndGet();
            watching.closed(room);
        }
    }
}

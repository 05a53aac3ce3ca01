package parley.cluster;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.room.RoomStore;

/**
 * The other nodes, and who is in rooms there. For the store's thread alone.
 *
 * <p>A node says every second that it is there, and of each of its rooms who is in it: when that changes, when somebody asks, and now and then
 * anyway, since what is said may get lost. Who is at a node that has been silent for too long is gone. What is said of one room is the whole
 * of it, and the longer it is the less often it is said.
 */
final class Neighbours {
    private static final long BEAT_NANOS = 1_000_000_000L;
    private static final long SHORTEST_NANOS = 200_000_000L;
    /** What is said of one room, at most, a second. */
    private static final long BYTES_PER_SECOND = 64 * 1024;

    private static final long ANYWAY_NANOS = 120_000_000_000L;
    private static final long OUTDATED_NANOS = 3 * ANYWAY_NANOS;
    private static final int ROOMS_A_TICK = 50;
    private static final int MOST_DEAD = 10_000;
    /** What is said of one room at most: half of what NATS takes, unless it is told otherwise. */
    private static final int MOST_SAID_BYTES = 512 << 10;

    /** Sends something that may get lost. */
    interface Sends {
        void send(String subject, byte[] data);
    }

    /** What is to be said of a room. */
    private static final class Here {
        RoomStore.Present present = RoomStore.Present.NOBODY;
        long notBeforeNanos = System.nanoTime();
        /** How many it was last said that there are. */
        int saidCount;
    }

    private final String node;
    private final Subjects subjects;
    private final long timeoutNanos;
    private final Sends sends;
    private final Set<Remote> rooms;

    /** When each node was last heard of. */
    private final Map<String, Long> alive = new HashMap<>();
    /** Those that were silent for too long: when they are heard again, what they said is to be asked for. */
    private final Set<String> dead = new LinkedHashSet<>();

    private final Map<Remote, Here> here = new HashMap<>();
    /** Rooms that this node has left, and others have not been told: before anything is said of another of that name. */
    private final Deque<Remote> deserted = new ArrayDeque<>();
    /** Which other nodes each room has been told of, and when that was last said. */
    private final Map<Remote, Map<String, Long>> there = new HashMap<>();

    private final LinkedHashSet<Remote> toTell = new LinkedHashSet<>();
    private final Deque<Remote> toAsk = new ArrayDeque<>();
    private long beatAt;
    private long anywayAt = System.nanoTime();

    Neighbours(String node, Subjects subjects, long timeoutNanos, Sends sends, Set<Remote> rooms) {
        this.node = node;
        this.subjects = subjects;
        this.timeoutNanos = timeoutNanos;
        this.sends = sends;
        this.rooms = rooms;
        this.beatAt = System.nanoTime() - BEAT_NANOS;
    }

    /** How many nodes there are, this one included. */
    int count() {
        return 1 + alive.size();
    }

    /** A room follows what comes by: others with somebody in it are asked to say so. */
    void opened(Remote room) {
        toAsk.add(room);
    }

    /** Who is in a room here has changed. */
    void here(Remote room, RoomStore.Present present) {
        if (!room.isClosed()) {
            here.computeIfAbsent(room, r -> new Here()).present = present;
            toTell.add(room);
        }
    }

    void closed(Remote room) {
        Here was = here.remove(room);
        toTell.remove(room);
        there.remove(room);
        if (was != null && was.saidCount > 0) {
            deserted.add(room);
        }
    }

    /** NATS is there again: nodes have been silent because they could not be heard. */
    void resume(long nowNanos) {
        alive.replaceAll((other, before) -> nowNanos);
        tellAll();
    }

    /** Says of all rooms again who is in them, and asks. */
    void tellAll() {
        toTell.addAll(here.keySet());
        toAsk.clear();
        rooms.stream().filter(Remote::isOpen).forEach(toAsk::add);
    }

    /** Somebody asks who is in a room. */
    void asked(Remote room, byte[] data) {
        Envelope from = Envelope.decode(data);
        if (from != null && !from.node().equals(node) && here.containsKey(room)) {
            toTell.add(room);
        }
    }

    /** A node has said who is in a room there. */
    void present(Remote room, byte[] data, long nowNanos) {
        Envelope.Here said = Envelope.Here.decode(data);
        if (said == null || said.node().equals(node)) {
            return;
        }
        alive.put(said.node(), nowNanos);
        askIfItWasDead(said.node());
        Map<String, Long> nodes = there.computeIfAbsent(room, r -> new HashMap<>());
        if (said.present().count() > 0) {
            nodes.put(said.node(), nowNanos);
        } else if (nodes.remove(said.node()) == null) {
            return;
        }
        room.room().present(said.node(), said.present());
    }

    /** A node has said that it is there, or that it goes. */
    void beat(byte[] data, long nowNanos) {
        Envelope from = Envelope.decode(data);
        if (from == null || from.node().equals(node)) {
            return;
        }
        if (from.at() < 0) {
            alive.remove(from.node());
            gone(from.node());
            return;
        }
        alive.put(from.node(), nowNanos);
        askIfItWasDead(from.node());
    }

    /** What was known of it has been let go: it is to say all of it again. */
    private void askIfItWasDead(String other) {
        if (dead.remove(other)) {
            sends.send(subjects.node(other), beat(0));
        }
    }

    private void gone(String other) {
        there.forEach((room, nodes) -> {
            if (nodes.remove(other) != null) {
                room.room().present(other, RoomStore.Present.NOBODY);
            }
        });
    }

    private byte[] beat(long at) {
        return new Envelope(node, at, 0, new Draft(null, new Content(Content.Kind.DATA, "", 0), null)).encode();
    }

    void tick(long nowNanos) {
        if (nowNanos - beatAt >= BEAT_NANOS) {
            beatAt = nowNanos;
            sends.send(subjects.nodes(), beat(0));
            expire(nowNanos);
        }
        if (nowNanos - anywayAt >= ANYWAY_NANOS) {
            anywayAt = nowNanos - ThreadLocalRandom.current().nextLong(ANYWAY_NANOS / 4);
            toTell.addAll(here.keySet());
        }
        for (int i = 0; i < ROOMS_A_TICK && !toAsk.isEmpty(); i++) {
            Remote room = toAsk.remove();
            if (!room.isClosed()) {
                sends.send(subjects.at(room.name(), Subjects.ASK), beat(0));
            }
        }
        int said = 0;
        for (; said < ROOMS_A_TICK && !deserted.isEmpty(); said++) {
            say(deserted.remove(), RoomStore.Present.NOBODY);
        }
        for (Iterator<Remote> next = toTell.iterator(); next.hasNext() && said < ROOMS_A_TICK; ) {
            Remote room = next.next();
            Here is = here.get(room);
            if (is == null) {
                next.remove();
            } else if (room.isOpen() && nowNanos - is.notBeforeNanos >= 0) {
                next.remove();
                int bytes = say(room, is.present);
                is.saidCount = is.present.count();
                is.notBeforeNanos = nowNanos + SHORTEST_NANOS + bytes * 1_000_000_000L / BYTES_PER_SECOND;
                said++;
            }
        }
    }

    private int say(Remote room, RoomStore.Present present) {
        byte[] said = new Envelope.Here(node, present).encode();
        if (said.length > MOST_SAID_BYTES) {
            said = new Envelope.Here(node, some(present, MOST_SAID_BYTES / 512)).encode();
        }
        sends.send(subjects.at(room.name(), Subjects.PRESENT), said);
        return said.length;
    }

    private static RoomStore.Present some(RoomStore.Present all, int most) {
        Map<String, Integer> names = new HashMap<>();
        all.names().entrySet().stream().limit(most).forEach(name -> names.put(name.getKey(), name.getValue()));
        return new RoomStore.Present(all.count(), names, false);
    }

    private void expire(long nowNanos) {
        for (Iterator<Map.Entry<String, Long>> next = alive.entrySet().iterator(); next.hasNext(); ) {
            Map.Entry<String, Long> other = next.next();
            if (nowNanos - other.getValue() > timeoutNanos) {
                next.remove();
                gone(other.getKey());
                if (dead.size() < MOST_DEAD) {
                    dead.add(other.getKey());
                }
            }
        }
        there.forEach((room, nodes) -> forget(room, nodes, nowNanos));
    }

    /** A node that is there and says nothing of a room any more has left it, and that was lost. */
    private static void forget(Remote room, Map<String, Long> nodes, long nowNanos) {
        for (Iterator<Map.Entry<String, Long>> next = nodes.entrySet().iterator(); next.hasNext(); ) {
            Map.Entry<String, Long> other = next.next();
            if (nowNanos - other.getValue() > OUTDATED_NANOS) {
                next.remove();
                room.room().present(other.getKey(), RoomStore.Present.NOBODY);
            }
        }
    }

    /** Says that this node goes. */
    void leave() {
        sends.send(subjects.nodes(), beat(-1));
    }

    /** For diagnosis. */
    @Override
    public String toString() {
        return "alive " + alive.keySet() + ", dead " + dead;
    }
}

package parley.cluster;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;
import parley.room.RoomStore;

/**
 * The other nodes, and who is in rooms there. For the store's thread alone.
 *
 * <p>A node beats every second. It sends snapshots of who is in its rooms: when that changes, when another node asks,
 * and now and then anyway, since they may get lost. The larger a snapshot is, the less often it is sent. The members
 * of a node that is silent for too long are gone; time in which this node itself stood still does not count, since
 * what the others sent meanwhile has not been read yet.
 */
final class Neighbours {
    private static final long BEAT_NANOS = 1_000_000_000L;
    /** A pause between two ticks that is longer than this is one in which this node stood still. */
    private static final long STOOD_STILL_NANOS = 500_000_000L;

    private static final long SHORTEST_NANOS = 200_000_000L;
    /** What is said of one room, at most, a second. */
    private static final long BYTES_PER_SECOND = 64 * 1024;

    private static final long ANYWAY_NANOS = 120_000_000_000L;
    private static final long OUTDATED_NANOS = 3 * ANYWAY_NANOS;
    private static final int ROOMS_A_TICK = 50;
    private static final int MOST_DEAD = 10_000;
    /** Of a snapshot: half of what NATS takes by default, and never more than half of what it takes. */
    private static final int MOST_SAID_BYTES = 512 << 10;

    private static final int NAME_BYTES = 512;
    /** With its name, twice. */
    private static final int USER_BYTES = 1536;

    /** Sends something that may get lost. */
    interface Sends {
        void send(String subject, byte[] data);
    }

    /** What is to be said of a room. */
    private static final class Here {
        RoomStore.Present present = RoomStore.Present.NOBODY;
        long notBeforeNanos;
        /** Whether it was last said that somebody is there. */
        boolean wasSaid;

        Here(long nowNanos) {
            this.notBeforeNanos = nowNanos;
        }
    }

    private final String node;
    private final Subjects subjects;
    private final long timeoutNanos;
    private final Sends sends;
    private final LongSupplier maxPayload;
    private final LongSupplier nanoTime;
    private final Decoder decoder;
    private final Set<Remote> rooms;

    /** When each node was last heard of. */
    private final Map<String, Long> alive = new HashMap<>();
    /** Those that were silent for too long: when they are heard again, what they said is to be asked for. */
    private final Set<String> dead = new LinkedHashSet<>();

    private final Map<Remote, Here> here = new HashMap<>();
    /**
     * Rooms that this node has left, and others have not heard: before anything is said of another of that name.
     */
    private final Deque<Remote> deserted = new ArrayDeque<>();
    /** Which other nodes have heard of each room, and when that was last said. */
    private final Map<Remote, Map<String, Long>> there = new HashMap<>();

    private final LinkedHashSet<Remote> toTell = new LinkedHashSet<>();
    private final Deque<Remote> toAsk = new ArrayDeque<>();
    private long beatAt;
    private long anywayAt;
    private long tickedAt;

    /**
     * @param maxPayload how many bytes NATS takes at once
     * @param rooms those that this node follows
     */
    Neighbours(
            String node,
            Subjects subjects,
            long timeoutNanos,
            Sends sends,
            LongSupplier maxPayload,
            LongSupplier nanoTime,
            Decoder decoder,
            Set<Remote> rooms) {
        this.node = node;
        this.maxPayload = maxPayload;
        this.nanoTime = nanoTime;
        this.decoder = decoder;
        this.anywayAt = nanoTime.getAsLong();
        this.tickedAt = anywayAt;
        this.beatAt = anywayAt - BEAT_NANOS;
        this.subjects = subjects;
        this.timeoutNanos = timeoutNanos;
        this.sends = sends;
        this.rooms = rooms;
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
            here.computeIfAbsent(room, r -> new Here(nanoTime.getAsLong())).present = present;
            toTell.add(room);
        }
    }

    void closed(Remote room) {
        Here was = here.remove(room);
        toTell.remove(room);
        there.remove(room);
        if (was != null && was.wasSaid) {
            deserted.add(room);
        }
    }

    /** NATS is there again: nodes have been silent because they could not be heard. */
    void resume() {
        long now = nanoTime.getAsLong();
        alive.replaceAll((other, before) -> now);
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
        Optional<Envelope> from = decoder.envelope(Subjects.ASK, data);
        if (from.isPresent() && !from.get().node().equals(node) && here.containsKey(room)) {
            toTell.add(room);
        }
    }

    /** A node has said who is in a room there. */
    void present(Remote room, byte[] data) {
        PresentEnvelope said = decoder.here(Subjects.PRESENT, data).orElse(null);
        if (said == null || said.node().equals(node)) {
            return;
        }
        long nowNanos = nanoTime.getAsLong();
        alive.put(said.node(), nowNanos);
        askIfItWasDead(said.node());
        Map<String, Long> nodes = there.computeIfAbsent(room, r -> new HashMap<>());
        if (!said.present().isEmpty()) {
            nodes.put(said.node(), nowNanos);
        } else if (nodes.remove(said.node()) == null) {
            return;
        }
        room.room().present(said.node(), said.present());
    }

    /** A node has said that it is there, or that it goes. */
    void beat(byte[] data) {
        Envelope from = decoder.envelope(subjects.nodes(), data).orElse(null);
        if (from == null || from.node().equals(node)) {
            return;
        }
        if (from.at() < 0) {
            alive.remove(from.node());
            gone(from.node());
            return;
        }
        alive.put(from.node(), nanoTime.getAsLong());
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
                room.room().lost(other);
            }
        });
    }

    private byte[] beat(long at) {
        return Envelope.of(node, at).encode();
    }

    void tick(long nowNanos) {
        long pause = nowNanos - tickedAt;
        tickedAt = nowNanos;
        if (pause > STOOD_STILL_NANOS) {
            alive.replaceAll((other, before) -> Math.min(before + pause, nowNanos));
        }
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
                is.wasSaid = !is.present.isEmpty();
                is.notBeforeNanos = nowNanos + SHORTEST_NANOS + bytes * 1_000_000_000L / BYTES_PER_SECOND;
                said++;
            }
        }
    }

    private int say(Remote room, RoomStore.Present present) {
        byte[] said = new PresentEnvelope(node, present).encode();
        int most = (int) Math.min(MOST_SAID_BYTES, maxPayload.getAsLong() / 2);
        if (said.length > most) {
            said = new PresentEnvelope(node, some(present, most)).encode();
        }
        sends.send(subjects.at(room.name(), Subjects.PRESENT), said);
        return said.length;
    }

    /** As much as fits so many bytes, without states. */
    private static RoomStore.Present some(RoomStore.Present all, int most) {
        Map<String, RoomStore.User> users = new HashMap<>();
        all.users().entrySet().stream()
                .limit(most / USER_BYTES)
                .forEach(user -> users.put(user.getKey(), user.getValue().without()));
        int left = most - users.size() * USER_BYTES;
        Map<String, Integer> names = new HashMap<>();
        all.names().entrySet().stream()
                .limit(left / NAME_BYTES)
                .forEach(name -> names.put(name.getKey(), name.getValue()));
        return new RoomStore.Present(all.count(), names, false, users, Map.of(), Set.of());
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

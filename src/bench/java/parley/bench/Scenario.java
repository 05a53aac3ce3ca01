package parley.bench;

import java.util.ArrayList;
import java.util.List;

/**
 * What is done to a server.
 *
 * @param name what it is asked for by
 * @param sweep the sweep it is a point of, or nothing for a row of the table
 * @param x its place in the sweep
 * @param readers connections that read
 * @param frozen members that never read
 * @param rooms rooms the members are spread over
 * @param senders how many of the readers send
 * @param outstanding messages that each sender has on their way, in a closed loop
 * @param rate messages a second of all senders together in an open loop, or 0 for a closed one
 * @param size bytes of a message
 * @param joins members a second that come, stay for half a second and go
 */
record Scenario(
        String name,
        String sweep,
        double x,
        Kind kind,
        int readers,
        int frozen,
        int rooms,
        int senders,
        int outstanding,
        double rate,
        int size,
        double joins) {

    static final String ECHO_PATH = "/echo";
    private static final int SMALL = 64;
    private static final String CLUSTER = "cluster-";

    /** What is measured. */
    enum Kind {
        ROOMS,
        ECHO,
        IDLE,
        HANDSHAKES,
        /** Clients that all come back at once and ask for everything that a room keeps. */
        RESUME,
        /** A room whose readers may read event streams. */
        EVENTS,
        /** Clients that publish, each in a room of its own, and wait until a message is there before the next. */
        POSTS,
        /** A room in which chat text is said. */
        CHAT,
        /** Clients of the Java client, all in one room. */
        CLIENTS,
        /** A room in which some members change their state again and again. */
        STATES,
        /** The same with names, which presence told before there were states. */
        RENAMES,
        /** A room in which a member says small messages. */
        SAYS,
        /** A room in which one message grows by pieces as small. */
        GROWS
    }

    int members() {
        return readers + frozen;
    }

    boolean isSweep() {
        return !sweep.isEmpty();
    }

    /** Whether what Parley does over HTTP is measured beside the same over WebSocket. */
    boolean isOfHttp() {
        return kind == Kind.EVENTS || kind == Kind.POSTS;
    }

    /** Whether it is about what members hear of each other. */
    boolean isOfPresence() {
        return kind == Kind.STATES || kind == Kind.RENAMES;
    }

    /** Whether it is about messages that grow. */
    boolean isOfGrowth() {
        return kind == Kind.SAYS || kind == Kind.GROWS;
    }

    /** Whether a cluster is measured beside what it is made of, and not Parley beside others. */
    boolean isOfCluster() {
        return name.startsWith(CLUSTER);
    }

    /**
     * The room of a member: neighbours are in different rooms, so that the senders are spread over all. Handshakes fill
     * one room after the other, since they are to be measured and not what a room tells of who comes.
     */
    int roomOf(int member) {
        return kind == Kind.HANDSHAKES ? member / (readers / rooms) : member % rooms;
    }

    /**
     * Which of the nodes a member connects to: the members of a room are spread over all, and so are the senders of all
     * rooms.
     */
    int nodeOf(int member, int nodes) {
        return (roomOf(member) + member / rooms) % nodes;
    }

    /** Names of one length, so that all rooms' frames are alike. */
    static String roomName(int room) {
        return String.format("r%04d", room);
    }

    /** The rows of the table of targets. */
    static List<Scenario> table() {
        return List.of(
                closed("fan-1", "", 0, 100, 1, 1, 1, SMALL),
                closed("fan-10", "", 0, 100, 1, 10, 4, SMALL),
                closed("fan-1000", "", 0, 1000, 1, 20, 8, SMALL),
                new Scenario("echo", "", 0, Kind.ECHO, 100, 0, 1, 100, 1, 0, SMALL, 0),
                open("slow", "", 0, 100, 10, 10, 500, 4096, 0),
                still("idle", "", Kind.IDLE, 10_000),
                still("handshakes", "", Kind.HANDSHAKES, 10_000));
    }

    /** A large room and a hundred small ones, first at a rate that all can keep up with, then as fast as it goes. */
    static List<Scenario> cluster() {
        return List.of(
                ofCluster("room-rate", 1, 1, 0, 50),
                ofCluster("rooms-rate", 100, 100, 0, 500),
                ofCluster("room-most", 1, 1, 16, 0),
                ofCluster("rooms-most", 100, 100, 4, 0),
                new Scenario(CLUSTER + "resume", "", 0, Kind.RESUME, 101, 0, 1, 1, 16, 0, SMALL, 0));
    }

    /** Readers beside readers at one rate, at which all keep up, and messages one at a time as fast as it goes. */
    static List<Scenario> http() {
        return List.of(
                events("events-100", 100, 500),
                events("events-1000", 1000, 50),
                new Scenario("posts", "", 0, Kind.POSTS, 32, 0, 32, 32, 1, 0, SMALL, 0));
    }

    /** Chat text as fast as it goes, at a rate that leaves a frame few messages, and one message at a time. */
    static List<Scenario> compression() {
        return List.of(chat("chat-most", 10, 4, 0), chat("chat-2000", 10, 0, 2000), chat("chat-100", 10, 0, 100));
    }

    private static Scenario chat(String name, int senders, int outstanding, double rate) {
        return new Scenario(name, "", 0, Kind.CHAT, 100, 0, 1, senders, outstanding, rate, SMALL, 0);
    }

    /** Clients of the Java client in the benchmark's own JVM. */
    static List<Scenario> clients() {
        return List.of(clients(1_000), clients(10_000));
    }

    private static Scenario clients(int count) {
        return new Scenario("clients-" + count, "", 0, Kind.CLIENTS, count, 0, 1, 1, 1, 0, SMALL, 0);
    }

    /** A tenth of the members change their state, or their name, ten times a second each. */
    static List<Scenario> presence() {
        List<Scenario> all = new ArrayList<>();
        for (int members : new int[] {1_000, 10_000}) {
            all.add(presence("states-" + members, Kind.STATES, members));
            all.add(presence("renames-" + members, Kind.RENAMES, members));
        }
        return all;
    }

    /** 50 a second to 1,000 members: tokens of one message, and messages of one token. */
    static List<Scenario> append() {
        return List.of(
                new Scenario("says-50", "", 0, Kind.SAYS, 1_000, 0, 1, 1, 0, 50, Marks.LENGTH, 0),
                new Scenario("grows-50", "", 0, Kind.GROWS, 1_000, 0, 1, 1, 0, 50, Marks.LENGTH, 0));
    }

    private static Scenario presence(String name, Kind kind, int members) {
        return new Scenario(name, "", 0, kind, members, 0, 1, members / 10, 0, members, Marks.LENGTH, 0);
    }

    /** The sender is one more, since it speaks WebSocket in any case. */
    private static Scenario events(String name, int readers, double rate) {
        return new Scenario(name, "", 0, Kind.EVENTS, readers + 1, 0, 1, 1, 0, rate, SMALL, 0);
    }

    private static Scenario ofCluster(String name, int rooms, int senders, int outstanding, double rate) {
        return new Scenario(CLUSTER + name, "", 0, Kind.ROOMS, 1000, 0, rooms, senders, outstanding, rate, SMALL, 0);
    }

    /** One thing changed at a time. */
    static List<Scenario> sweeps() {
        List<Scenario> all = new ArrayList<>();
        for (int size : new int[] {64, 1024, 4096, 16_384}) {
            all.add(closed("size-" + size, "size", size, 100, 1, 10, 4, size));
        }
        for (int rooms : new int[] {1, 10, 100, 1000}) {
            int senders = Math.max(20, rooms);
            all.add(closed("rooms-" + rooms, "rooms", rooms, 1000, rooms, senders, Math.max(1, 160 / senders), SMALL));
        }
        for (int members : new int[] {1000, 2000, 5000, 10_000, 15_000}) {
            all.add(closed("members-" + members, "members", members, members, 1, 1, 1, SMALL));
        }
        for (int members : new int[] {1000, 2000, 5000, 10_000, 15_000}) {
            all.add(closed("busy-" + members, "busy", members, members, 1, 20, 8, SMALL));
        }
        for (int rate : new int[] {100, 1000, 5000, 20_000}) {
            all.add(open("rate-" + rate, "rate", rate, 100, 0, 10, rate, SMALL, 0));
        }
        for (int percent : new int[] {0, 10, 50}) {
            int frozen = (int) Math.round(100.0 * percent / (100 - percent));
            all.add(open("frozen-" + percent, "frozen", percent, 100, frozen, 10, 500, 4096, 0));
        }
        for (int joins : new int[] {0, 250, 500, 1000}) {
            all.add(open("joins-" + joins, "joins", joins, 100, 0, 1, 100, SMALL, joins));
        }
        for (int members : new int[] {1000, 5000, 10_000, 15_000}) {
            all.add(still("idle-" + members, "idle", Kind.IDLE, members));
        }
        return all;
    }

    private static Scenario closed(
            String name, String sweep, double x, int readers, int rooms, int senders, int outstanding, int size) {
        return new Scenario(name, sweep, x, Kind.ROOMS, readers, 0, rooms, senders, outstanding, 0, size, 0);
    }

    private static Scenario open(
            String name,
            String sweep,
            double x,
            int readers,
            int frozen,
            int senders,
            double rate,
            int size,
            double joins) {
        return new Scenario(name, sweep, x, Kind.ROOMS, readers, frozen, 1, senders, 0, rate, size, joins);
    }

    private static Scenario still(String name, String sweep, Kind kind, int members) {
        return new Scenario(name, sweep, members, kind, members, 0, members / 100, 0, 0, 0, SMALL, 0);
    }
}

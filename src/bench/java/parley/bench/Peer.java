package parley.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A server that can be measured.
 *
 * @param name what it is asked for by
 * @param script what starts it, given a port
 * @param nodes how many of it are started, among which the clients are shared out
 * @param nats what starts the NATS that makes them one, given a port, or nothing
 */
record Peer(
        String name,
        Path script,
        Dialect dialect,
        int nodes,
        @Nullable Path nats) {
    static final String PARLEY = "parley";
    static final String PARLEY_PLAIN = "parley-plain";
    static final String BOUND = "bound";
    static final String NAIVE = "naive";
    /** Parley over WebSocket, which the same over HTTP is measured beside. */
    static final String WEBSOCKET = "websocket";
    /** Parley by itself, which a cluster is measured beside. */
    static final String MEMORY = "memory";

    private static final String NATS = "nats";

    /**
     * Parley first, in both ways to speak to it, the bound and the naive loop last, between them what else has a
     * folder.
     */
    static List<Peer> all(Path folder) throws IOException {
        List<String> names = new ArrayList<>();
        try (Stream<Path> folders = Files.list(folder)) {
            folders.filter(peer -> Files.isExecutable(peer.resolve("start")))
                    .map(peer -> String.valueOf(peer.getFileName()))
                    .sorted()
                    .forEach(names::add);
        }
        names.removeAll(List.of(PARLEY, NAIVE, BOUND));
        names.add(0, PARLEY_PLAIN);
        names.add(0, PARLEY);
        names.addAll(List.of(NAIVE, BOUND));
        return names.stream().map(name -> of(folder, name)).toList();
    }

    private static Peer of(Path folder, String name) {
        String home = name.equals(PARLEY_PLAIN) ? PARLEY : name;
        Dialect dialect = switch (name) {
            case PARLEY -> Dialect.JSON;
            case NATS -> Dialect.NATS;
            default -> Dialect.PLAIN;
        };
        return new Peer(name, start(folder, home), dialect, 1, null);
    }

    private static Path start(Path folder, String home) {
        return folder.resolve(home).resolve("start");
    }

    /** Parley by itself with rooms in memory and on disk, as a cluster of one node, and of three. */
    static List<Peer> cluster(Path folder) {
        Path parley = start(folder, PARLEY);
        Path cluster = folder.resolveSibling("cluster");
        Path nats = cluster.resolve(NATS);
        return List.of(
                new Peer(MEMORY, parley, Dialect.JSON, 1, null),
                new Peer("disk", cluster.resolve("disk"), Dialect.JSON, 1, null),
                new Peer("disk-interval", cluster.resolve("disk-interval"), Dialect.JSON, 1, null),
                new Peer("cluster-1", parley, Dialect.JSON, 1, nats),
                new Peer("cluster-3", parley, Dialect.JSON, 3, nats));
    }

    /**
     * Parley over WebSocket and HTTP, rooms in memory and on disk, a handler of Grizzly that keeps nothing, and NATS by
     * itself, with streams in memory and on disk.
     */
    static List<Peer> http(Path folder) {
        Path parley = start(folder, PARLEY);
        Path cluster = folder.resolveSibling("cluster");
        Path disk = cluster.resolve("disk");
        Path nats = cluster.resolve(NATS);
        return List.of(
                new Peer(WEBSOCKET, parley, Dialect.JSON, 1, null),
                new Peer(WEBSOCKET + "-disk", disk, Dialect.JSON, 1, null),
                new Peer("events", parley, Dialect.EVENTS, 1, null),
                new Peer("requests", parley, Dialect.REQUESTS, 1, null),
                new Peer("requests-disk", disk, Dialect.REQUESTS, 1, null),
                new Peer("grizzly", folder.resolveSibling("http").resolve("grizzly"), Dialect.REQUESTS, 1, null),
                new Peer("jetstream", nats, Dialect.JETSTREAM, 1, null),
                new Peer("jetstream-disk", nats, Dialect.JETSTREAM_DISK, 1, null));
    }

    /** Parley with clients that offer compression and with those that do not, of one process each. */
    static List<Peer> compression(Path folder) {
        Path parley = start(folder, PARLEY);
        return List.of(
                new Peer(PARLEY, parley, Dialect.JSON, 1, null), new Peer("deflate", parley, Dialect.DEFLATE, 1, null));
    }

    /** Parley alone: its client speaks to no other. */
    static List<Peer> clients(Path folder) {
        return List.of(new Peer(PARLEY, start(folder, PARLEY), Dialect.JSON, 1, null));
    }

    /** Parley alone, with presence that names all members. */
    static List<Peer> presence(Path folder) {
        Path start = folder.resolveSibling("presence").resolve("start");
        return List.of(new Peer(PARLEY, start, Dialect.JSON, 1, null));
    }

    /** Whether it has what the scenario is about; an echo is the same in both of Parley's ways. */
    boolean does(Scenario scenario) {
        return switch (scenario.kind()) {
            case ECHO -> dialect != Dialect.NATS && !name.equals(PARLEY_PLAIN);
            case RESUME -> !name.equals(MEMORY); // it does not keep as many messages as they miss
            case EVENTS -> dialect == Dialect.EVENTS || name.equals(WEBSOCKET);
            case POSTS -> dialect != Dialect.EVENTS;
            default -> true;
        };
    }
}

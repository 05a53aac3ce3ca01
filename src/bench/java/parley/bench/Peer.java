package parley.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * A server that can be measured.
 *
 * @param name what it is asked for by
 * @param script what starts it, given a port
 */
record Peer(String name, Path script, Dialect dialect) {
    static final String PARLEY = "parley";
    static final String PARLEY_PLAIN = "parley-plain";
    static final String BOUND = "bound";
    static final String NAIVE = "naive";
    private static final String NATS = "nats";

    /** Parley first, in both ways to speak to it, the bound and the naive loop last, between them what else has a folder. */
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
        return new Peer(name, folder.resolve(home).resolve("start"), dialect);
    }

    /** Whether it has what the scenario is about; an echo is the same in both of Parley's ways. */
    boolean does(Scenario scenario) {
        return scenario.kind() != Scenario.Kind.ECHO || dialect != Dialect.NATS && !name.equals(PARLEY_PLAIN);
    }
}

package parley.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What is measured, as it runs: a server, or the nodes of a cluster and the NATS between them. */
final class Servers implements AutoCloseable {
    private final List<ServerProcess> nodes = new ArrayList<>();
    private final @Nullable ServerProcess nats;

    /** Starts all of them on these processors; if one does not start, none is left. */
    Servers(Peer peer, Path logs, String processors) throws IOException, InterruptedException {
        Path script = peer.nats();
        nats = script == null
                ? null
                : ServerProcess.start(script, List.of(), logs.resolve(peer.name() + "-nats.log"), processors);
        try {
            List<String> options = nats == null ? List.of() : List.of("--nats", "nats://127.0.0.1:" + nats.port());
            for (int node = 1; node <= peer.nodes(); node++) {
                String log = peer.name() + (peer.nodes() == 1 ? "" : "-" + node) + ".log";
                nodes.add(ServerProcess.start(peer.script(), options, logs.resolve(log), processors));
            }
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    /** The one that there is, or the first of them. */
    ServerProcess first() {
        return nodes.get(0);
    }

    /** Where clients connect to, in turn. */
    int[] ports() {
        return nodes.stream().mapToInt(ServerProcess::port).toArray();
    }

    /** Seconds of processor time so far of all that clients connect to. */
    double cpuSeconds() throws IOException {
        double sum = 0;
        for (ServerProcess node : nodes) {
            sum += node.cpuSeconds();
        }
        return sum;
    }

    /** The same of NATS, 0 where there is none. */
    double natsCpuSeconds() throws IOException {
        return nats == null ? 0 : nats.cpuSeconds();
    }

    /** Resident memory of all that clients connect to. */
    long residentKilobytes() throws IOException {
        long sum = 0;
        for (ServerProcess node : nodes) {
            sum += node.residentKilobytes();
        }
        return sum;
    }

    boolean isAlive() {
        return nodes.stream().allMatch(ServerProcess::isAlive) && (nats == null || nats.isAlive());
    }

    /** NATS last: nodes say goodbye through it. */
    @Override
    public void close() throws InterruptedException {
        for (ServerProcess node : nodes) {
            node.close();
        }
        if (nats != null) {
            nats.close();
        }
    }
}

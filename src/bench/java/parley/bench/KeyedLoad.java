package parley.bench;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A room whose values change all the time: 10,000 keys, 5,000 changes a second, 100 members of whom 10 are slow. What it
 * costs the server, what each kind of member gets, and whether all have the same values in the end. Used by one thread;
 * callbacks come on others.
 */
final class KeyedLoad {
    private static final int KEYS = 10_000;
    private static final int MEMBERS = 100;
    private static final int SLOW = 10;
    private static final int BATCH = 100;
    private static final int BATCHES_A_SECOND = 50;
    private static final int SECONDS = 20;
    private static final long PAUSE_MILLIS = 500;
    private static final long PATIENCE = TimeUnit.MINUTES.toNanos(2);

    private final Path script;
    private final Path out;
    private final String processors;

    /**
     * For one run.
     *
     * @param out where the log and the table go
     * @param processors those of the server
     */
    KeyedLoad(Path script, Path out, String processors) {
        this.script = script;
        this.out = out.toAbsolutePath();
        this.processors = processors;
    }

    /** A member that keeps the number of each value; a slow one takes a frame each half second. */
    private static final class Member implements WebSocket.Listener {
        private final boolean isSlow;
        private final ScheduledExecutorService timer;
        private final Map<String, String> values = new HashMap<>();
        private final StringBuilder text = new StringBuilder();
        private final CompletableFuture<Void> hasState = new CompletableFuture<>();
        final AtomicLong events = new AtomicLong();
        final AtomicLong repeated = new AtomicLong();
        final AtomicLong states = new AtomicLong();
        private boolean isStill;

        Member(boolean isSlow, ScheduledExecutorService timer) {
            this.isSlow = isSlow;
            this.timer = timer;
        }

        @Override
        public synchronized CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean last) {
            text.append(part);
            if (last) {
                Map<String, String> inFrame = new HashMap<>();
                for (String line : text.toString().split("\n")) {
                    take(line, inFrame);
                }
                text.setLength(0);
            }
            if (isSlow && last && !isStill && hasState.isDone()) {
                timer.schedule(() -> socket.request(1), PAUSE_MILLIS, TimeUnit.MILLISECONDS);
            } else {
                socket.request(1);
            }
            return CompletableFuture.completedFuture(socket);
        }

        private void take(String line, Map<String, String> inFrame) {
            if (line.startsWith("{\"type\":\"state\"")) {
                int from = line.indexOf("\"messages\":[");
                for (String one : line.substring(from).split("\\{\"type\":\"message\"")) {
                    put(one, new HashMap<>());
                }
                if (line.contains("\"more\":false")) {
                    states.incrementAndGet();
                    hasState.complete(null);
                }
            } else if (line.startsWith("{\"type\":\"message\"")) {
                events.incrementAndGet();
                put(line, inFrame);
            }
        }

        private void put(String message, Map<String, String> inFrame) {
            String key = field(message, "\"key\":\"", '"');
            String seq = field(message, "\"seq\":", ',');
            if (key != null && seq != null) {
                values.put(key, seq);
                if (inFrame.put(key, seq) != null) {
                    repeated.incrementAndGet();
                }
            }
        }

        private static @Nullable String field(String json, String name, char end) {
            int from = json.indexOf(name);
            return from < 0 ? null : json.substring(from + name.length(), json.indexOf(end, from + name.length()));
        }

        /** No more changes come: it reads as fast as it can. */
        synchronized void still() {
            isStill = true;
        }

        synchronized Map<String, String> values() {
            return Map.copyOf(values);
        }
    }

    /** Runs it, and prints and writes a table. */
    void run() throws IOException, InterruptedException {
        Path log = out.resolve("logs").resolve("keys.log");
        ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
        try (ServerProcess server = ServerProcess.start(script, List.of(), log, processors)) {
            HttpClient client = HttpClient.newHttpClient();
            URI address = URI.create("ws://127.0.0.1:" + server.port() + "/chat/keys");
            WebSocket writer = open(client, address, new Member(false, timer));
            for (int i = 0; i < KEYS; i += BATCH) {
                say(writer, i, null);
            }
            List<Member> members = new ArrayList<>();
            double joining = server.cpuSeconds();
            for (int i = 0; i < MEMBERS; i++) {
                Member member = new Member(i < SLOW, timer);
                members.add(member);
                open(client, URI.create(address + "?state=true"), member);
            }
            for (Member member : members) {
                member.hasState.orTimeout(60, TimeUnit.SECONDS).join();
            }
            double joined = server.cpuSeconds();
            Random random = new Random(1);
            double before = server.cpuSeconds();
            long began = System.nanoTime();
            for (int i = 0; i < SECONDS * BATCHES_A_SECOND; i++) {
                say(writer, i, random);
                long next = began + TimeUnit.SECONDS.toNanos(1) * (i + 1) / BATCHES_A_SECOND;
                TimeUnit.NANOSECONDS.sleep(next - System.nanoTime());
            }
            double took = (System.nanoTime() - began) / (double) TimeUnit.SECONDS.toNanos(1);
            double cpu = server.cpuSeconds() - before;
            members.forEach(Member::still);
            double settled = settle(members);
            write(members, joined - joining, cpu, took, settled);
        } finally {
            timer.shutdownNow();
        }
    }

    private static WebSocket open(HttpClient client, URI address, Member member) {
        return client.newWebSocketBuilder()
                .subprotocols("parley.v1.json")
                .buildAsync(address, member)
                .join();
    }

    /** Says a hundred values: of the next keys, or of any. */
    private static void say(WebSocket writer, int from, @Nullable Random random) {
        StringBuilder commands = new StringBuilder();
        for (int i = 0; i < BATCH; i++) {
            int key = random == null ? from + i : random.nextInt(KEYS);
            commands.append("{\"type\":\"say\",\"room\":\"keys\",\"key\":\"key-")
                    .append(key)
                    .append("\",\"data\":{\"x\":")
                    .append(from)
                    .append(",\"y\":")
                    .append(i)
                    .append("}}\n");
        }
        writer.sendText(commands, true).join();
    }

    /** In how many seconds all members have the same values; as long as it waits when they never have. */
    private static double settle(List<Member> members) throws InterruptedException {
        long began = System.nanoTime();
        boolean areSame = false;
        while (!areSame && System.nanoTime() - began < PATIENCE) {
            TimeUnit.MILLISECONDS.sleep(100);
            Map<String, String> first = members.get(MEMBERS - 1).values();
            areSame = first.size() == KEYS
                    && members.stream().allMatch(member -> member.values().equals(first));
        }
        return (System.nanoTime() - began) / (double) TimeUnit.SECONDS.toNanos(1);
    }

    private void write(List<Member> members, double joining, double cpu, double took, double settled)
            throws IOException {
        double changes = SECONDS * BATCHES_A_SECOND * BATCH;
        double fast = members.subList(SLOW, MEMBERS).stream()
                        .mapToLong(member -> member.events.get())
                        .sum()
                / (double) (MEMBERS - SLOW);
        double slow = members.subList(0, SLOW).stream()
                        .mapToLong(member -> member.events.get())
                        .sum()
                / (double) SLOW;
        long repeated =
                members.stream().mapToLong(member -> member.repeated.get()).sum();
        long states = members.stream().mapToLong(member -> member.states.get()).sum();
        String table = String.format(
                Locale.ROOT,
                "| %d keys, %d members of whom %d are slow | |%n|---|---|%n"
                        + "| changes a second | %.0f |%n"
                        + "| processor of the server, %% of one | %.0f |%n"
                        + "| processor seconds for %d joins with all values | %.2f |%n"
                        + "| events of a fast member, of %.0f changes | %.0f |%n"
                        + "| events of a slow member | %.0f |%n"
                        + "| keys that a frame had twice | %d |%n"
                        + "| snapshots that members were given | %d |%n"
                        + "| seconds until all had the same values | %.1f |%n",
                KEYS,
                MEMBERS,
                SLOW,
                changes / took,
                cpu / took * 100,
                MEMBERS,
                joining,
                changes,
                fast,
                slow,
                repeated,
                states,
                settled);
        Files.createDirectories(out);
        Files.writeString(out.resolve("keys.md"), table);
        System.out.print(table);
    }
}

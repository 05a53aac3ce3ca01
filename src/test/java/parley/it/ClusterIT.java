package parley.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.nats.client.Connection;
import io.nats.client.Nats;
import io.nats.client.Options;
import io.nats.client.api.ClusterInfo;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import parley.servers.Ports;
import parley.testclient.CutLine;
import parley.testclient.JsonClient;
import parley.testclient.NatsServer;

/**
 * Three nodes and NATS, of which now one, now the other is killed, or its line cut or silent, while clients talk and
 * move between nodes, two of them Java clients that stay with theirs; and reads afterwards what each was sent. The
 * long form: {@code mvn failsafe:integration-test@process failsafe:verify -Dit.test=ClusterIT -Dparley.faults=200}.
 * With three servers of NATS, each stream on all of them, and their leaders killed and suspended too: {@code
 * -Dparley.nats-servers=3}, and with another version of NATS: {@code -Dparley.nats-server=/path/to/nats-server}.
 */
final class ClusterIT {
    private static final int FAULTS = Integer.getInteger("parley.faults", 6);
    private static final int SERVERS = Integer.getInteger("parley.nats-servers", 1);
    private static final int NODES = 3;
    private static final int TALKERS = 6;
    private static final int CLIENTS = 2;
    private static final int UNANSWERED = 20;
    private static final int PAGE = 1_000;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String DEADLINE = "3s";
    private static final int LEADERS = 3;
    private static final int ROOMS = 300;
    private static final int MOST_WAITING = 3_000;
    private static final String[] SETTINGS = {
        "--set", "limits.commands-per-second=0",
        "--set", "limits.bytes-per-second=0",
        "--set", "room.history=100000",
        "--set", "room.window=100000",
        "--set", "room.history-bytes=64MiB",
        "--set", "nats.kept=10000000",
        "--set", "nats.streams=1",
        "--set", "nats.replicas=" + SERVERS,
        "--set", "limits.rooms-per-connection=" + ROOMS,
        "--set", "nats.node-timeout=3s"
    };

    @TempDir
    private Path folder;

    private final HttpClient http = HttpClient.newHttpClient();
    private final long seed = Long.getLong("parley.seed", new Random().nextLong());
    private final Random random = new Random(seed);
    private final ParleyProcess[] nodes = new ParleyProcess[NODES];
    private final CutLine[] lines = new CutLine[NODES];
    private List<NatsServer> nats = List.of();

    /** What was acknowledged: the number of each id. */
    private final Map<String, Long> acknowledged = new ConcurrentHashMap<>();

    private final Set<String> said = ConcurrentHashMap.newKeySet();
    private final Queue<String> wrong = new ConcurrentLinkedQueue<>();
    private final List<Talker> talkers = new ArrayList<>();
    private final List<ClientTalker> clients = new ArrayList<>();
    private volatile boolean isTalking = true;
    private final Map<String, Integer> faults = new LinkedHashMap<>();

    @AfterEach
    void stop() throws Exception {
        isTalking = false;
        clients.forEach(ClientTalker::end);
        for (ParleyProcess node : nodes) {
            if (node != null) {
                node.close();
            }
        }
        for (CutLine line : lines) {
            if (line != null) {
                line.close();
            }
        }
        for (NatsServer server : nats) {
            server.close();
        }
    }

    private void startAll(String deadline) throws Exception {
        System.out.println("cluster: the seed is " + seed + ", servers of NATS: " + SERVERS);
        nats = SERVERS == 1 ? List.of(NatsServer.start(folder)) : NatsServer.startCluster(folder, SERVERS);
        for (int node = 0; node < NODES; node++) {
            lines[node] = new CutLine(nats.get(node % SERVERS).port());
            nodes[node] = start(node, Ports.free(), deadline);
        }
    }

    @Test
    @Timeout(value = 2, unit = TimeUnit.HOURS) // for the long form; each wait has an end of its own
    void whateverFailsEveryAcknowledgedMessageReachesEveryMemberOnceAndInOneOrder() throws Exception {
        startAll(DEADLINE);
        for (int t = 0; t < TALKERS; t++) {
            talkers.add(new Talker("t" + t, random.nextLong()));
        }
        for (int c = 0; c < CLIENTS; c++) {
            clients.add(new ClientTalker("c" + c, nodes[c].socket("chat"), "faults", said, acknowledged, wrong));
        }
        talkers.forEach(Thread::start);
        clients.forEach(Thread::start);
        Awaitility.await().atMost(PATIENCE).until(() -> talkers.stream().allMatch(talker -> talker.epoch != null));
        for (int fault = 0; fault < FAULTS; fault++) {
            Thread.sleep(300 + random.nextInt(1_000));
            fail();
            assertThat(wrong).isEmpty();
        }
        isTalking = false;
        clients.forEach(ClientTalker::stopTalking);
        for (Talker talker : talkers) {
            talker.join(PATIENCE.toMillis());
            assertThat(talker.isAlive())
                    .as(() -> talker.getName() + " has had all answers; it is " + talker.state() + nodesSay())
                    .isFalse();
        }
        for (ClientTalker client : clients) {
            client.join(PATIENCE.toMillis());
            assertThat(client.isAlive())
                    .as(() -> client.getName() + " has had all answers; it is " + client.state() + nodesSay())
                    .isFalse();
        }
        List<JsonObject> history = history(talkers.get(0).epoch);
        long last = history.get(history.size() - 1).getJsonNumber("seq").longValue();
        for (Talker talker : talkers) {
            Awaitility.await(talker.getName() + " has heard all, up to " + last)
                    .atMost(PATIENCE)
                    .until(() -> talker.seen >= last);
            talker.end();
        }
        for (ClientTalker client : clients) {
            Awaitility.await(client.getName() + " has heard all, up to " + last)
                    .atMost(PATIENCE)
                    .until(() -> client.newest() >= last);
        }
        assertThat(wrong).isEmpty();
        check(history);
        System.out.printf(
                "cluster: %s; %d messages acknowledged, each once in the stream and once at each of %d members,"
                        + " %d of them Java clients; the others connected %d times%n",
                faults,
                acknowledged.size(),
                TALKERS + CLIENTS,
                CLIENTS,
                talkers.stream().mapToInt(talker -> talker.connections).sum());
    }

    private ParleyProcess start(int node, int port, String deadline) {
        List<String> arguments = new ArrayList<>(List.of("--nats", lines[node].url()));
        arguments.addAll(List.of(SETTINGS));
        arguments.addAll(List.of("--set", "nats.deadline=" + deadline));
        return ParleyProcess.startWith(List.of("-Xmx256m"), port, arguments.toArray(new String[0]));
    }

    private void fail() throws Exception {
        int node = random.nextInt(NODES);
        long millis = 200 + random.nextInt(random.nextInt(4) == 0 ? 6_000 : 1_500);
        NatsServer server = nats.get(random.nextInt(SERVERS));
        switch (random.nextInt(SERVERS == 1 ? 5 : 8)) {
            case 0 -> {
                count("nodes killed");
                int port = nodes[node].port();
                nodes[node].signal("KILL");
                nodes[node].exitCode();
                talkers.forEach(talker -> talker.ended(nodes[node]));
                Thread.sleep(millis);
                nodes[node] = start(node, port, DEADLINE);
            }
            case 1 -> {
                count("NATS killed");
                killFor(server, millis);
            }
            case 2 -> {
                count("lines cut");
                lines[node].cut(true);
                Thread.sleep(millis);
                lines[node].cut(false);
            }
            case 3 -> {
                count("lines silent");
                lines[node].silence(true);
                Thread.sleep(millis);
                lines[node].silence(false);
            }
            case 4 -> {
                count("NATS suspended");
                suspendFor(server, millis);
            }
            case 5, 6 -> {
                count("leaders killed");
                killFor(leader(), millis);
            }
            default -> {
                count("leaders suspended");
                suspendFor(leader(), 4 * millis);
            }
        }
    }

    private void killFor(NatsServer server, long millis) throws Exception {
        server.kill();
        Thread.sleep(millis);
        server.start();
        awaitReplicas();
    }

    private void suspendFor(NatsServer server, long millis) throws Exception {
        server.suspend(true);
        Thread.sleep(millis);
        server.suspend(false);
        awaitReplicas();
    }

    /** The server that leads the stream. */
    private NatsServer leader() {
        return Awaitility.await("a server that leads the stream")
                .atMost(PATIENCE)
                .ignoreExceptions()
                .until(() -> nats.get(Integer.parseInt(stream().getLeader())), server -> server != null);
    }

    private ClusterInfo stream() throws Exception {
        Options options = new Options.Builder()
                .servers(nats.stream().map(NatsServer::url).toArray(String[]::new))
                .build();
        try (Connection connection = Nats.connect(options)) {
            return connection.jetStreamManagement().getStreamInfo("parley_0").getClusterInfo();
        }
    }

    /** Two of three have to be there: the next one fails when all are. */
    private void awaitReplicas() {
        if (SERVERS > 1) {
            Awaitility.await("all servers keep the stream")
                    .atMost(PATIENCE)
                    .ignoreExceptions()
                    .until(() -> stream().getReplicas().stream()
                            .allMatch(replica -> replica.isCurrent() && !replica.isOffline()));
        }
    }

    /**
     * Copies of what is stored when a leader ends do not all come by, and where nothing follows in a room nothing
     * tells of that. Nodes compare their rooms with the stream when another server leads it: not in their turn only,
     * which takes half a minute and more.
     */
    @Test
    @Timeout(value = 20, unit = TimeUnit.MINUTES)
    void theLastMessagesBeforeALeaderEndsAreHeardSoon() throws Exception {
        Assumptions.assumeTrue(SERVERS > 1, "one server of NATS; for three: -Dparley.nats-servers=3");
        startAll("30s");
        try (RoomsClient talking = new RoomsClient(nodes[0]);
                RoomsClient hearing = new RoomsClient(nodes[1])) {
            for (int round = 0; round < LEADERS; round++) {
                awaitReplicas();
                long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(500 + random.nextInt(500));
                talking.sayEverywhereUntil(() -> System.nanoTime() > until);
                NatsServer leader = leader();
                if (round % 2 == 0) {
                    leader.kill();
                } else {
                    leader.suspend(true);
                }
                talking.sayEverywhereOnce();
                awaitThat("all messages have an answer", PATIENCE, talking.waiting::isEmpty);
                long answered = System.nanoTime();
                awaitThat(
                        "all acknowledged messages have been heard",
                        Duration.ofSeconds(5),
                        () -> hearing.heard.containsAll(talking.acknowledged));
                System.out.printf(
                        "cluster: %d acknowledged, all heard %d ms after the last answer; refused %d%n",
                        talking.acknowledged.size(),
                        TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - answered),
                        talking.refused.get());
                if (round % 2 == 0) {
                    leader.start();
                } else {
                    leader.suspend(false);
                }
            }
        }
    }

    private void awaitThat(String what, Duration patience, BooleanSupplier isSo) {
        long until = System.nanoTime() + patience.toNanos();
        while (!isSo.getAsBoolean()) {
            assertThat(System.nanoTime() < until && wrong.isEmpty())
                    .as(() -> what + "; what is wrong: " + wrong + nodesSay())
                    .isTrue();
            LockSupport.parkNanos(1_000_000);
        }
    }

    /** A client in many rooms. Its own thread says, and those of its socket hear. */
    private final class RoomsClient implements WebSocket.Listener, AutoCloseable {
        final Set<String> heard = ConcurrentHashMap.newKeySet();
        final Set<String> acknowledged = ConcurrentHashMap.newKeySet();
        final Set<String> waiting = ConcurrentHashMap.newKeySet();
        final AtomicInteger refused = new AtomicInteger();
        private final Set<String> joined = ConcurrentHashMap.newKeySet();
        private final StringBuilder text = new StringBuilder();
        private final WebSocket socket;
        private int number;

        RoomsClient(ParleyProcess node) throws Exception {
            socket = http.newWebSocketBuilder()
                    .subprotocols("parley.v1.json")
                    .buildAsync(URI.create(node.socket("chat/room-0")), this)
                    .get(10, TimeUnit.SECONDS);
            for (int room = 1; room < ROOMS; room++) {
                send("{'type':'join','room':'room-" + room + "'}");
            }
            Awaitility.await("it is in all rooms").atMost(PATIENCE).until(() -> joined.size() == ROOMS);
        }

        private void send(String command) throws Exception {
            socket.sendText(JsonClient.quoted(command), true).get(10, TimeUnit.SECONDS);
        }

        void sayEverywhereUntil(BooleanSupplier isOver) throws Exception {
            while (!isOver.getAsBoolean()) {
                if (waiting.size() < MOST_WAITING) {
                    sayEverywhereOnce();
                } else {
                    LockSupport.parkNanos(1_000_000);
                }
            }
        }

        void sayEverywhereOnce() throws Exception {
            for (int room = 0; room < ROOMS; room++) {
                String id = "n" + number++;
                waiting.add(id);
                send("{'type':'say','room':'room-" + room + "','text':'x','id':'" + id + "','ref':'" + id + "'}");
            }
        }

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
            text.append(data);
            if (last) {
                for (String line : text.toString().split("\n")) {
                    take(JsonClient.parse(line));
                }
                text.setLength(0);
            }
            from.request(1);
            return null;
        }

        private void take(JsonObject event) {
            switch (event.getString("type")) {
                case "joined" -> joined.add(event.getString("room"));
                case "message" -> heard.add(event.getString("id"));
                case "ack" -> {
                    acknowledged.add(event.getString("ref"));
                    waiting.remove(event.getString("ref"));
                }
                case "error" -> {
                    refused.incrementAndGet();
                    waiting.remove(event.getString("ref"));
                }
                default -> {}
            }
        }

        @Override
        public CompletionStage<?> onClose(WebSocket from, int code, String reason) {
            wrong.add("closed with " + code + " " + reason);
            return null;
        }

        @Override
        public void onError(WebSocket from, Throwable error) {
            wrong.add("ended: " + error);
        }

        @Override
        public void close() {
            socket.abort();
        }
    }

    private void count(String what) {
        faults.merge(what, 1, Integer::sum);
    }

    private String nodesSay() {
        StringBuilder all = new StringBuilder();
        for (ParleyProcess node : nodes) {
            all.append("\nthe node at ")
                    .append(node.port())
                    .append(letsIn(node) ? "" : " lets no new client in, and")
                    .append(" has printed:\n")
                    .append(node.output())
                    .append(counts(node));
        }
        return all.toString();
    }

    private static String counts(ParleyProcess node) {
        try (InputStream metrics = URI.create(node.page() + "metrics").toURL().openStream()) {
            return new String(metrics.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> line.matches("parley_(sessions|members|openings|cluster_[a-z_]+) .*"))
                    .collect(Collectors.joining(", ", "\n", "\n"));
        } catch (IOException e) {
            return "\nno metrics: " + e + "\n";
        }
    }

    private static boolean letsIn(ParleyProcess node) {
        try (JsonClient client = new JsonClient(node.socket("chat/faults"))) {
            return client.next("joined") != null;
        } catch (Exception | AssertionError e) {
            return false;
        }
    }

    /** All that the room has, read from a node. */
    private List<JsonObject> history(String epoch) throws Exception {
        List<JsonObject> all = new ArrayList<>();
        try (JsonClient reader = new JsonClient(nodes[0].socket("chat/faults"))) {
            JsonObject joined = reader.next("joined");
            assertThat(joined.getString("epoch")).isEqualTo(epoch);
            long seen = 0;
            boolean more = true;
            while (more) {
                JsonObject page =
                        reader.ask("{'type':'history','room':'faults','after':" + seen + ",'limit':" + PAGE + "}");
                assertThat(page.getString("type")).as(page.toString()).isEqualTo("history");
                for (JsonObject message : page.getJsonArray("messages").getValuesAs(JsonObject.class)) {
                    long seq = message.getJsonNumber("seq").longValue();
                    assertThat(seq).isGreaterThan(seen);
                    seen = seq;
                    all.add(message);
                }
                more = page.getBoolean("more");
            }
        }
        return all;
    }

    private void check(List<JsonObject> history) {
        Map<String, Long> there = new HashMap<>();
        List<String> order = new ArrayList<>();
        for (JsonObject message : history) {
            String id = message.getString("id");
            assertThat(there.put(id, message.getJsonNumber("seq").longValue()))
                    .as("%s, twice", id)
                    .isNull();
            assertThat(said.contains(id)).as("%s was said", id).isTrue(); // contains() goes through all
            order.add(there.get(id) + " " + id);
        }
        acknowledged.forEach((id, seq) -> assertThat(there)
                .as("acknowledged, and not there under that number")
                .containsEntry(id, seq));
        for (Talker talker : talkers) {
            List<String> expected = order.stream()
                    .filter(one -> Long.parseLong(one.split(" ")[0]) > talker.from)
                    .toList();
            assertThat(talker.heard).as(talker.getName()).isEqualTo(expected);
        }
        for (ClientTalker client : clients) {
            int first = order.indexOf(client.heard.get(0));
            assertThat(client.heard).as(client.getName()).isEqualTo(order.subList(first, order.size()));
            assertThat(client.heard)
                    .as("its own messages are among those that %s heard", client.getName())
                    .anyMatch(one -> one.endsWith(" " + client.getName() + "-0"));
        }
    }

    /** Talks without waiting for each answer, comes back wherever it can, and writes down what it is told. */
    private final class Talker extends Thread {
        private final Random random;
        /** What it said and has no answer for, in order. */
        private final Map<String, Boolean> unanswered = new LinkedHashMap<>();

        /** What it was told, in order: numbers and ids. */
        final List<String> heard = new ArrayList<>();

        volatile String epoch;
        volatile long seen;
        volatile long from;
        volatile int connections;
        /** The connection that counts; null while there is none. What others still bring is of no interest. */
        private volatile Line line;

        private volatile boolean isIn;
        /** Whether it has come in for the first time, and was told no message yet. */
        private boolean isNew;

        /** What was said for the first time on this connection: their numbers go up. */
        private long newest;

        private int number;

        Talker(String name, long seed) {
            super(name);
            this.random = new Random(seed);
        }

        @Override
        public void run() {
            try {
                while (isTalking || hasUnanswered()) {
                    Line now = line;
                    if (now == null) {
                        connect();
                    } else if (!isIn) {
                        Thread.sleep(5);
                    } else if (isTalking && random.nextInt(2_000) == 0) {
                        leave(now);
                    } else {
                        talk(now);
                    }
                }
                while (line == null) {
                    connect();
                }
            } catch (Exception e) {
                wrong.add(getName() + ": " + e);
            }
        }

        /** For diagnosis. */
        synchronized String state() {
            Line now = line;
            String where = now == null ? "not connected" : (isIn ? "in at " : "waiting to be in at ") + now.node.port();
            return where + ", behind " + seen + ", and waits for " + unanswered + " (sent or not)";
        }

        private synchronized boolean hasUnanswered() {
            return !unanswered.isEmpty();
        }

        private void connect() throws InterruptedException {
            Line next = new Line(nodes[random.nextInt(NODES)]);
            synchronized (this) {
                isIn = false;
                newest = 0;
                line = next;
            }
            String where = epoch == null ? "" : "?epoch=" + epoch + "&after=" + seen;
            try {
                next.socket = http.newWebSocketBuilder()
                        .subprotocols("parley.v1.json")
                        .connectTimeout(Duration.ofSeconds(5))
                        .buildAsync(URI.create(next.node.socket("chat/faults" + where)), next)
                        .get(10, TimeUnit.SECONDS);
                connections++;
            } catch (Exception e) {
                gone(next);
                Thread.sleep(100); // killed, and not there yet
            }
            if (line != next) {
                next.abort();
            }
        }

        /**
         * A node has ended. The JDK's client does not always say so: once in some hundred connections it waited for
         * ever.
         */
        void ended(ParleyProcess node) {
            Line now = line;
            if (now != null && now.node == node) {
                leave(now);
            }
        }

        private void leave(Line from) {
            gone(from);
            from.abort();
        }

        private void talk(Line now) throws Exception {
            List<String> next = new ArrayList<>();
            synchronized (this) {
                if (line != now) {
                    return; // gone this moment: what is sent there would be taken to be on its way
                }
                unanswered.replaceAll((id, isSent) -> {
                    if (!isSent) {
                        next.add(id);
                    }
                    return true;
                });
                if (isTalking && unanswered.size() < UNANSWERED) {
                    String id = getName() + "-" + number++;
                    unanswered.put(id, true);
                    said.add(id);
                    next.add(id);
                }
            }
            try {
                for (String id : next) {
                    now.socket
                            .sendText(
                                    JsonClient.quoted("{'type':'say','room':'faults','text':'x','id':'" + id
                                            + "','ref':'" + id + "'}"),
                                    true)
                            .get(10, TimeUnit.SECONDS);
                }
            } catch (Exception e) {
                gone(now);
            }
            Thread.sleep(next.isEmpty() ? 2 : random.nextInt(3));
        }

        void end() {
            Line now = line;
            if (now != null) {
                now.abort();
            }
        }

        private synchronized void gone(Line of) {
            if (line == of) {
                line = null;
                isIn = false;
                isNew = false;
                unanswered.replaceAll((id, isSent) -> false);
            }
        }

        private synchronized void told(Line by, String frame) {
            if (line == by) {
                for (String event : frame.split("\n")) {
                    take(JsonClient.parse(event));
                }
            }
        }

        private void take(JsonObject event) {
            switch (event.getString("type")) {
                case "joined" -> {
                    long seq = event.getJsonNumber("seq").longValue();
                    if (epoch == null) {
                        epoch = event.getString("epoch");
                        this.from = seq;
                        seen = seq;
                        isNew = true;
                    } else if (!epoch.equals(event.getString("epoch")) || !event.getBoolean("recovered", false)) {
                        wrong.add(getName() + " behind " + seen + ": " + event);
                    }
                    isIn = true;
                }
                case "message" -> {
                    long seq = event.getJsonNumber("seq").longValue();
                    if (isNew && seq <= this.from) { // said between its handshake and its coming in
                        this.from = seq - 1;
                        seen = seq - 1;
                    }
                    isNew = false;
                    if (seq <= seen) {
                        wrong.add(getName() + " behind " + seen + ": " + event);
                    }
                    seen = seq;
                    heard.add(seq + " " + event.getString("id"));
                }
                case "gap" -> wrong.add(getName() + ": " + event);
                case "ack" -> {
                    String id = event.getString("ref");
                    long seq = event.getJsonNumber("seq").longValue();
                    Long before = acknowledged.put(id, seq);
                    if (before != null && before != seq) {
                        wrong.add(getName() + ", acknowledged as " + before + ": " + event);
                    }
                    unanswered.remove(id);
                    if (!event.getBoolean("duplicate") && seq <= newest) {
                        wrong.add(getName() + " after " + newest + ": " + event);
                    }
                    newest = Math.max(newest, seq);
                }
                case "error" -> {
                    if (!event.getString("code").equals("unavailable")) {
                        wrong.add(getName() + ": " + event);
                    }
                    String id = event.getString("ref");
                    unanswered.remove(id);
                    unanswered.put(id, false); // said again
                }
                default -> {}
            }
        }

        /** One connection of it. */
        private final class Line implements WebSocket.Listener {
            final ParleyProcess node;
            volatile WebSocket socket;
            private final StringBuilder text = new StringBuilder();

            Line(ParleyProcess node) {
                this.node = node;
            }

            void abort() {
                WebSocket now = socket;
                if (now != null) {
                    now.abort();
                }
            }

            @Override
            public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
                text.append(data);
                if (last) {
                    told(this, text.toString());
                    text.setLength(0);
                }
                from.request(1);
                return null;
            }

            @Override
            public CompletionStage<?> onClose(WebSocket from, int code, String reason) {
                gone(this);
                return null;
            }

            @Override
            public void onError(WebSocket from, Throwable error) {
                gone(this);
            }
        }
    }
}

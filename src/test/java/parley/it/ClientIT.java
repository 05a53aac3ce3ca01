package parley.it;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.jose4j.jwt.JwtClaims;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import parley.client.ClientRoom;
import parley.client.ConnectionState;
import parley.client.Joining;
import parley.client.MissedRange;
import parley.client.ParleyClient;
import parley.client.Receipt;
import parley.client.RoomCallbacks;
import parley.client.RoomMember;
import parley.client.RoomMembers;
import parley.client.RoomMessage;
import parley.servers.Output;
import parley.testclient.CutLine;
import parley.testclient.Threads;
import parley.testclient.Token;

/**
 * The Java client with servers that go and lines that break: every message once and in order. The long form: {@code
 * -Dparley.client-cuts=300}.
 */
@Timeout(value = 4, unit = TimeUnit.MINUTES)
final class ClientIT {
    private static final int CUTS = Integer.getInteger("parley.client-cuts", 30);
    private static final int LEAST_SAID = 100;
    private static final int MOST_MILLIS_BETWEEN_CUTS = 60;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final String[] KEEPS_ALL = {
        "--set", "room.history=100000", "--set", "room.window=100000", "--set", "room.history-bytes=64MiB"
    };

    @TempDir
    private Path folder;

    /** What was said, and what became of it. */
    private record Said(String text, Receipt receipt) {
        String line() {
            return receipt.seq() + " " + text;
        }
    }

    /** A client, and all that its room has told. */
    private static final class Talker implements AutoCloseable, RoomCallbacks {
        final String name;
        final ParleyClient client;
        final ClientRoom room;
        final List<String> read = new CopyOnWriteArrayList<>();
        final List<String> odd = new CopyOnWriteArrayList<>();

        Talker(String name, int port, String room) {
            this.name = name;
            this.client = ParleyClient.to("ws://127.0.0.1:" + port + "/chat")
                    .name(name)
                    .waits(Duration.ofMillis(1), Duration.ofMillis(50))
                    .build();
            if (name.equals("Cay")) {
                client.join("elsewhere"); // so that the room is joined by a command, and not by the address
            }
            this.room = client.join(room, Joining.last(1_000).callbacks(this));
        }

        @Override
        public void message(RoomMessage message) {
            read.add(message.seq() + " " + message.text());
        }

        @Override
        public void missed(MissedRange range) {
            odd.add(range.toString());
        }

        @Override
        public void reset(String epoch) {
            odd.add("reset");
        }

        /** Says one message after the other until it is enough. */
        List<Said> talk(AtomicInteger disturbances) {
            List<Said> said = new ArrayList<>();
            while (disturbances.get() > 0 || said.size() < LEAST_SAID) {
                String text = name + " " + said.size();
                said.add(new Said(
                        text, room.say(text).orTimeout(60, TimeUnit.SECONDS).join()));
            }
            return said;
        }

        @Override
        public void close() {
            client.close();
        }
    }

    private interface Disturbance {
        void run() throws Exception;
    }

    /** Three clients talk while something happens a number of times; then each has read all. */
    private static int talk(int[] ports, String room, int times, Disturbance disturbance) throws Exception {
        AtomicInteger left = new AtomicInteger(times);
        List<Talker> talkers = new ArrayList<>();
        try {
            for (int i = 0; i < ports.length; i++) {
                talkers.add(new Talker(List.of("Ann", "Bob", "Cay").get(i), ports[i], room));
            }
            for (Talker talker : talkers) {
                talker.room.joined().get(30, TimeUnit.SECONDS);
            }
            List<CompletableFuture<List<Said>>> talks = talkers.stream()
                    .map(talker -> CompletableFuture.supplyAsync(() -> talker.talk(left), Threads.EACH))
                    .toList();
            for (; left.get() > 0; left.decrementAndGet()) {
                disturbance.run();
            }
            List<Said> said = new ArrayList<>();
            for (CompletableFuture<List<Said>> talk : talks) {
                said.addAll(talk.get(90, TimeUnit.SECONDS));
            }
            said.sort(Comparator.comparingLong(one -> one.receipt().seq()));
            List<String> lines = said.stream().map(Said::line).toList();
            for (Talker talker : talkers) {
                Awaitility.await().atMost(PATIENCE).until(() -> talker.read.size() >= lines.size());
                assertThat(talker.read).as(talker.name).isEqualTo(lines);
                assertThat(talker.odd).as(talker.name).isEmpty();
            }
            return lines.size();
        } finally {
            talkers.forEach(Talker::close);
        }
    }

    @Test
    void clientsThatAreCutAgainAndAgainHaveEveryMessageOnce() throws Exception {
        long seed = Long.getLong("parley.client-cuts.seed", new Random().nextLong());
        Random random = new Random(seed);
        try (ParleyProcess parley = ParleyProcess.start(KEEPS_ALL);
                CutLine one = new CutLine(parley.port());
                CutLine two = new CutLine(parley.port());
                CutLine three = new CutLine(parley.port())) {
            List<CutLine> lines = List.of(one, two, three);
            int[] ports = lines.stream().mapToInt(CutLine::port).toArray();
            int messages = talk(ports, "cut", CUTS, () -> {
                TimeUnit.MILLISECONDS.sleep(random.nextInt(MOST_MILLIS_BETWEEN_CUTS));
                CutLine line = lines.get(random.nextInt(lines.size()));
                line.cut(true);
                line.cut(false);
            });
            System.out.println(
                    "Java client: " + messages + " messages over " + CUTS + " cuts, each once; seed " + seed);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "KILL"})
    void aServerThatEndsAndIsBackCostsNoMessage(String signal) throws Exception {
        String[] arguments = {"--data", folder.toString()};
        List<ParleyProcess> servers = new ArrayList<>(List.of(ParleyProcess.start(arguments)));
        int port = servers.get(0).port();
        try {
            talk(new int[] {port, port, port}, "kept", 2, () -> {
                TimeUnit.MILLISECONDS.sleep(500);
                ParleyProcess running = servers.get(servers.size() - 1);
                running.signal(signal);
                running.exitCode();
                servers.add(ParleyProcess.startAt(port, arguments));
            });
        } finally {
            servers.forEach(ParleyProcess::close);
        }
    }

    @Test
    void aRoomInMemoryThatIsLostBeginsAnewAndIsReported() throws Exception {
        ParleyProcess first = ParleyProcess.start();
        int port = first.port();
        try (Talker ann = new Talker("Ann", port, "lost")) {
            ann.room.say("before").get(30, TimeUnit.SECONDS);
            Awaitility.await().atMost(PATIENCE).until(() -> !ann.read.isEmpty());
            first.signal("KILL");
            first.exitCode();
            CompletableFuture<Receipt> meanwhile = ann.room.say("meanwhile");
            try (ParleyProcess second = ParleyProcess.startAt(port)) {
                assertThat(meanwhile.get(30, TimeUnit.SECONDS).seq()).isEqualTo(1);
                Awaitility.await().atMost(PATIENCE).until(() -> ann.read.size() == 2);
                assertThat(ann.read).containsExactly("1 before", "1 meanwhile");
                assertThat(ann.odd).containsExactly("reset");
                assertThat(second.output()).contains("is running");
            }
        } finally {
            first.close();
        }
    }

    @Test
    void whatTheServerRefusesIsReported() throws Exception {
        try (ParleyProcess parley =
                        ParleyProcess.start("--set", "access.mode=token", "--set", "access.secret=" + Token.SECRET);
                ParleyClient client = ParleyClient.to(parley.page().replace("http", "ws") + "chat")
                        .token("none")
                        .build()) {
            client.join("java");
            Awaitility.await().atMost(PATIENCE).until(() -> client.state() instanceof ConnectionState.Waiting);
            ConnectionState.Waiting waiting = (ConnectionState.Waiting) client.state();
            assertThat(waiting.status()).hasValue(401);
            assertThat(waiting.reason()).contains("token");
        }
    }

    private static Set<Thread> threadsOfClients() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().matches("parley-client|HttpClient-.*"))
                .collect(Collectors.toSet());
    }

    /** Each had a thread for its socket, one for its timers and others for its work. */
    @Test
    void clientsThatAreGivenNoThreadsShareThem() throws Exception {
        Set<Thread> before = threadsOfClients();
        List<ParleyClient> clients = new ArrayList<>();
        try (ParleyProcess parley = ParleyProcess.start()) {
            for (int i = 0; i < 50; i++) {
                clients.add(ParleyClient.to(parley.socket("chat")).build());
                clients.get(i).join("java").joined().get(30, TimeUnit.SECONDS);
            }
            Set<Thread> more = threadsOfClients();
            more.removeAll(before);
            assertThat(more).hasSizeLessThan(clients.size());
            clients.forEach(ParleyClient::close);
            for (ParleyClient client : clients) {
                client.ended().get(30, TimeUnit.SECONDS);
            }
        } finally {
            clients.forEach(ParleyClient::close);
        }
    }

    private static final RoomMember BOB =
            new RoomMember(null, "Bob", OptionalInt.empty(), false, OptionalLong.empty(), null);

    private static RoomMember ann(int connections, JsonObject state) {
        return new RoomMember("ann", "Ann", OptionalInt.of(connections), connections == 0, OptionalLong.empty(), state);
    }

    @Test
    void aUserWithTwoConnectionsIsOneMemberThatShowsAState() throws Exception {
        JsonObject typing = Json.createObjectBuilder().add("typing", true).build();
        JwtClaims claims = Token.claims("Ann", "java");
        claims.setSubject("ann");
        String token = Token.token(claims);
        List<RoomMembers> seen = new CopyOnWriteArrayList<>();
        try (ParleyProcess parley =
                        ParleyProcess.start("--set", "access.mode=token", "--set", "access.secret=" + Token.SECRET);
                ParleyClient bob = ParleyClient.to(parley.socket("chat"))
                        .token(Token.token(Token.claims("Bob", "java")))
                        .build();
                ParleyClient one = user(parley.port(), token);
                ParleyClient two = user(parley.port(), token)) {
            ClientRoom room = bob.join("java", Joining.live().callbacks(new RoomCallbacks() {
                @Override
                public void members(RoomMembers members) {
                    seen.add(members);
                }
            }));
            ClientRoom own = one.join("java");
            own.setState(typing).get(30, TimeUnit.SECONDS);
            awaitPeople(room, seen, ann(1, typing), BOB);
            assertThat(one.user()).contains("ann");
            two.join("java").joined().get(30, TimeUnit.SECONDS);
            awaitPeople(room, seen, ann(2, typing), BOB);
            assertThat(room.members().count()).isEqualTo(3);
            own.clearState().get(30, TimeUnit.SECONDS);
            awaitPeople(room, seen, ann(2, null), BOB);
            own.leave();
            awaitPeople(room, seen, ann(1, null), BOB);
        }
    }

    private static ParleyClient user(int port, String token) {
        return ParleyClient.to("ws://127.0.0.1:" + port + "/chat")
                .token(token)
                .waits(Duration.ofMillis(1), Duration.ofMillis(50))
                .build();
    }

    private static void awaitPeople(ClientRoom room, List<RoomMembers> seen, RoomMember... people) {
        Awaitility.await()
                .atMost(PATIENCE)
                .untilAsserted(() -> assertThat(room.members().people())
                        .as(() -> "seen so far: " + seen)
                        .containsExactly(people));
    }

    /** A process with two standard streams. */
    private static final class Terminal implements AutoCloseable {
        private final Process process;
        private final Writer input;
        final Output output;

        Terminal(List<String> command) throws IOException {
            ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
            builder.environment().keySet().removeIf(name -> name.startsWith("PARLEY_"));
            process = builder.start();
            input = process.outputWriter(StandardCharsets.UTF_8);
            output = new Output("client", process);
        }

        static Terminal client(String... arguments) throws IOException {
            List<String> command =
                    new ArrayList<>(List.of(ParleyProcess.java(), "-jar", ParleyProcess.war(), "client"));
            command.addAll(List.of(arguments));
            return new Terminal(command);
        }

        void type(String line) throws IOException {
            input.write(line + "\n");
            input.flush();
        }

        void await(String line) {
            output.await(Pattern.compile("^" + line + "$", Pattern.MULTILINE), PATIENCE);
        }

        int atEndOfInput() throws Exception {
            input.close();
            return exitCode();
        }

        int exitCode() throws InterruptedException {
            assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                    .as(output.text())
                    .isTrue();
            return process.exitValue();
        }

        @Override
        public void close() {
            Output.stop(process, PATIENCE);
        }
    }

    @Test
    void theTerminalOutlivesTheServerAndShowsWhatIsGone() throws Exception {
        ParleyProcess first = ParleyProcess.start("--set", "room.history=3", "--set", "room.window=3");
        int port = first.port();
        String address = "ws://127.0.0.1:" + port + "/chat";
        try (CutLine line = new CutLine(port);
                Terminal ann = Terminal.client(address, "java", "--name", "Ann");
                Terminal bob = Terminal.client("ws://127.0.0.1:" + line.port() + "/chat", "java", "--name", "Bob")) {
            ann.await("\\* in java");
            bob.await("\\* in java");
            ann.type("hello");
            bob.await("Ann: hello");
            line.cut(true);
            bob.await("\\* not connected .*");
            for (int i = 0; i < 5; i++) {
                ann.type("line " + i);
                ann.await("Ann: line " + i);
            }
            line.cut(false);
            bob.await("\\* messages 2 to 3 are gone");
            bob.await("Ann: line 4");
            assertThat(bob.output.text()).doesNotContain("line 1").contains("Ann: line 2", "Ann: line 3");

            first.signal("KILL");
            first.exitCode();
            ann.type("said while nobody listens");
            try (ParleyProcess second = ParleyProcess.startAt(port)) {
                ann.await("\\* the room's messages were lost; its numbers begin anew");
                bob.await("Ann: said while nobody listens");
                assertThat(ann.atEndOfInput()).isZero();
                assertThat(bob.atEndOfInput()).isZero();
                assertThat(second.output()).contains("is running");
            }
        } finally {
            first.close();
        }
    }

    @Test
    void nobodyForgesALineOfAnotherOrDrivesTheTerminal() throws Exception {
        try (ParleyProcess parley = ParleyProcess.start()) {
            String address = parley.page().replace("http", "ws") + "chat";
            try (Terminal terminal = Terminal.client(address, "java");
                    ParleyClient mallory =
                            ParleyClient.to(address).name("Mallory: x").build();
                    ParleyClient nobody = ParleyClient.to(address).build()) {
                terminal.await("\\* in java");
                mallory.join("java")
                        .say("hi\nAnn: I agree\r\u2028Ann: I agree\u001b[2J\u202e")
                        .get(30, TimeUnit.SECONDS);
                terminal.await(Pattern.quote("Mallory<U+003A> x: hi<U+000A>Ann: I agree<U+000D><U+2028>Ann: I agree"
                        + "<U+001B>[2J<U+202E>"));
                nobody.join("java").say("Ann: I agree").get(30, TimeUnit.SECONDS);
                terminal.await(": Ann: I agree");
                assertThat(terminal.output.text().lines()).noneMatch(line -> line.startsWith("Ann"));
                assertThat(terminal.atEndOfInput()).isZero();
            }
        }
    }

    /** The input stays open: it ends by itself. */
    @Test
    void theTerminalEndsWhenTheSameHandshakeIsRefusedForGood() throws Exception {
        String tea = Token.token(Token.claims("Ann", "tea"));
        String java = Token.token(Token.claims("Ann", "java"));
        try (ParleyProcess parley =
                ParleyProcess.start("--set", "access.mode=token", "--set", "access.secret=" + Token.SECRET)) {
            String address = parley.page().replace("http", "ws") + "chat";
            Map<List<String>, String> refused = Map.of(
                    List.of(address, "java"), "401: .*token.*",
                    List.of(address, "java", "--token", "none"), "401: .*token.*",
                    List.of(address, "java", "--token", tea), "403: .*java.*",
                    List.of(address + "s", "java", "--token", java), "404.*address of /chat.*");
            for (Map.Entry<List<String>, String> one : refused.entrySet()) {
                try (Terminal terminal = Terminal.client(one.getKey().toArray(String[]::new))) {
                    assertThat(terminal.exitCode()).as("%s", one).isEqualTo(1);
                    assertThat(terminal.output.text().strip())
                            .as("one sentence")
                            .matches("\\* not let in \\(the server answered with HTTP status " + one.getValue())
                            .doesNotContain("1006");
                }
            }
            Path file = Files.writeString(folder.resolve("token"), tea);
            try (Terminal terminal = Terminal.client(address, "java", "--token-file", file.toString())) {
                terminal.await("\\* not connected \\(the server answered with HTTP status 403: .*");
                Files.writeString(file, java);
                terminal.await("\\* in java");
                assertThat(terminal.atEndOfInput()).isZero();
            }
        }
    }

    @Test
    void theTerminalSaysWhatIsWrong() throws Exception {
        String missing = folder.resolve("missing").toString();
        String empty = Files.createFile(folder.resolve("empty")).toString();
        String nowhere = "ws://127.0.0.1:1/chat";
        Map<List<String>, String> wrongs = Map.of(
                List.of(nowhere, "a b"), "'a b' is not a room.*",
                List.of(nowhere, "java", "--history", "-1"), ".*cannot have -1.*",
                List.of("ftp://example.org/chat", "java"), "'ftp://example.org/chat' is no address.*",
                List.of(nowhere + "/java", "java"), ".*ends in a room.*",
                List.of(nowhere, "java", "--token", "a\u0007b"), "a token is of .*U\\+0007.*",
                List.of(nowhere, "java", "--token", "a", "--token-file", empty), ".*exclude each other.*",
                List.of(nowhere, "java", "--token-file", missing), "there is no token file '.*missing'.*",
                List.of(nowhere, "java", "--token-file", folder.toString()), "the token file .* cannot be read.*",
                List.of(nowhere, "java", "--token-file", empty), "the token file '.*empty' is empty.*");
        for (Map.Entry<List<String>, String> wrong : wrongs.entrySet()) {
            try (Terminal terminal = Terminal.client(wrong.getKey().toArray(String[]::new))) {
                assertThat(terminal.exitCode()).as("%s", wrong).isEqualTo(2);
                assertThat(terminal.output.text().strip())
                        .as("one sentence")
                        .matches("parley: " + wrong.getValue() + " --help lists the options\\.");
            }
        }
        try (Terminal terminal = Terminal.client("--help")) {
            assertThat(terminal.exitCode()).isZero();
            terminal.output.await(
                    Pattern.compile("--name.*--history.*--token-file.* 0 .* 1 .* 2 ", Pattern.DOTALL), PATIENCE);
        }
    }

    /** With the jar, JSON-P and nothing else of Parley's. */
    @Test
    void theExampleOfTheDocumentRunsWithTheJarOfTheClient() throws Exception {
        List<String> path = new ArrayList<>(List.of(System.getProperty("parley.client-jar")));
        for (Class<?> needed : List.of(
                jakarta.json.Json.class,
                jakarta.json.spi.JsonProvider.provider().getClass(),
                example.CommandLineClient.class)) {
            path.add(Path.of(needed.getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .toString());
        }
        try (ParleyProcess parley = ParleyProcess.start();
                Terminal ann = new Terminal(List.of(
                        ParleyProcess.java(),
                        "-cp",
                        String.join(":", path),
                        "example.CommandLineClient",
                        parley.socket("chat"),
                        "java",
                        "Ann"))) {
            ann.type("hello");
            ann.await("\\(message 1\\)");
            ann.await("Ann: hello");
            assertThat(ann.atEndOfInput()).isZero();
        }
    }
}

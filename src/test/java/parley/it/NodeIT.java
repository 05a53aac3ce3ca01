package parley.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** parley.js in Node: by itself, against the server, and its types; and what the status page makes of metrics. */
final class NodeIT {
    private static final Path SCRIPTS = Path.of("src/test/js");
    /** How often clients over event streams are cut; a long form has thousands. */
    private static final int STREAM_CUTS = Integer.getInteger("parley.stream-cuts", 100);

    private static final String[] KEEPS_ALL = {
        "--set", "room.history=100000", "--set", "room.window=100000", "--set", "room.history-bytes=64MiB"
    };

    @Test
    void theClientDoesWhatItSaysWithAServerThatDoesWhatTheTestSays() throws Exception {
        allPass("parley.test.mjs");
    }

    /** The Java client is tested with the same ones. */
    @Test
    void theClientDoesWhatTheSharedScenariosSay() throws Exception {
        allPass("scenarios.test.mjs");
    }

    @Test
    void theClientDoesWhatItSaysOverEventStreams() throws Exception {
        allPass("events.test.mjs");
    }

    @Test
    void theClientDoesTheSameOverEachTransport() throws Exception {
        try (ParleyProcess parley = ParleyProcess.start("--set", "http.publish=everyone")) {
            String output = node(SCRIPTS.resolve("transports.mjs").toString(), parley.socket("chat"), ws());
            assertThat(output).containsPattern("(?m)^# tests [1-9]").containsPattern("(?m)^# fail 0$");
        }
    }

    @Test
    void whereAProxyLetsNoWebSocketThroughEventStreamsStandInUntilItDoes() throws Exception {
        try (ParleyProcess parley = ParleyProcess.start("--set", "http.publish=everyone")) {
            String output = node(SCRIPTS.resolve("fallback.mjs").toString(), parley.socket("chat"), ws());
            assertThat(output.lines().filter(line -> line.endsWith("messages, each once")))
                    .hasSize(3);
        }
    }

    @Test
    void metricsAreReadAndBecomeRatesAndQuantiles() throws Exception {
        allPass("readings.test.mjs");
    }

    @Test
    void thePageKeepsWhatRoomsTellItAndOffersTheLargest() throws Exception {
        allPass("page.test.mjs");
    }

    private static void allPass(String script) throws Exception {
        String output = node("--test", SCRIPTS.resolve(script).toString());
        assertThat(output).containsPattern("(?m)^# tests [1-9]").containsPattern("(?m)^# fail 0$");
    }

    @Test
    void whoIsCutHundredsOfTimesHasEveryMessageExactlyOnce() throws Exception {
        try (ParleyProcess parley = ParleyProcess.start(KEEPS_ALL)) {
            String output = node(SCRIPTS.resolve("cut.mjs").toString(), parley.socket("chat"), ws());
            assertThat(output).containsPattern("over 3\\d\\d cuts, each once");
            System.out.println("parley.js in Node: " + output.strip());
        }
    }

    @Test
    void whoIsCutOverEventStreamsHasEveryMessageExactlyOnce() throws Exception {
        List<String> settings = new ArrayList<>(List.of(KEEPS_ALL));
        settings.addAll(List.of("--set", "http.publish=everyone"));
        try (ParleyProcess parley = ParleyProcess.start(settings.toArray(String[]::new))) {
            String cuts = String.valueOf(STREAM_CUTS);
            String output = node(SCRIPTS.resolve("cut.mjs").toString(), parley.socket("chat"), ws(), "sse", cuts);
            assertThat(output).containsPattern("sse: \\d+ messages over \\d+ cuts, each once");
            System.out.println("parley.js in Node: " + output.strip());
        }
    }

    @Test
    void whoSaysMoreAtOnceThanTheServerTakesKeepsItsConnection() throws Exception {
        try (ParleyProcess parley = ParleyProcess.start("--set", "limits.bytes-per-second=512KiB")) {
            String output = node(SCRIPTS.resolve("burst.mjs").toString(), parley.socket("chat"), "60", "60000", ws());
            assertThat(output).contains("60 messages of 60000 bytes at once", "over one connection");
            System.out.println("parley.js in Node: " + output.strip());
        }
    }

    @Test
    void theTypesAreThoseOfTheClient() throws Exception {
        Path tsc = Tool.find("npm install --global typescript", "tsc");
        run(List.of(
                tsc.toString(),
                "--noEmit",
                "--strict",
                "--target",
                "es2022",
                "--module",
                "nodenext",
                "--lib",
                "es2022,dom",
                SCRIPTS.resolve("types.mts").toString()));
    }

    /** The package {@code ws}, for a Node without a WebSocket of its own. */
    static String ws() throws Exception {
        if (node("--print", "typeof WebSocket").strip().equals("function")) {
            return "";
        }
        Path npm = Tool.find("apt-get install npm", "npm");
        Path folder = Path.of(
                run(List.of(npm.toString(), "root", "--global", "--loglevel=error"))
                        .strip(),
                "ws");
        if (!Files.isDirectory(folder)) {
            throw Tool.missing("the package ws is missing; get it with: npm install --global ws");
        }
        return folder.resolve("wrapper.mjs").toString();
    }

    static String node(String... arguments) throws Exception {
        Path node = Tool.find("apt-get install nodejs (20 or newer)", "node");
        List<String> command = new ArrayList<>(List.of(node.toString()));
        command.addAll(List.of(arguments));
        return run(command);
    }

    private static String run(List<String> command) throws IOException, InterruptedException {
        Path output = Files.createTempFile("node", ".txt");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        boolean hasEnded = process.waitFor(2, TimeUnit.MINUTES);
        process.destroyForcibly();
        String text = Files.readString(output);
        Files.delete(output);
        assertThat(hasEnded).as(text).isTrue();
        assertThat(process.exitValue()).as(text).isZero();
        return text;
    }
}

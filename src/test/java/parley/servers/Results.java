package parley.servers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;

/**
 * Writes down what came of the portability suite on a server: a row of a table, {@code target/servers/results.md}. With
 * {@code -Dresults=write} the table also goes into the document that has it. Found by JUnit in META-INF/services;
 * does nothing in other runs.
 */
public final class Results implements TestExecutionListener {
    /** The document that has the table, between these two lines. */
    static final Path DOCUMENT = Path.of("docs/servers.md");

    static final String BEGIN = "<!-- results of the tests -->";
    static final String END = "<!-- end of results -->";

    private static final List<String> HEAD =
            List.of("| server | version | JDK | tests passed | failed | seconds |", "|---|---|---|---|---|---|");

    private final AtomicInteger passed = new AtomicInteger();
    private final AtomicInteger failed = new AtomicInteger();
    private long startedAt;

    @Override
    public void testPlanExecutionStarted(TestPlan plan) {
        startedAt = System.nanoTime();
    }

    /** A class or the suite counts when it fails: its tests have not run then. One that is skipped counts as failed. */
    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
        if (result.getStatus() != TestExecutionResult.Status.SUCCESSFUL) {
            failed.incrementAndGet();
        } else if (test.isTest()) {
            passed.incrementAndGet();
        }
    }

    @Override
    public void executionSkipped(TestIdentifier test, String reason) {
        failed.incrementAndGet();
    }

    @Override
    public void testPlanExecutionFinished(TestPlan plan) {
        String server = System.getProperty("parley.server", "");
        if (server.isEmpty() || System.getProperty("it.test") != null) {
            return;
        }
        int jdk = Runtime.version().feature();
        long seconds = (System.nanoTime() - startedAt) / 1_000_000_000L;
        String row = "| " + server + " | " + System.getProperty("parley.server.version") + " | " + jdk + " | " + passed
                + " | " + failed + " | " + seconds + " |";
        try {
            Path servers = Files.createDirectories(Path.of(System.getProperty("parley.servers")));
            Files.writeString(servers.resolve("results-" + server + "-" + jdk + ".row"), row + "\n");
            List<String> table = Stream.concat(HEAD.stream(), rows(servers)).toList();
            Files.write(servers.resolve("results.md"), table);
            if ("write".equals(System.getProperty("results"))) {
                put(table);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void put(List<String> table) throws IOException {
        String text = Files.readString(DOCUMENT);
        int from = text.indexOf(BEGIN) + BEGIN.length();
        Files.writeString(
                DOCUMENT,
                text.substring(0, from) + "\n" + String.join("\n", table) + "\n" + text.substring(text.indexOf(END)));
    }

    private static Stream<String> rows(Path servers) {
        return Arrays.stream(Kind.values())
                .flatMap(kind -> Stream.of(17, 25).map(jdk -> servers.resolve("results-" + kind + "-" + jdk + ".row")))
                .filter(Files::exists)
                .map(Results::read);
    }

    private static String read(Path row) {
        try {
            return Files.readString(row).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

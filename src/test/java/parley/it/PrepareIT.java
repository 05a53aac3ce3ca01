package parley.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import parley.servers.Output;
import parley.testclient.Client;
import parley.testclient.JsonClient;

/**
 * {@code --prepare}: the folder that it writes, and the process that runs from it. On the Java that {@code parley.java}
 * names, as {@link ParleyProcess}.
 */
class PrepareIT {
    private static final int WRONG_USE = 2;
    private static final int FAILED = 1;
    private static final int TO_PREPARE_SECONDS = 120;

    @TempDir
    static Path temporary;

    private static Path prepared;

    private record Result(int exitCode, String output) {}

    /** Once for all tests that run from it. */
    @BeforeAll
    static void prepare() throws Exception {
        prepared = temporary.resolve("prepared");
        Result result =
                prepare(Map.of("PARLEY_DATA_FOLDER", temporary.resolve("data").toString()), prepared);
        assertThat(result.exitCode).as(result.output).isZero();
        assertThat(result.output.lines().skip(1).findFirst().orElse("").strip())
                .endsWith("/java @" + prepared.resolve("parley.args"));
        assertThat(temporary.resolve("data")).doesNotExist();
    }

    private static Process start(String war, Map<String, String> environment, Path folder, String... more)
            throws IOException {
        List<String> command =
                new ArrayList<>(List.of(ParleyProcess.java(), "-jar", war, "--prepare", folder.toString()));
        command.addAll(List.of(more));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().removeIf(name -> name.startsWith("PARLEY_"));
        builder.environment().putAll(environment);
        return builder.start();
    }

    private static Result prepare(Map<String, String> environment, Path folder, String... more) throws Exception {
        return prepare(ParleyProcess.war(), environment, folder, more);
    }

    private static Result prepare(String war, Map<String, String> environment, Path folder, String... more)
            throws Exception {
        Process process = start(war, environment, folder, more);
        try {
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor(TO_PREPARE_SECONDS, TimeUnit.SECONDS)).isTrue();
            return new Result(process.exitValue(), output);
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    private static boolean isAheadOfTime() {
        return Files.exists(prepared.resolve("parley.aot"));
    }

    @Test
    void classesComeFromTheArchiveAndEverythingIsServed() throws Exception {
        Path loads = temporary.resolve("loads");
        String insisting = isAheadOfTime() ? "-XX:AOTMode=on" : "-Xshare:on";
        try (ParleyProcess parley = ParleyProcess.startPrepared(
                        prepared,
                        List.of(insisting, "-Xlog:class+load:file=" + loads),
                        "--context",
                        "/some/where",
                        "--set",
                        "limits.message-bytes=20");
                Client echo = new Client(parley.socket("echo"));
                Client plain = new Client(parley.socket("chat/java?name=Ann"));
                JsonClient json = new JsonClient(parley.socket("chat"))) {
            assertThat(echo.say("as it was").next()).isEqualTo("as it was");
            json.next("welcome");
            json.ask("{\"type\":\"join\",\"room\":\"java\"}");
            plain.say("hello");
            assertThat(json.next("message").getString("text")).isEqualTo("hello");
            assertThat(get(parley.page())).contains("<title>").contains("Parley");
            assertThat(get(parley.page() + "metrics")).contains("parley_sessions");
            assertThat(parley.output()).doesNotContain("WARNING", "[warning]");

            assertThat(echo.say("x".repeat(21)).closed()).startsWith("1009 ");
            parley.signal("TERM");
            assertThat(json.next("bye").getString("type")).isEqualTo("bye");
            assertThat(json.closed()).startsWith("1001 ");
            assertThat(plain.closed()).startsWith("1001 ");
            assertThat(parley.exitCode()).isZero();
        }
        List<String> loaded = Files.readAllLines(loads);
        assertThat(loaded)
                .anyMatch(line -> line.contains("parley.room.Room source: shared objects file"))
                .anyMatch(line -> line.contains("parley.standalone.Server source: shared objects file"));
        long archived = loaded.stream()
                .filter(line -> line.contains("shared objects file"))
                .count();
        assertThat(archived).as("of " + loaded.size()).isGreaterThan(loaded.size() / 2);
    }

    private static String get(String address) throws Exception {
        return HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(URI.create(address)).build(), BodyHandlers.ofString())
                .body();
    }

    @Test
    void aJarThatWasReplacedIsSaidInOneSentence() throws Exception {
        Path copy = copy("replaced");
        Path replaced;
        try (Stream<Path> libraries = Files.list(copy.resolve("lib"))) {
            replaced = libraries
                    .filter(jar -> jar.getFileName().toString().startsWith("picocli"))
                    .findFirst()
                    .orElseThrow();
        }
        Files.setLastModifiedTime(replaced, FileTime.fromMillis(0));
        try (ParleyProcess parley = ParleyProcess.startPrepared(copy, List.of())) {
            assertThat(warnings(parley))
                    .hasSize(1)
                    .first()
                    .asString()
                    .contains("'" + copy + "', lib/" + replaced.getFileName() + " is not as prepared", "--prepare");
        }
    }

    @Test
    void anArchiveThatIsMissingOrThatOptionsDoNotFitIsSaidInOneSentence() throws Exception {
        Path copy = copy("missing");
        Files.delete(copy.resolve(isAheadOfTime() ? "parley.aot" : "parley.jsa"));
        try (ParleyProcess parley = ParleyProcess.startPrepared(copy, List.of())) {
            assertThat(warnings(parley)).hasSize(1).first().asString().contains("is not as prepared", "--prepare");
        }
        // Of another size than it was made with; -XX:+UseZGC does the same where there is a ZGC.
        try (ParleyProcess parley = ParleyProcess.startPrepared(prepared, List.of("-XX:-UseCompressedOops"))) {
            assertThat(warnings(parley))
                    .hasSize(1)
                    .first()
                    .asString()
                    .contains("does not use the archive", "'" + prepared + "'", "ZGC", "JAVA_TOOL_OPTIONS");
        }
    }

    /** Java chooses G1 for the training and Serial in a small container. */
    @ParameterizedTest
    @ValueSource(strings = {"-XX:+UseG1GC", "-XX:+UseSerialGC", "-XX:+UseParallelGC"})
    void theArchiveFitsCollectorsThatJavaChooses(String collector) throws Exception {
        String insisting = isAheadOfTime() ? "-XX:AOTMode=on" : "-Xshare:on";
        Path loads = temporary.resolve("loads" + collector.replace(':', '-'));
        try (ParleyProcess parley = ParleyProcess.startPrepared(
                prepared, List.of(insisting, collector, "-Xmx384m", "-Xlog:class+load:file=" + loads))) {
            assertThat(warnings(parley)).isEmpty();
        }
        assertThat(Files.readAllLines(loads))
                .anyMatch(line -> line.contains("parley.standalone.AcceptingStrategy source: shared objects file"));
    }

    @Test
    void anotherJavaIsSaidInOneSentence() throws Exception {
        Path copy = copy("other");
        Path record = copy.resolve("prepared.properties");
        Files.writeString(record, Files.readString(record).replaceAll("(?m)^java=.*", "java=99"));
        try (ParleyProcess parley = ParleyProcess.startPrepared(copy, List.of())) {
            assertThat(warnings(parley))
                    .hasSize(1)
                    .first()
                    .asString()
                    .contains("was prepared with Java 99", "--prepare");
        }
    }

    /** Waits for what comes behind it in the log. */
    private static List<String> warnings(ParleyProcess parley) throws Exception {
        parley.signal("TERM");
        assertThat(parley.exitCode()).isZero();
        return parley.output()
                .lines()
                .filter(line -> line.contains(" WARNING "))
                .toList();
    }

    private static Path copy(String name) throws IOException {
        Path copy = temporary.resolve(name);
        try (Stream<Path> all = Files.walk(prepared)) {
            for (Path each : all.toList()) {
                Files.copy(each, copy.resolve(prepared.relativize(each)), StandardCopyOption.COPY_ATTRIBUTES);
            }
        }
        Path arguments = copy.resolve("parley.args");
        Files.writeString(arguments, Files.readString(arguments).replace(prepared.toString(), copy.toString()));
        return copy;
    }

    @Test
    void aFolderThatCannotTakeItIsOneSentence(@TempDir Path folder) throws Exception {
        Path file = Files.createFile(folder.resolve("file"));
        isRefused(folder, "'" + folder + "' is not empty");
        isRefused(file, "'" + file + "' is a file");
        isRefused(file.resolve("below"), "cannot be written");
        isRefused(Path.of("/proc/parley"), "'/proc/parley' cannot be written");
        isRefused(folder.resolve("a:b"), "special characters");
        isRefused(folder.resolve("a b"), "special characters"); // JDK 17 would archive none of our classes
        Path blank = Files.createDirectory(folder.resolve("with blanks"));
        Path link = Files.createSymbolicLink(folder.resolve("link"), blank);
        isRefused(link, "'" + blank.toRealPath() + "' has a path with blanks");
        isRefused(link.resolve("new"), "'" + blank.toRealPath().resolve("new") + "' has a path with blanks");
        assertThat(blank).isEmptyDirectory();
        isRefused(folder.resolve("new"), "--prepare takes no other option", "--port", "80");
        assertThat(folder.resolve("new")).doesNotExist();
        assertThat(file).isEmptyFile();
    }

    private static void isRefused(Path folder, String why, String... more) throws Exception {
        Result result = prepare(Map.of(), folder, more);
        assertThat(result.exitCode).as(result.output).isEqualTo(WRONG_USE);
        assertThat(result.output.lines()).hasSize(1);
        assertThat(result.output).startsWith("parley: ").contains(why);
    }

    /** Variables with them reach the process that is trained: it would open this folder, or join the cluster. */
    @Test
    void aSettingAmongTheOptionsOfJavaIsRefused(@TempDir Path folder) throws Exception {
        for (String variable : List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS")) {
            Result result = prepare(
                    Map.of(variable, "-Xmx512m -Dparley.data.folder=" + folder.resolve("data")), folder.resolve("new"));
            assertThat(result.exitCode).as(result.output).isEqualTo(WRONG_USE);
            assertThat(result.output)
                    .contains("parley: The system property 'parley.data.folder' is a setting", "remove -Dparley.");
            assertThat(folder).isEmptyDirectory();
        }
    }

    @Test
    void aTrainingThatFailsSaysWhyAndLeavesNothing(@TempDir Path folder) throws Exception {
        Result result = prepare(warWithoutServer().toString(), Map.of(), folder.resolve("new"));
        assertThat(result.exitCode).isEqualTo(FAILED);
        assertThat(result.output)
                .contains("parley: Nothing was prepared: Parley did not start.", "ClassNotFoundException");
        assertThat(folder).isEmptyDirectory();
    }

    /** Its index, by which it is unpacked, does not name Grizzly; the process that prepares needs none. */
    private static Path warWithoutServer() throws IOException {
        Path war = Files.copy(Path.of(ParleyProcess.war()), temporary.resolve("without-server.war"));
        try (FileSystem inside = FileSystems.newFileSystem(war)) {
            Path index = inside.getPath("WEB-INF/classpath.idx");
            List<String> lines = Files.readAllLines(index);
            assertThat(lines).anyMatch(line -> line.contains("/grizzly-framework-"));
            lines.removeIf(line -> line.contains("/grizzly-framework-"));
            Files.write(index, lines);
        }
        return war;
    }

    @Test
    void aSignalEndsItAndLeavesNothing(@TempDir Path folder) throws Exception {
        Process process = start(ParleyProcess.war(), Map.of(), folder.resolve("new"));
        Output output = new Output("the preparation", process);
        List<ProcessHandle> trained = new ArrayList<>();
        try {
            Awaitility.await().atMost(30, TimeUnit.SECONDS).until(() -> {
                trained.addAll(process.descendants().toList());
                return !trained.isEmpty();
            });
            process.toHandle().destroy();
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).as(output.text()).isTrue();
            assertThat(folder).isEmptyDirectory();
            assertThat(trained).noneMatch(ProcessHandle::isAlive);
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }
}

package parley.it;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import parley.servers.Kind;

/** A program that a test needs and that is no Java: found on the PATH, or the test is skipped. */
final class Tool {
    private Tool() {}

    /**
     * Finds it.
     *
     * @param remedy how to get it
     * @param names what it may be called, the best first
     * @throws org.opentest4j.TestAbortedException when it is missing
     * @throws AssertionError when it is missing where CI is 'true', so that nothing is left out there unseen
     */
    static Path find(String remedy, String... names) {
        for (String name : names) {
            for (String folder : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator)) {
                Path file = Path.of(folder, name);
                if (Files.isRegularFile(file) && Files.isExecutable(file)) {
                    return file.toAbsolutePath();
                }
            }
        }
        throw missing(String.join(" or ", List.of(names)) + " is missing from the PATH; get it with: " + remedy);
    }

    /** The folder of a server's distribution, which other tests put theirs beside. */
    static Path unpacked(Kind kind) throws IOException {
        Path servers =
                Path.of(System.getProperty("parley.servers", "target/servers")).resolve(kind.toString());
        String remedy = kind + " is not unpacked; get it with: mvn dependency:unpack@server -Pserver-" + kind;
        if (!Files.isDirectory(servers)) {
            throw missing(remedy);
        }
        try (Stream<Path> folders = Files.list(servers)) {
            return folders.filter(path -> !path.toString().contains("-base-") && Files.isDirectory(path.resolve("bin")))
                    .findFirst()
                    .orElseThrow(() -> missing(remedy));
        }
    }

    /** Whether a missing tool fails its tests: where CI is 'true'. */
    static boolean isRequired() {
        return "true".equals(System.getProperty("CI", System.getenv("CI")));
    }

    /** Returns what says that something is missing: as a failure where CI is 'true', as a skipped test elsewhere. */
    static RuntimeException missing(String missing) {
        if (isRequired()) {
            throw new AssertionError(missing);
        }
        return Assumptions.abort(missing);
    }
}

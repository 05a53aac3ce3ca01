package parley.durable;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeLibraryTest {
    @TempDir
    private Path folder;

    /** What it does where it has not been loaded yet. */
    static final class Load {
        public static void main(String[] args) {
            try {
                NativeLibrary.load(Path.of("/data"));
                System.out.println("loaded");
            } catch (DataException e) {
                System.out.println(e.getMessage());
            }
        }
    }

    private static String load(String... options) throws Exception {
        ProcessBuilder java = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString());
        java.command().addAll(List.of(options));
        java.command().addAll(List.of("-cp", System.getProperty("java.class.path"), Load.class.getName()));
        Process process = java.redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return output;
    }

    @Test
    void itIsUnpackedAndLoaded() throws Exception {
        assertThat(load("-Dorg.sqlite.tmpdir=" + folder)).isEqualTo("loaded" + System.lineSeparator());
    }

    @Test
    void aFolderThatTakesNothingIsSaidInOneSentenceWithoutATrace() throws Exception {
        Path none = folder.resolve("none");
        assertThat(load("-Dorg.sqlite.tmpdir=" + none).lines())
                .singleElement()
                .asString()
                .contains("'/data'", "unpacked into '" + none + "'", "-Dorg.sqlite.tmpdir=");
    }

    @Test
    void aLibraryThatCannotBeRunIsSaidInOneSentenceWithoutATrace() throws Exception {
        Files.createDirectories(folder.resolve("lib"));
        assertThat(load("-Dorg.sqlite.tmpdir=" + folder, "-Dos.arch=abacus").lines())
                .singleElement()
                .asString()
                .contains("run from '" + folder + "'", "noexec", "abacus");
    }
}

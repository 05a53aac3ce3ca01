package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A process whose memory has run out ends, whoever meets the error first. */
class OutOfMemoryTest {
    static final class Fill {
        private static volatile Object[] kept = {};

        public static void main(String[] args) throws InterruptedException {
            OutOfMemory.endsTheProcess();
            Thread filling = new Thread(() -> {
                switch (args[0]) {
                    case "uncaught" -> fill();
                    case "logged" -> {
                        try {
                            fill();
                        } catch (OutOfMemoryError e) {
                            Logger.getLogger("a.library").log(Level.SEVERE, "caught", new IllegalStateException(e));
                        }
                    }
                    default -> {
                        try {
                            fill();
                        } catch (OutOfMemoryError e) {
                            // and says nothing
                        }
                    }
                }
            });
            filling.start();
            filling.join();
            while (args[0].equals("swallowed")) {
                OutOfMemory.probe();
            }
            System.out.println("lives on");
        }

        /** With a chain, which needs no room to grow; to where a probe of 64 KiB does not fit. */
        private static void fill() {
            try {
                while (true) {
                    kept = new Object[] {kept, new byte[1 << 18]};
                }
            } catch (OutOfMemoryError e) {
                while (true) {
                    kept = new Object[] {kept, new byte[1 << 14]};
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"uncaught", "logged", "swallowed"})
    @Timeout(60)
    void theProcessEndsWithTheExitCodeOfTheJvmsOwnOption(String how) throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx16m",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Fill.class.getName(),
                        how)
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).isEqualTo(3);
        assertThat(output).contains("memory has run out").doesNotContain("lives on");
    }
}

package parley.servers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Test;
import org.junit.platform.launcher.core.LauncherConfig;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

class SkipsTest {
    /** Run by the test below alone: a nested class is found by its name, and this has none that a test has. */
    static final class Sample {
        @Test
        void passes() {}

        @Test
        void needsATool() {
            Assumptions.abort("wscat is missing from the PATH; get it with: npm install -g wscat");
        }

        @Test
        void needsAMachine() {
            Assumptions.assumeTrue(false, "the locks of this machine cannot be seen");
        }

        @Test
        @Disabled("not yet")
        void isNotRun() {}
    }

    @Test
    void eachSkippedTestHasALineWithItsReason() {
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        LauncherConfig alone = LauncherConfig.builder()
                .enableTestExecutionListenerAutoRegistration(false)
                .build();
        LauncherFactory.create(alone)
                .execute(
                        LauncherDiscoveryRequestBuilder.request()
                                .selectors(selectClass(Sample.class))
                                .build(),
                        new Skips(new PrintStream(printed, true, StandardCharsets.UTF_8)));
        assertThat(printed.toString(StandardCharsets.UTF_8).lines())
                .containsExactlyInAnyOrder(
                        "skipped: Sample.needsATool: wscat is missing from the PATH; get it with: npm install -g wscat",
                        "skipped: Sample.needsAMachine: the locks of this machine cannot be seen",
                        "skipped: Sample.isNotRun: not yet");
    }
}

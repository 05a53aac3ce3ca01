package parley.portability;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import parley.client.Client;
import parley.client.RawClient;

/** Clients that do not read. */
class SlowIT extends Portability {
    /**
     * It goes on sending pongs, so that what ends it is not its silence, but the frame that it does not take; and it is cut
     * off before the 20 seconds are over after which Tomcat gives up on a send.
     */
    @Test
    void whoStopsReadingIsCutOffAndTheOthersKeepReceiving() throws Exception {
        String large = "x".repeat(60_000);
        try (Client reader = open("/chat/busy");
                RawClient stalled = RawClient.open(port(), "/parley/chat/busy?name=stalled", 16 * 1024)) {
            assertThat(reader.say("first").next()).isEqualTo("first");
            stalled.text("in");
            assertThat(reader.next()).isEqualTo("stalled: in");

            await().pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(5))
                    .atMost(Duration.ofSeconds(15))
                    .until(() -> {
                        assertThat(reader.say(large).next()).isEqualTo(large);
                        return isCutOff(stalled);
                    });

            assertThat(reader.say("last").next()).isEqualTo("last");
        }
    }

    /** Tomcat gives its close frame 50 ms to leave. If it cannot, the connection is cut; if it can, the flood is read on. */
    @Test
    void whoFloodsTheEchoWithoutReadingIsCutOffOrClosedWith1013() throws Exception {
        byte[] message = RawClient.encode(0x82, true, 16_000, new byte[16_000]);
        try (RawClient client = RawClient.open(port(), "/parley/echo", 16 * 1024)) {
            if (!isCutOffWhileSending(client, message, 10_000)) {
                assertThat(client.readClose()).hasToString("close 1013 too slow: read the echoes");
            }
        }
    }

    /** Whether the connection is closed, found out without reading: nobody asked for this pong, so nobody answers it. */
    private static boolean isCutOff(RawClient client) {
        try {
            client.frame(true, RawClient.PONG, new byte[0]);
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    private static boolean isCutOffWhileSending(RawClient client, byte[] frame, int times) {
        try {
            for (int sent = 0; sent < times; sent++) {
                client.raw(frame);
            }
            return false;
        } catch (IOException e) {
            return true;
        }
    }
}

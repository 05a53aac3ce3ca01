package parley.portability;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import parley.servers.Difference;
import parley.servers.Jvm;
import parley.testclient.Client;
import parley.testclient.JsonClient;
import parley.testclient.RawClient;

/** Clients that do not read. */
class SlowIT extends Portability {
    private static final String CLOSE = "parley.endpoint.RemoteTransport.close";

    private static final List<String> CONNECTIONS =
            List.of("parley.session.PlainConnection", "parley.session.JsonConnection", "parley.session.EchoConnection");

    /**
     * It goes on sending pongs, so that what ends it is not its silence, but the frame that it does not take. Some
     * servers say that a frame has been sent while they hold megabytes of them, and some keep the TCP connection when
     * the session has ended.
     */
    @Test
    void whoStopsReadingIsEndedAndTheOthersKeepReceivingAndNothingIsLeftOfIt() throws Exception {
        Jvm jvm = new Jvm(server.process(PARLEY));
        int mayStay = differs(Difference.MAY_KEEP_A_CLOSING_THREAD) ? 1 : 0;
        String large = "x".repeat(60_000);
        try (JsonClient watch = openJson("/chat/busy?name=watch");
                Client reader = open("/chat/busy");
                RawClient stalled = RawClient.open(port(), "/parley/chat/busy?name=stalled", 16 * 1024)) {
            assertThat(reader.say("first").next()).isEqualTo("first");
            stalled.text("in");
            assertThat(reader.next()).isEqualTo("stalled: in");

            await().pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(5))
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> {
                        assertThat(reader.say(large).next()).isEqualTo(large);
                        isCutOff(stalled);
                        return watch.ask("{'type':'who','room':'busy'}").getInt("count") == 2;
                    });

            assertThat(reader.say("last").next()).isEqualTo("last");
            if (differs(Difference.WAITS_FOR_WHO_DOES_NOT_READ)) {
                assertThat(isCutOff(stalled)).isFalse();
                stalled.reset();
            }
            await("no thread is kept by it")
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> jvm.threads("parley.endpoint.RemoteTransport"), threads -> threads.size() <= mayStay);
            if (!differs(Difference.WAITS_FOR_WHO_DOES_NOT_READ)) {
                stalled.reset();
            }
        }
        await("no connection is kept in the heap")
                .atMost(Duration.ofSeconds(20))
                .until(() -> jvm.instances(CONNECTIONS), count -> count <= mayStay);
    }

    /**
     * Some servers cut the connection, some read the flood to its end, some read no more and wait until the client has
     * read what is before the close frame: so the flood is a thread's own, and ends when the client does.
     */
    @Test
    void whoFloodsTheEchoWithoutReadingIsCutOffOrClosedWith1013() throws Exception {
        Jvm jvm = new Jvm(server.process(PARLEY));
        Set<String> before = jvm.threads(CLOSE).keySet();
        byte[] message = RawClient.encode(0x82, true, 16_000, new byte[16_000]);
        try (RawClient client = RawClient.open(port(), "/parley/echo", 16 * 1024)) {
            await("it is connected")
                    .until(() -> jvm.instances(List.of("parley.session.EchoConnection")), count -> count == 1);
            Thread flood = new Thread(() -> isCutOffWhileSending(client, message, 10_000));
            flood.start();
            await("it is closed, or the close waits until the client reads")
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> jvm.instances(List.of("parley.session.EchoConnection")) == 0
                            || !before.containsAll(jvm.threads(CLOSE).keySet()));
            assertThat(client.readCloseOrEnd()).isIn("close 1013 too slow: read the echoes", "cut off");
        }
    }

    /**
     * Whether the connection is closed, found out without reading: nobody asked for this pong, so nobody answers it.
     */
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

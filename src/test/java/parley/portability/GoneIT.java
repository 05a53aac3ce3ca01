package parley.portability;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import parley.client.Client;
import parley.client.RawClient;

/** Clients that go, or are silent. */
class GoneIT extends Portability {
    @Test
    void whoAnswersNoPingIsClosedWith1001AndWhoDoesStays() throws Exception {
        try (Client quiet = open("/chat/silence");
                RawClient mute = raw("/chat/silence")) {
            assertThat(mute.read().opcode()).isEqualTo(RawClient.PING);
            assertThat(mute.readClose()).hasToString("close 1001 idle");
            assertThat(quiet.say("not gone").next()).isEqualTo("not gone");
        }
    }
}

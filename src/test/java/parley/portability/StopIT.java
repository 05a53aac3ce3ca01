package parley.portability;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import parley.servers.Difference;
import parley.servers.Kind;
import parley.servers.Server;
import parley.testclient.Client;
import parley.testclient.JsonClient;

/** A stop of the whole server, of a second one beside the one that the other tests use. */
class StopIT extends Portability {
    @Test
    void aStopOfTheServerClosesEveryoneWith1001() throws Exception {
        try (Server another = Kind.tested().installed()) {
            another.start();
            another.deploy("stopped", Path.of(System.getProperty("parley.war")));
            String chat = "ws://" + another.address("stopped").getAuthority() + "/stopped/chat/room";
            try (Client plain = new Client(chat);
                    JsonClient json = new JsonClient(chat)) {
                json.next("joined");
                assertThat(plain.say("in").next()).isEqualTo("in");
                ProcessHandle process = another.process("stopped");

                another.close();

                assertThat(process.isAlive()).isFalse();
                if (differs(Difference.STOPS_WITHOUT_A_WORD)) {
                    // GlassFish once told the application in time.
                    assertThat(plain.ending()).containsAnyOf("1006", "1001 shutdown; retry 500-8000 ms");
                } else if (differs(Difference.STOPS_BEFORE_PARLEY)) {
                    assertThat(plain.ending()).startsWith("1001").doesNotContain("retry");
                    assertThat(json.closed()).startsWith("1001").doesNotContain("retry");
                } else {
                    assertThat(plain.ending()).isEqualTo("1001 shutdown; retry 500-8000 ms");
                    assertThat(json.next("bye").getJsonObject("retry").getInt("max"))
                            .isEqualTo(8_000);
                }
            }
        }
    }
}

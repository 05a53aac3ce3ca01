package parley.portability;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonObject;
import java.util.concurrent.Semaphore;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import parley.testclient.Client;
import parley.testclient.JsonClient;

/** Many messages in a row: a send from within a completion must not go deeper, and none may overtake another. */
class LoadIT extends Portability {
    private static final int MANY = 20_000;

    /** As many echoes may wait: 64 bytes each and their text are less than {@code limits.backlog}. */
    private static final int AHEAD = 10_000;

    @Test
    void twentyThousandEchoesInARowComeBackInOrder() throws Exception {
        Semaphore ahead = new Semaphore(AHEAD);
        try (Client client = open("/echo")) {
            Thread sender = new Thread(() -> IntStream.range(0, MANY).forEach(i -> {
                ahead.acquireUninterruptibly();
                client.say("message " + i);
            }));
            sender.setDaemon(true);
            sender.start();
            for (int i = 0; i < MANY; i++) {
                assertThat(client.next()).isEqualTo("message " + i);
                ahead.release();
            }
            sender.join();
        }
    }

    /** The room's policy may leave messages out for who does not keep up; then JSON says so, and the sum is right. */
    @Test
    void ofABurstOfTwentyThousandMessagesEachIsDeliveredOrSaidToBeMissed() throws Exception {
        try (JsonClient sender = openJson("/chat/elsewhere");
                JsonClient reader = openJson("/chat/burst?name=reader");
                Client plain = open("/chat/burst")) {
            reader.next("joined");
            plain.say("in");
            assertThat(plain.next()).isEqualTo("in");
            sender.ask("{'type':'join','room':'burst'}");
            Thread burst = new Thread(() -> IntStream.range(0, MANY)
                    .forEach(i -> sender.send("{\"type\":\"say\",\"room\":\"burst\",\"text\":\"" + i + "\"}")));
            burst.start();

            for (long seq = 1; seq < MANY + 2; ) {
                JsonObject event = reader.nextMessageOrGap();
                boolean isGap = event.getString("type").equals("gap");
                assertThat(isGap ? event.getInt("after") + 1 : event.getInt("seq"))
                        .isEqualTo((int) seq);
                seq = isGap ? event.getInt("before") : seq + 1;
            }

            burst.join();
            for (int seq = 2; seq < MANY + 2; ) {
                JsonObject event = sender.next();
                if (event.getString("type").equals("ack")) {
                    assertThat(event.getInt("seq")).isEqualTo(seq++);
                }
            }
            plain.say("end");
            for (int last = -1; ; ) {
                Object next = plain.next();
                if (next.equals("end")) {
                    break;
                }
                int number = Integer.parseInt((String) next);
                assertThat(number).isGreaterThan(last);
                last = number;
            }
        }
    }
}

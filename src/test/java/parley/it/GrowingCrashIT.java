package parley.it;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonObject;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import parley.testclient.JsonClient;

/**
 * Kills the process while a message grows, and reads afterwards what it says: every piece that was acknowledged, and no
 * other behind a hole. The long form takes {@code -Dparley.crashes=100}.
 */
final class GrowingCrashIT {
    private static final int CRASHES = Integer.getInteger("parley.crashes", 5);
    private static final int KILLED = 128 + 9;
    /** How many pieces are sent before one is acknowledged, so that several are in one commit. */
    private static final int AHEAD = 20;

    @TempDir
    private Path folder;

    private final Random random = new Random(7);

    /** Long for an author on a busy machine, short for a reader that waits for the end. */
    private ParleyProcess start(String open) {
        return ParleyProcess.startWith(
                List.of("-Dorg.sqlite.tmpdir=" + folder), // what is killed leaves its native code behind
                0,
                "--data",
                folder.toString(),
                "--set",
                "room.open=" + open);
    }

    @Test
    @Timeout(value = 1, unit = TimeUnit.HOURS) // for the long form
    void everyPieceThatWasAcknowledgedIsInItsMessageAfterKillingTheProcess() throws Exception {
        long pieces = 0;
        for (int round = 0; round < CRASHES; round++) {
            int seq;
            int acknowledged = 0;
            try (ParleyProcess parley = start("1m")) {
                JsonClient author = new JsonClient(parley.socket("chat/grows"));
                seq = author.ask("{'type':'say','room':'grows','text':'','final':false}")
                        .getInt("seq");
                int most = 20 + random.nextInt(200);
                for (int sent = 0; acknowledged < most; ) {
                    for (; sent < acknowledged + AHEAD; sent++) {
                        author.send(JsonClient.quoted("{'type':'append','room':'grows','seq':" + seq + ",'text':'<"
                                + sent + ">','ref':" + sent + "}"));
                    }
                    assertThat(author.next("ack").getInt("ref")).isEqualTo(acknowledged);
                    acknowledged++;
                }
                parley.signal("KILL");
                assertThat(parley.exitCode()).isEqualTo(KILLED);
                author.cut();
            }
            try (ParleyProcess parley = start("200ms");
                    JsonClient reader = new JsonClient(parley.socket("chat/grows?history=1"))) {
                JsonObject message = reader.nextMessageOrGap();
                assertThat(message.getInt("seq")).isEqualTo(seq);
                StringBuilder whole = new StringBuilder();
                for (int piece = 0; piece < acknowledged + AHEAD; piece++) {
                    whole.append('<').append(piece).append('>');
                }
                assertThat(whole.toString()).startsWith(message.getString("text"));
                assertThat(message.getString("text")).contains("<" + (acknowledged - 1) + ">");
                if (message.containsKey("open")) {
                    assertThat(reader.nextMessageOrGap().getBoolean("final")).isTrue();
                }
                assertThat(parley.stop()).isZero();
            }
            pieces += acknowledged;
        }
        System.out.printf("crashes: %d, after which %d acknowledged pieces were there%n", CRASHES, pieces);
    }
}

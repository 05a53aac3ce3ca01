package parley.it;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonObject;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import parley.testclient.JsonClient;

/**
 * Kills the process while values of keys are set and removed, and reads afterwards what each key has: what was
 * acknowledged last, or something that was sent behind it. The long form takes {@code -Dparley.crashes=100}.
 */
final class KeyedCrashIT {
    private static final int CRASHES = Integer.getInteger("parley.crashes", 5);
    private static final int KILLED = 128 + 9;
    private static final int KEYS = 10;
    /** How many commands are sent before one is acknowledged, so that several are in one commit. */
    private static final int AHEAD = 20;
    /** In place of a value that was removed. */
    private static final String NONE = "";

    @TempDir
    private Path folder;

    private final Random random = new Random(7);

    private ParleyProcess start() {
        return ParleyProcess.startWith(
                List.of("-Dorg.sqlite.tmpdir=" + folder), // what is killed leaves its native code behind
                0,
                "--data",
                folder.toString(),
                "--set",
                "room.history=16",
                "--set",
                "room.kept=16"); // no value goes with the messages that do
    }

    /** A command that was sent: what its key has from then on. */
    private record Sent(String key, String value) {}

    @Test
    @Timeout(value = 1, unit = TimeUnit.HOURS) // for the long form
    void everyValueThatWasAcknowledgedIsThereAfterKillingTheProcess() throws Exception {
        Map<String, String> before = new TreeMap<>();
        long acknowledgedInAll = 0;
        for (int round = 0; round < CRASHES; round++) {
            Map<Integer, Sent> sent = new HashMap<>();
            int acknowledged = 0;
            try (ParleyProcess parley = start()) {
                JsonClient writer = new JsonClient(parley.socket("chat/keyed"));
                int most = 50 + random.nextInt(300);
                for (int next = 0; acknowledged < most; ) {
                    for (; next < acknowledged + AHEAD; next++) {
                        Sent command = new Sent("k" + random.nextInt(KEYS), value(round, next));
                        sent.put(next, command);
                        writer.send(JsonClient.quoted(json(command, next)));
                    }
                    assertThat(answer(writer).getInt("ref")).isEqualTo(acknowledged);
                    acknowledged++;
                }
                parley.signal("KILL");
                assertThat(parley.exitCode()).isEqualTo(KILLED);
                writer.cut();
            }
            for (int i = 0; i < acknowledged; i++) {
                before.put(sent.get(i).key, sent.get(i).value);
            }
            try (ParleyProcess parley = start();
                    JsonClient reader = new JsonClient(parley.socket("chat/keyed?state=true"))) {
                Map<String, String> after = new TreeMap<>();
                JsonObject state = reader.next("state");
                assertThat(state.getBoolean("more")).isFalse();
                for (JsonObject value : state.getJsonArray("messages").getValuesAs(JsonObject.class)) {
                    after.put(value.getString("key"), value.getString("text"));
                }
                assertThat(after)
                        .as("one state of those since the last acknowledged command")
                        .isIn((Object[]) states(before, sent, acknowledged));
                before = after;
                assertThat(parley.stop()).isZero();
            }
            acknowledgedInAll += acknowledged;
        }
        System.out.printf("crashes: %d, after which %d acknowledged values held%n", CRASHES, acknowledgedInAll);
    }

    /** The next answer; a removal where there is no value is answered, too. */
    private static JsonObject answer(JsonClient client) throws InterruptedException {
        while (true) {
            JsonObject event = client.next();
            if (event.containsKey("ref")) {
                return event;
            }
        }
    }

    private String value(int round, int number) {
        return random.nextInt(4) == 0 ? NONE : "v" + round + "-" + number;
    }

    private static String json(Sent command, int ref) {
        String rest = "'room':'keyed','key':'" + command.key + "','ref':" + ref;
        return command.value.equals(NONE)
                ? "{'type':'remove'," + rest + "}"
                : "{'type':'say'," + rest + ",'text':'" + command.value + "'}";
    }

    /** What there may be: all that was acknowledged, and then as many of the commands behind it as were carried out. */
    private static Map<?, ?>[] states(Map<String, String> acknowledged, Map<Integer, Sent> sent, int from) {
        Map<?, ?>[] states = new Map<?, ?>[sent.size() - from + 1];
        Map<String, String> state = new TreeMap<>(acknowledged);
        for (int i = from; i <= sent.size(); i++) {
            Map<String, String> values = new TreeMap<>(state);
            values.values().removeIf(NONE::equals);
            states[i - from] = values;
            if (i < sent.size()) {
                state.put(sent.get(i).key, sent.get(i).value);
            }
        }
        return states;
    }
}

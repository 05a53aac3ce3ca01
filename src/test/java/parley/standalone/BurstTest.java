package parley.standalone;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import parley.testclient.Burst;

/**
 * Bursts to members that read. A turn that came late once took all that was said meanwhile as one step, so that idle
 * members were further behind than their window, and missed up to a fourth of it; in rooms that disconnect, all were
 * closed.
 */
class BurstTest extends ServerBase {
    /** How often each burst comes; more with {@code -Dparley.bursts=50}. */
    private static final int RUNS = Integer.getInteger("parley.bursts", 20);

    private void run(int times, Burst burst) throws Exception {
        List<String> addresses = List.of(ws(""));
        for (int run = 0; run < times; run++) {
            burst.inPlainText(addresses, "plain-" + burst.ordinal() + "-" + run);
            burst.inJson(addresses, "json-" + burst.ordinal() + "-" + run);
        }
    }

    @ParameterizedTest
    @EnumSource
    void membersThatReadGetEverything(Burst burst) throws Exception {
        start();
        run(burst == Burst.THREE_MEMBERS_SAY_2000_LINES_EACH ? RUNS / 10 : RUNS, burst);
    }

    @ParameterizedTest
    @ValueSource(strings = {"drop-newest", "latest", "disconnect"})
    void whateverTheRoomsPolicy(String policy) throws Exception {
        start("room.policy=" + policy);
        for (Burst burst : Burst.values()) {
            run(3, burst);
        }
    }

    @Test
    void alsoInRoomsOnDisk(@TempDir Path folder) throws Exception {
        start("data.folder=" + folder);
        for (Burst burst : Burst.values()) {
            run(5, burst);
        }
    }

    /** A history of a few messages is no reason to let go of messages that members have still to take. */
    @Test
    void alsoWhereTheRoomKeepsLittle() throws Exception {
        start("room.history=10");
        for (Burst burst : Burst.values()) {
            run(3, burst);
        }
    }
}

package parley.portability;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import parley.testclient.Burst;

/**
 * Bursts to members that read, who get everything: on a server it is the sender's thread that runs the turn when it is
 * ahead, or waits a moment.
 */
class BurstIT extends Portability {
    /** How often each burst comes; more with {@code -Dparley.bursts=50}. */
    private static final int RUNS = Integer.getInteger("parley.bursts", 10);

    @ParameterizedTest
    @EnumSource
    void membersThatReadGetEverything(Burst burst) throws Exception {
        int runs = burst == Burst.THREE_MEMBERS_SAY_2000_LINES_EACH ? RUNS / 10 : RUNS;
        List<String> addresses = List.of(socket(PARLEY, ""));
        for (int run = 0; run < runs; run++) {
            burst.inPlainText(addresses, "burst-plain-" + burst.ordinal() + "-" + run);
            burst.inJson(addresses, "burst-json-" + burst.ordinal() + "-" + run);
        }
    }
}

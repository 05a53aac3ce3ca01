package parley.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import parley.bench.Scenario.Kind;

/** Who of the load connects to which node of a cluster. */
class ScenarioTest {
    private static final int NODES = 3;

    static Scenario[] cluster() {
        return Scenario.cluster().toArray(Scenario[]::new);
    }

    @ParameterizedTest
    @MethodSource("cluster")
    void membersOfEachRoomAndTheSendersOfAllAreSpreadOverAllNodes(Scenario scenario) {
        assertThat(scenario.kind()).isIn(Kind.ROOMS, Kind.RESUME);
        for (int room = 0; room < scenario.rooms(); room++) {
            int here = room;
            areEven(IntStream.range(0, scenario.members()).filter(member -> scenario.roomOf(member) == here), scenario);
        }
        areEven(IntStream.range(0, scenario.senders()), scenario);
    }

    private static void areEven(IntStream members, Scenario scenario) {
        int[] counts = new int[NODES];
        members.forEach(member -> counts[scenario.nodeOf(member, NODES)]++);
        assertThat(Arrays.stream(counts).max().orElseThrow()
                        - Arrays.stream(counts).min().orElseThrow())
                .as(Arrays.toString(counts))
                .isLessThanOrEqualTo(1);
    }
}

package parley.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ChecksTest {
    private static final long SECOND = 1_000_000_000L;

    private final Set<Remote> rooms = new LinkedHashSet<>();
    private final Checks checks = new Checks(rooms, 0);

    /** The new leader may still be taking in what the old one had acknowledged. */
    @Test
    void aStreamThatAnotherServerLeadsIsComparedAtOnceAndSomeSecondsLater() {
        assertThat(checks.dueStreams(0)).isEmpty();
        checks.ledByAnother(3, 0);
        assertThat(checks.dueStreams(0)).containsExactly(3);
        assertThat(checks.dueStreams(SECOND - 1)).isEmpty();
        assertThat(checks.dueStreams(SECOND)).containsExactly(3);
        assertThat(checks.dueStreams(3 * SECOND)).containsExactly(3);
        assertThat(checks.dueStreams(100 * SECOND)).isEmpty();
    }

    @Test
    void aStreamThatCouldNotBeComparedIsComparedAgain() {
        checks.failed(3, 0);
        assertThat(checks.dueStreams(0)).isEmpty();
        assertThat(checks.dueStreams(SECOND)).containsExactly(3);
    }

    @Test
    void allRoomsTakeTurnsToCatchUp() {
        for (int i = 0; i < 25; i++) {
            rooms.add(RemoteTest.unopened("room-" + i));
        }
        assertThat(checks.dueRooms(29 * SECOND)).isEmpty();
        Set<Remote> due = new LinkedHashSet<>();
        for (int tick = 0; tick < 3; tick++) {
            due.addAll(checks.dueRooms(30 * SECOND + tick));
        }
        assertThat(due).isEqualTo(rooms);
        assertThat(checks.dueRooms(31 * SECOND)).isEmpty();
    }
}

package parley.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import parley.protocol.RoomName;

class ForgettingTest {
    private static final RoomName ROOM = new RoomName("java");

    private final Subjects subjects = new Subjects("p", 1);
    private final String subject = subjects.said(ROOM);
    private final String other = subjects.said(new RoomName("other"));
    private final FakeStreams stream = new FakeStreams();
    private final Complaints complaints = new Complaints(() -> 0);
    private final StreamReader reader = new StreamReader(
            stream,
            subjects,
            new ClusterSettings.Kept(1_000, 0, Duration.ZERO, Duration.ZERO),
            Clock.systemUTC(),
            new Decoder(new Counted(), complaints),
            complaints,
            () -> false);
    private final Forgetting forgetting =
            new Forgetting(stream, subjects, new ChangeIndex(stream, subjects, new Decoder(new Counted(), complaints)));

    private static List<Long> numbers(Remote.Opened opened) {
        return opened.newest().stream().map(Remote.Heard::seq).toList();
    }

    @Test
    void aRoomThatIsOpenedLaterKnowsHowFarItIsGone() throws Exception {
        stream.store(subject);
        stream.store(other);
        long last = stream.store(subject);
        stream.store(other);
        long gone = forgetting.forget(ROOM, last, "n");
        assertThat(gone).isEqualTo(last);
        Remote.Opened empty = reader.beginning(ROOM);
        assertThat(empty.newest()).isEmpty();
        assertThat(empty.bounds().first()).isEqualTo(last + 1);
        assertThat(empty.since()).isEqualTo(last + 1);
        long next = stream.store(subject);
        Remote.Opened opened = reader.beginning(ROOM);
        assertThat(numbers(opened)).containsExactly(next);
        assertThat(opened.bounds().first()).isGreaterThan(last).isLessThanOrEqualTo(next);
        assertThat(reader.beginning(new RoomName("other")).bounds().first()).isEqualTo(1);
    }

    @Test
    void oneNoteIsKeptAndItNeverGoesBack() throws Exception {
        for (int i = 0; i < 5; i++) {
            stream.store(subject);
        }
        forgetting.forget(ROOM, 4, "n");
        assertThat(forgetting.forget(ROOM, 2, "n")).isEqualTo(4);
        assertThat(Forgetting.upTo(stream.last(0, subjects.gone(ROOM)))).isEqualTo(4);
        assertThat(stream.state(0, subjects.gone(ROOM)).count()).isEqualTo(1);
        assertThat(numbers(reader.beginning(ROOM))).containsExactly(5L);
    }

    /** A node ended between the note and the removal: the messages are gone as far as rooms are told. */
    @Test
    void whatIsNotedAndNotRemovedIsNotTold() throws Exception {
        stream.store(subject);
        stream.store(subject);
        stream.store(subjects.gone(ROOM), Envelope.of("n", 0, 2).encode());
        Remote.Opened opened = reader.beginning(ROOM);
        assertThat(opened.newest()).isEmpty();
        assertThat(opened.bounds().first()).isEqualTo(3);
        long next = stream.store(subject);
        assertThat(numbers(reader.beginning(ROOM))).containsExactly(next);
    }
}

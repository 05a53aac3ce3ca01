package parley.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.RoomName;
import parley.room.RoomStore;

class SubjectsTest {
    /** Also those that no room may have today. */
    @Test
    void aNameIsOneTokenAndNoWildcardWhateverItIs() {
        List<String> names =
                List.of("a", "A", "a.b", "a.", ".", "*", ">", "a>", "a b", "\t", "é", "=2E", "=", "😀", "a=2Eb");
        Set<String> tokens = new HashSet<>();
        for (String name : names) {
            assertThat(Subjects.token(name)).matches("[A-Za-z0-9_=-]+");
            assertThat(tokens.add(Subjects.token(name))).as(name).isTrue();
        }
        assertThat(Subjects.token("java-17_x")).isEqualTo("java-17_x");
    }

    @Test
    void marksAreOfTheirRoom() {
        assertThat(Subjects.mark(new RoomName("a"), "b.c")).isNotEqualTo(Subjects.mark(new RoomName("a.b"), "c"));
        assertThat(Subjects.mark(RoomName.LOBBY, "\r\n ä")).matches("[!-~]+");
    }

    @Test
    void roomsAreSpreadOverTheStreams() {
        Subjects subjects = new Subjects("c", 8);
        int[] rooms = new int[8];
        for (int i = 0; i < 8_000; i++) {
            rooms[subjects.shard(new RoomName("room-" + i))]++;
        }
        for (int there : rooms) {
            assertThat(there).isBetween(500, 1_500);
        }
        assertThat(subjects.said(new RoomName("a.b"))).matches("c\\.say\\.[0-7]\\.a=2Eb");
        assertThat(subjects.at(new RoomName("a.b"))).isEqualTo("c.at.a=2Eb.*");
    }

    @Test
    void whatIsSentIsReadAndWhatIsNoneIsNone() {
        for (Draft draft : List.of(
                new Draft(null, new Content(Content.Kind.TEXT, "", 0), null),
                new Draft("Zoë", new Content(Content.Kind.DATA, "{\"ä\":1}", 8), "id 1"))) {
            Envelope envelope = new Envelope("node", 17, 3, draft);
            assertThat(Envelope.decode(envelope.encode())).isEqualTo(envelope);
        }
        Envelope.Here here = new Envelope.Here("node", new RoomStore.Present(3, Map.of("Ann", 2), false));
        assertThat(Envelope.Here.decode(here.encode())).isEqualTo(here);
        for (byte[] bytes :
                List.of(new byte[0], new byte[] {1}, new byte[] {2, 3}, new byte[] {1, 0, 1, 'a', 127, 127})) {
            assertThat(Envelope.decode(bytes)).isNull();
            assertThat(Envelope.Here.decode(bytes)).isNull();
        }
    }
}

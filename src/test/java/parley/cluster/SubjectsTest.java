package parley.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import parley.protocol.RoomName;

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
    void idsAreOfTheirRoom() {
        assertThat(Subjects.dedupId(new RoomName("a"), "b.c")).isNotEqualTo(Subjects.dedupId(new RoomName("a.b"), "c"));
        assertThat(Subjects.dedupId(RoomName.LOBBY, "\r\n ä")).matches("[!-~]+");
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
    void anAnnouncementOfALeaderIsOfAStreamOfThisClusterOrOfNone() {
        Subjects subjects = new Subjects("c", 3);
        String announced = Subjects.leaders().replace("*", "");
        assertThat(subjects.shardOfLeader(announced + "c_2")).isEqualTo(2);
        assertThat(subjects.shardOfLeader(announced + "c_3")).isEqualTo(-1);
        assertThat(subjects.shardOfLeader(announced + "other_2")).isEqualTo(-1);
    }
}

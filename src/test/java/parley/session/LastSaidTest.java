package parley.session;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import parley.protocol.RoomName;

class LastSaidTest {
    private static final RoomName JAVA = new RoomName("java");
    private static final RoomName TEA = new RoomName("tea");

    @Test
    void hasTheLastMessagesOfItsRoomsAndEpochs() {
        LastSaid said = new LastSaid();
        assertThat(said.has(JAVA, "e", 1)).isFalse();
        for (int seq = 1; seq <= 100; seq++) {
            said.add(JAVA, "e", seq);
            assertThat(said.has(JAVA, "e", seq)).isTrue();
        }
        said.add(JAVA, "e", 100);
        assertThat(said.has(JAVA, "e", 37)).isTrue();
        assertThat(said.has(JAVA, "e", 36)).isFalse();
        said.add(TEA, "f", 1);
        assertThat(said.has(TEA, "f", 1)).isTrue();
        assertThat(said.has(JAVA, "e", 37)).isFalse();
        assertThat(said.has(TEA, "e", 1)).isFalse();
        assertThat(said.has(JAVA, "f", 1)).isFalse();
    }
}

package parley.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EventIdTest {
    private static final RoomName JAVA = new RoomName("java");
    private static final RoomName TEA = new RoomName("tea");

    @Test
    void theIdOfOneRoomIsReadAsItWasWritten() {
        assertThat(EventId.parse(EventId.of("2gk9", 7), List.of(JAVA)))
                .contains(Map.of(JAVA, new EventId.Position("2gk9", 7)));
    }

    @Test
    void theIdOfSeveralRoomsHasAPositionInEach() {
        Map<RoomName, String> positions = new LinkedHashMap<>();
        positions.put(JAVA, EventId.of("2gk9", 7));
        positions.put(TEA, EventId.of("zz", 0));
        String id = EventId.of(positions);
        assertThat(id).isEqualTo("java=2gk9:7,tea=zz:0");
        assertThat(EventId.parse(id, List.of(JAVA, TEA)))
                .contains(Map.of(JAVA, new EventId.Position("2gk9", 7), TEA, new EventId.Position("zz", 0)));
    }

    @Test
    void aRoomThatTheIdDoesNotHaveHasNoPositionAndOneThatTheStreamDoesNotHaveIsPassedOver() {
        assertThat(EventId.parse("java=2gk9:7,other=x:1", List.of(JAVA, TEA)))
                .contains(Map.of(JAVA, new EventId.Position("2gk9", 7)));
    }

    @Test
    void anEpochMayHaveColons() {
        assertThat(EventId.parse("a:b:7", List.of(JAVA))).contains(Map.of(JAVA, new EventId.Position("a:b", 7)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "7",
                ":7",
                "e:",
                "e:-1",
                "e:x",
                "e:1234567890123456789",
                "e:1,",
                "=e:1",
                "a b=e:1",
                "java=e:1;tea=e:2",
                "é:1",
            })
    void whatIsNoIdIsNone(String id) {
        assertThat(EventId.parse(id, List.of(JAVA))).isEmpty();
    }

    @Test
    void aPositionWithoutARoomIsNoIdInAStreamOfSeveral() {
        assertThat(EventId.parse("e:1", List.of(JAVA, TEA))).isEmpty();
    }
}

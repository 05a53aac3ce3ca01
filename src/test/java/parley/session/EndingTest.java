package parley.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import parley.protocol.CloseCode;
import parley.room.Departure;

/** Which endings leave a member away, as docs/protocol.md says. */
final class EndingTest {
    /** The codes that ask the client to come back. */
    private static final Set<CloseCode> MAY_COME_BACK =
            Set.of(CloseCode.GOING_AWAY, CloseCode.INTERNAL_ERROR, CloseCode.TRY_AGAIN_LATER);

    /** The others are those of connections that are in no room. */
    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"ECHO_BACKLOG", "SERVER_FULL", "ADDRESS_FULL", "ROOM_FULL", "TOO_MANY_ROOMS"})
    void aMemberIsAwayWhenItsConnectionEndsWithACodeThatAsksItToComeBack(Ending ending) {
        assertThat(ending.departure())
                .isEqualTo(MAY_COME_BACK.contains(ending.code()) ? Departure.LOST : Departure.LEFT);
    }

    @Test
    void anOrderlyLeaveAKickAndATokensEndLeaveAtOnce() {
        for (Ending ending : Set.of(Ending.LEFT, Ending.REMOVED, Ending.EXPIRED)) {
            assertThat(ending.departure()).isEqualTo(Departure.LEFT);
        }
    }
}

package parley.room;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class PresenceTest {
    private static final long SECOND = 1_000_000_000L;

    private final Presence presence = new Presence(
            Samples.limits(1_000, Duration.ofMillis(250), 1 << 16),
            new PresenceBytes(new SharedBytes(1 << 20), new SharedBytes(1 << 20)),
            () -> 0);

    /** Members without a name are in no list: a client that heard of two would not hear that one has left. */
    @Test
    void aCountThatWasToldAndDoesNotHoldAnyMoreIsFollowedByADelta() {
        presence.joined(null, null);
        assertThat(presence.change(SECOND)).isTrue();
        presence.joined(null, null);
        assertThat(presence.snapshot().count()).isEqualTo(2);
        presence.left(new Object(), null, null, Departure.LEFT);
        assertThat(presence.change(2 * SECOND)).isTrue();
        assertThat(presence.delta().count()).isOne();
        assertThat(presence.change(3 * SECOND)).as("a second delta").isFalse();
    }

    @Test
    void aCountThatNobodyWasToldIsNotCorrected() {
        presence.joined(null, null);
        presence.change(SECOND);
        presence.joined(null, null);
        presence.left(new Object(), null, null, Departure.LEFT);
        assertThat(presence.change(2 * SECOND)).isFalse();
    }
}

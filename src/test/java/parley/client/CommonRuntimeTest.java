package parley.client;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What clients share that were given no threads. */
class CommonRuntimeTest {
    private final CommonRuntime common = new CommonRuntime();

    @Test
    void allClientsShareOneSetThatEndsWithTheLastOfThem() {
        CommonRuntime.Parts first = common.take();
        assertThat(common.take()).isSameAs(first);
        common.giveBack();
        assertThat(first.timers().isShutdown()).isFalse();
        assertThat(common.take()).isSameAs(first);
        common.giveBack();
        common.giveBack();
        assertThat(first.timers().isTerminated()).isTrue();
        CommonRuntime.Parts second = common.take();
        assertThat(second).isNotSameAs(first);
        assertThat(second.timers().isShutdown()).isFalse();
        common.giveBack();
    }
}

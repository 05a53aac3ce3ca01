package parley.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class StreamEventTest {
    @Test
    void anEventThatIsCutOffAnywhereHasNoIdUnlessItsDataIsWhole() {
        String data = "{\"type\":\"message\",\"seq\":42,\"text\":\"hello\"}";
        String event = new StreamEvent("k3f9a0c2:42", "message", 2_000, data).toString();
        for (int length = 0; length < event.length(); length++) {
            String cut = event.substring(0, length);
            assertThat(cut)
                    .satisfiesAnyOf(
                            one -> assertThat(one).doesNotContain("id:"),
                            one -> assertThat(one).contains("data: " + data + "\n"));
        }
    }

    @Test
    void anEventWithoutAnIdHasNoLineForIt() {
        assertThat(StreamEvent.of("welcome", "{}")).hasToString("event: welcome\ndata: {}\n\n");
    }
}

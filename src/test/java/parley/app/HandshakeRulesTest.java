package parley.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import parley.door.Admission;

class HandshakeRulesTest {
    private final Map<String, List<String>> headers = new HashMap<>(Map.of(
            "Host", List.of("localhost"),
            "Upgrade", List.of("websocket"),
            "Connection", List.of("Upgrade"),
            "Sec-WebSocket-Version", List.of("13"),
            "Sec-WebSocket-Key", List.of("dGhlIHNhbXBsZSBub25jZQ==")));

    private List<String> lines(String name) {
        return headers.getOrDefault(name, List.of());
    }

    private String fault() {
        return HandshakeRules.fault("GET", "HTTP/1.1", false, this::lines)
                .map(Admission.Refusal::reason)
                .orElse("");
    }

    @Test
    void linesOfOneNameAreOneList() {
        assertThat(HandshakeRules.elements(List.of("a, b ,c", "", " ,d,, ", "e")))
                .containsExactly("a", "b", "c", "d", "e");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "Upgrade ; h2c, WebSocket",
                "Upgrade ; h2c | websocket | other",
                "Connection ; keep-alive , UPGRADE",
                "Connection ; keep-alive | upgrade",
                "Connection ; upgrade | keep-alive",
                "Sec-WebSocket-Version ; 8, 13",
                "Sec-WebSocket-Version ; 13 | 8",
            })
    void whatIsWantedMayStandAnywhereInAList(String name, String lines) {
        headers.put(name, Arrays.asList(lines.split("\\|")));
        assertThat(HandshakeRules.wantsWebSocket(this::lines)).isTrue();
        assertThat(fault()).isEmpty();
        assertThat(HandshakeRules.forContainer(this::lines))
                .isEqualTo(Map.of("Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Version", "13"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "Connection ; keep-alive ; 'Upgrade'",
                "Connection ; upgraded ; 'Upgrade'",
                "Sec-WebSocket-Version ; 131 ; Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Version ; 8 | 7 ; Sec-WebSocket-Version: 13",
                "Host ; one | one ; one Host line",
                "Sec-WebSocket-Key ; dGhlIHNhbXBsZSBub25jZQ== | dGhlIHNhbXBsZSBub25jZR== ; one Sec-WebSocket-Key",
                "Sec-WebSocket-Key ; short ; one Sec-WebSocket-Key",
            })
    void whatIsMissingOrThereTwiceIsSaid(String name, String lines, String words) {
        headers.put(name, Arrays.asList(lines.split(" \\| ")));
        assertThat(fault()).contains(words);
    }

    @Test
    void subprotocolsOfSeveralLinesComeToTheContainerInOne() {
        headers.put("Sec-WebSocket-Protocol", List.of("first , second", "parley.v1.json"));
        assertThat(HandshakeRules.forContainer(this::lines))
                .containsEntry("Sec-WebSocket-Protocol", "first, second, parley.v1.json");
    }

    @Test
    void aRequestForAPageWantsNoWebSocket() {
        headers.put("Upgrade", List.of("h2c", "websockets"));
        assertThat(HandshakeRules.wantsWebSocket(this::lines)).isFalse();
    }
}

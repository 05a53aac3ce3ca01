package parley.portability;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import parley.client.RawClient;

/** Who is let in. */
class DoorIT extends Portability {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/chat/two%20words | 400 | a room's name is 1 to 64",
                "/chat/caf%C3%A9   | 400 | a room's name is 1 to 64",
                "/chat/a;b         | 400 | a room's name is 1 to 64",
                "/chat/a/b         | 400 | a room's name is 1 to 64",
                "/chat/            | 400 | a room's name is 1 to 64",
                "/chat?name=%0A    | 400 | name is 1 to 40",
                "/chat?history=x   | 400 | history is a number",
                "/other            | 404 | there is /echo, /chat",
            })
    void whoAsksForWhatThereIsNotIsToldWhatThereIs(String path, int status, String words) throws Exception {
        try (RawClient client = handshake(path)) {
            assertThat(client.status()).isEqualTo(status);
            assertThat(client.body()).contains(words);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/echo", "/chat", "/chat/room"})
    void aForeignOriginIsRefusedWith403AndThePagesOwnIsNot(String path) throws Exception {
        for (String origin : List.of("https://elsewhere.example", "http://127.0.0.1:1", "null")) {
            try (RawClient client = handshake(path, "Origin: " + origin)) {
                assertThat(client.status()).as(origin).isEqualTo(403);
                assertThat(client.body()).contains("origin is not allowed");
            }
        }
        try (RawClient client = handshake(path, "Origin: http://127.0.0.1:" + port())) {
            assertThat(client.status()).isEqualTo(101);
        }
    }
}

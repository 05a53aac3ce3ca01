package parley.portability;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.ProtocolException;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import parley.servers.Difference;
import parley.testclient.JsonClient;
import parley.testclient.RawClient;

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
                "/chat?name=%FF    | 400 | escape",
                "/chat?name=%C3%28 | 400 | escape",
                "/chat?history=x   | 400 | history is a number",
                "/other            | 404 | there is /echo, /chat",
            })
    void anAddressThatIsNotThereIsAnsweredWithThoseThatAre(String path, int status, String words) throws Exception {
        try (RawClient client = handshake(path)) {
            assertThat(client.status()).isEqualTo(status);
            assertThat(client.body()).contains(words);
        }
    }

    /** Browsers do not tell a page why a handshake was refused. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/chat/a!b       | 400 | a room's name is 1 to 64",
                "/chat?name=%0A  | 400 | name is 1 to 40",
                "/chat?history=x | 400 | history is a number",
                "/chat/java      | 426 | this is the address of a WebSocket",
                "/echo           | 426 | this is the address of a WebSocket",
            })
    void aPlainGetSaysHowAHandshakeToTheSameAddressIsAnswered(String path, int status, String words) throws Exception {
        HttpResponse<String> answer = get("/parley" + path);
        assertThat(answer.statusCode()).isEqualTo(status);
        assertThat(answer.body()).contains(words);
        assertThat(answer.headers().firstValue("Content-Type")).get().asString().startsWith("text/plain");
        assertThat(answer.headers().firstValue("Upgrade").isPresent()).isEqualTo(status == 426);
    }

    /** RFC 9110 section 5.3: lines of one name are one list, whose elements stand in any order. */
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "Connection: keep-alive, Upgrade ; Upgrade: websocket",
                "Connection: keep-alive | Connection: Upgrade ; Upgrade: websocket",
                "Connection: Upgrade | Connection: keep-alive ; Upgrade: websocket",
                "Connection: Upgrade ; Upgrade: websocket, h2c",
                "Connection: Upgrade ; Upgrade: h2c, websocket",
                "Connection: Upgrade ; Upgrade: h2c | Upgrade: websocket",
                "Connection: Upgrade ; Upgrade: WebSocket | Sec-WebSocket-Version: 8",
                "Connection: Upgrade ; Upgrade: websocket | Sec-WebSocket-Protocol: other | Sec-WebSocket-Protocol:"
                        + " one,parley.v1.json",
            })
    void headersThatAreListsAreReadAsLists(String connection, String upgrade) throws Exception {
        String lines = (connection + " | " + upgrade).replace(" | ", "\r\n");
        try (RawClient client = lines(lines, "Sec-WebSocket-Version: 13")) {
            assertThat(client.status()).isEqualTo(101);
            if (lines.contains("parley.v1.json")) {
                assertThat(client.response()).containsIgnoringCase("Sec-WebSocket-Protocol: parley.v1.json");
                assertThat(client.readMessage().text()).contains("welcome");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Host: 127.0.0.1",
                "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
                "Content-Length: 5",
            })
    void aLineThatMayNotBeThereOrNotTwiceIsRefusedWith400(String line) throws Exception {
        try (RawClient client =
                lines("Connection: Upgrade\r\nUpgrade: websocket\r\n" + line, "Sec-WebSocket-Version: 13")) {
            assertThat(client.status()).isEqualTo(400);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"Sec-WebSocket-Version: 8", "Sec-WebSocket-Version: 131"})
    void anotherVersionIsRefusedWith400AndOurs(String version) throws Exception {
        try (RawClient client = lines("Connection: Upgrade\r\nUpgrade: websocket", version)) {
            assertThat(client.status()).isEqualTo(400);
            assertThat(client.response()).containsIgnoringCase("Sec-WebSocket-Version: 13");
            assertThat(client.body()).contains("Sec-WebSocket-Version: 13");
        }
    }

    /** A handshake with these lines besides a host, and a key. */
    private RawClient lines(String... lines) throws Exception {
        return RawClient.request(
                port(),
                "GET /parley/chat HTTP/1.1\r\nHost: 127.0.0.1:" + port()
                        + "\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + String.join("\r\n", lines)
                        + "\r\n\r\n");
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

    /**
     * What is decided about a handshake goes to the open through a map of the container's, which must not be shared.
     */
    @Test
    void handshakesAtTheSameTimeLeadEachToItsOwnRoom() throws Exception {
        ExecutorService clients = Executors.newFixedThreadPool(16);
        try {
            List<Callable<Void>> all = IntStream.range(0, 320)
                    .mapToObj(i -> (Callable<Void>) () -> joins("door-" + i))
                    .toList();
            for (Future<Void> one : clients.invokeAll(all)) {
                one.get();
            }
        } finally {
            clients.shutdownNow();
        }
    }

    private Void joins(String room) throws Exception {
        try (JsonClient client = openJson("/chat/" + room)) {
            try {
                assertThat(client.next("joined").getString("room")).isEqualTo(room);
            } catch (CompletionException e) {
                if (differs(Difference.LOSES_A_COMPLETION) && e.getCause() instanceof ProtocolException) {
                    return joins(room); // as clients do
                }
                throw e;
            } catch (AssertionError e) {
                if (differs(Difference.LOSES_A_COMPLETION) && client.closed().startsWith("1013")) {
                    return joins(room);
                }
                throw e;
            }
        }
        return null;
    }
}

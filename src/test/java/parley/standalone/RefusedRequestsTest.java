package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests that cannot be: each has a status with its phrase, and a sentence that says what is allowed. */
class RefusedRequestsTest extends HttpBase {
    private void startWithKey() throws Exception {
        start("access.api-key=" + KEY);
    }

    /** Grizzly knows no phrases for these, and wrote CUSTOM. */
    @ParameterizedTest
    @CsvSource({
        "POST /rooms/java/messages, '{}', 422 Unprocessable Content",
        "GET /chat/java,            '',   426 Upgrade Required",
        "GET /rooms/java/nothing,   '',   404 Not Found"
    })
    void aStatusLineHasAReasonPhrase(String request, String body, String status) throws Exception {
        startWithKey();
        String head = request + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + KEY
                + "\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: " + body.length()
                + "\r\n\r\n";
        assertThat(answered(head + body)).startsWith("HTTP/1.1 " + status + "\r\n");
    }

    @Test
    void anAddressThatIsTooLongIsRefusedWithASentence() throws Exception {
        startWithKey();
        String answer = answered("GET /rooms?prefix=" + "x".repeat(17_000) + " HTTP/1.1\r\nHost: x\r\n\r\n");
        assertThat(answer).startsWith("HTTP/1.1 400 Bad Request\r\n").endsWith("at most 16384 bytes\n");
    }

    /** Sends bytes and reads until the server closes. */
    private String answered(String request) throws Exception {
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void aRequestWithoutHostIsAnsweredWithAllThatARequestNeeds() throws Exception {
        startWithKey();
        assertThat(answered("GET /rooms HTTP/1.1\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 400 ")
                .contains("with exactly one Host, well-formed headers, and an address and headers of together at most");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/rooms?limit=0",
                "/rooms?limit=all",
                "/rooms/java/events?history=x",
                "/rooms/java/events?since=noon",
                "/rooms/java/events?since=1&history=1",
                "/rooms/java/events?key=short",
                "/rooms/java/events?name=%0A",
                "/rooms/java/events?lastEventId=x",
                "/events?room=no%20room",
                "/watch?room=java&marks=maybe",
                "/watch?room=java&last=1"
            })
    void aParameterThatCannotBeIsNotPassedOver(String path) throws Exception {
        startWithKey();
        Got got = get(path);
        assertThat(got.status()).as(got.body()).isEqualTo(400);
        assertThat(got.code()).isEqualTo("bad-query");
    }
}

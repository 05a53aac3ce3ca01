package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import parley.testclient.JsonClient;
import parley.testclient.RawClient;

/** The page's files, and what of them is for other pages. */
class PagesTest extends ServerBase {
    private HttpHeaders headers(String path, String origin) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path));
        if (origin != null) {
            request.header("Origin", origin);
        }
        return HttpClient.newHttpClient()
                .send(request.build(), HttpResponse.BodyHandlers.discarding())
                .headers();
    }

    @Test
    void theClientLibraryIsForPagesThatMayConnect() throws Exception {
        start("origins=https://*.example.com,null");
        for (String origin : new String[] {"https://app.example.com", "null"}) {
            HttpHeaders headers = headers("/parley.js", origin);
            assertThat(headers.firstValue("Access-Control-Allow-Origin")).hasValue(origin);
            assertThat(headers.firstValue("Vary")).hasValue("Origin");
        }
        for (String origin : new String[] {"https://evil.example", "file://", null}) {
            HttpHeaders headers = headers("/parley.js", origin);
            assertThat(headers.firstValue("Access-Control-Allow-Origin")).isEmpty();
            assertThat(headers.firstValue("Vary"))
                    .as("or a cache gives one the other's")
                    .hasValue("Origin");
        }
        assertThat(headers("/page.js", "https://app.example.com").firstValue("Access-Control-Allow-Origin"))
                .isEmpty();
    }

    @Test
    void utf8ThatAClientHasNotEscapedIsAName() throws Exception {
        start();
        String bytesAsCharacters = new String("Zoë李".getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
        try (JsonClient watching = new JsonClient(ws("/chat/java"));
                RawClient client = RawClient.handshake(server.port(), "/chat/java?name=" + bytesAsCharacters, 0, "")) {
            assertThat(client.status()).isEqualTo(101);
            await("it is in") // the answer to the handshake comes before
                    .until(
                            () -> watching.ask("{'type':'who','room':'java'}")
                                    .getJsonArray("names")
                                    .toString(),
                            "[\"Zoë李\"]"::equals);
        }
    }
}

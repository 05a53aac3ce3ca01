package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import parley.testclient.JsonClient;
import parley.testclient.RawClient;

/** The page's files, and what of them is for other pages. */
class PagesTest extends ServerBase {
    private HttpHeaders headers(String path, String origin) throws Exception {
        return (origin == null ? get(path) : get(path, "Origin", origin)).headers();
    }

    private HttpResponse<byte[]> get(String path, String... headers) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    }

    @Test
    void aFileIsSentAgainOnlyWhenItHasChanged() throws Exception {
        start();
        byte[] content = Files.readAllBytes(Path.of("webapp/parley.js"));
        HttpResponse<byte[]> plain = get("/parley.js");
        assertThat(plain.body()).isEqualTo(content);
        assertThat(plain.headers().allValues("Vary")).containsExactly("Origin", "Accept-Encoding");
        HttpResponse<byte[]> compressed = get("/parley.js", "Accept-Encoding", "br, gzip;q=0.5");
        assertThat(compressed.headers().firstValue("Content-Encoding")).hasValue("gzip");
        assertThat(compressed.headers().firstValue("Content-Type")).hasValue("text/javascript; charset=utf-8");
        assertThat(compressed.body().length).isLessThan(content.length / 3);
        try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(compressed.body()))) {
            assertThat(in.readAllBytes()).isEqualTo(content);
        }
        String tag = plain.headers().firstValue("ETag").orElseThrow();
        assertThat(compressed.headers().firstValue("ETag").orElseThrow()).isNotEqualTo(tag);
        HttpResponse<byte[]> unchanged = get("/parley.js", "If-None-Match", "\"other\", W/" + tag);
        assertThat(unchanged.statusCode()).isEqualTo(304);
        assertThat(unchanged.body()).isEmpty();
        assertThat(unchanged.headers().firstValue("ETag")).hasValue(tag);
        assertThat(get("/parley.js", "If-None-Match", tag, "Accept-Encoding", "gzip")
                        .statusCode())
                .as("the plain form's tag")
                .isEqualTo(200);
    }

    /** Else a browser finds each module only when it has read the one that imports it. */
    @ParameterizedTest
    @CsvSource({"index.html, page.js", "status.html, status.js"})
    void aPageNamesAllModulesThatItsScriptImports(String page, String script) throws Exception {
        Set<String> imported = new TreeSet<>();
        Deque<String> toRead = new ArrayDeque<>(List.of(script));
        while (!toRead.isEmpty()) {
            named("from '\\./([a-z.-]+)'", toRead.remove())
                    .filter(imported::add)
                    .forEach(toRead::add);
        }
        assertThat(named("rel=\"modulepreload\" href=\"([a-z.-]+)\"", page))
                .containsExactlyInAnyOrderElementsOf(imported);
    }

    private static Stream<String> named(String pattern, String file) throws IOException {
        return Pattern.compile(pattern)
                .matcher(Files.readString(Path.of("webapp", file)))
                .results()
                .map(found -> found.group(1));
    }

    @Test
    void aClientThatTakesAnyCodingGetsGzip() throws Exception {
        start();
        for (String accepted : List.of("*", "br;q=0, *;q=0.1", "GZIP", "deflate, gzip;q=1.000")) {
            assertThat(get("/style.css", "Accept-Encoding", accepted).headers().firstValue("Content-Encoding"))
                    .as(accepted)
                    .hasValue("gzip");
        }
    }

    @Test
    void aClientThatTakesNoGzipGetsTheFileAsItIs() throws Exception {
        start();
        for (String accepted :
                List.of("identity", "gzip;q=0", "gzip; q=0.000, *;q=0", "gzip;q=0, *", "*, gzip;q=0", "bzip")) {
            assertThat(get("/style.css", "Accept-Encoding", accepted).headers().firstValue("Content-Encoding"))
                    .as(accepted)
                    .isEmpty();
        }
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

package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static parley.testclient.JsonClient.quoted;

import jakarta.json.JsonObject;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import parley.testclient.JsonClient;

/** A server by itself that a backend asks over HTTP. */
abstract class HttpBase extends ServerBase {
    static final String KEY = "the key of a backend that is long enough";
    private static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    /** An answer, with its body as JSON where it is an object. */
    record Got(int status, HttpResponse<String> response) {
        String body() {
            return response.body();
        }

        JsonObject json() {
            return JsonClient.parse(response.body());
        }

        String header(String name) {
            return response.headers().firstValue(name).orElse("");
        }

        /** The member {@code code} of a problem. */
        String code() {
            return json().getString("code");
        }
    }

    final void startWithKey(String... more) throws Exception {
        String[] settings = new String[more.length + 1];
        settings[0] = "access.api-key=" + KEY;
        System.arraycopy(more, 0, settings, 1, more.length);
        start(settings);
    }

    /** Asks with the API key. */
    final Got ask(String method, String path, String body, String... headers) throws Exception {
        return askAs("Bearer " + KEY, method, path, body, headers);
    }

    /** Asks with that in the header Authorization, or without one when it is null. */
    final Got askAs(String authorization, String method, String path, String body, String... headers) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                .timeout(Duration.ofSeconds(20))
                .method(
                        method,
                        body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body));
        if (authorization != null) {
            request.header("Authorization", authorization);
        }
        if (headers.length > 0) {
            request.headers(headers);
        }
        HttpResponse<String> response = HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
        return new Got(response.statusCode(), response);
    }

    /** Publishes a message, written with {@code '} for {@code "}, with the API key. */
    final Got post(String room, String message, String... headers) throws Exception {
        String[] all = new String[headers.length + 2];
        all[0] = "Content-Type";
        all[1] = "application/json";
        System.arraycopy(headers, 0, all, 2, headers.length);
        return ask("POST", "/rooms/" + room + "/messages", quoted(message), all);
    }

    /** The messages of a page. */
    final List<JsonObject> messages(String path) throws Exception {
        Got got = get(path);
        assertThat(got.status()).as(got.body()).isEqualTo(200);
        return got.json().getJsonArray("messages").getValuesAs(JsonObject.class);
    }

    /** A room is found from each time on that one of its messages has, and from the times next to it. */
    final void checkTimes(String room, int messages) throws Exception {
        List<JsonObject> all = messages("/rooms/" + room + "/messages?limit=500");
        assertThat(all).hasSize(messages);
        Set<Long> times = new TreeSet<>();
        for (JsonObject message : all) {
            long at = Instant.parse(message.getString("at")).toEpochMilli();
            times.addAll(List.of(at - 1, at, at + 1));
        }
        for (long time : times) {
            List<JsonObject> expected = all.stream()
                    .filter(message -> !Instant.parse(message.getString("at")).isBefore(Instant.ofEpochMilli(time)))
                    .toList();
            assertThat(messages("/rooms/" + room + "/messages?limit=500&since=" + time))
                    .isEqualTo(expected);
            assertThat(messages("/rooms/" + room + "/messages?limit=500&since=" + Instant.ofEpochMilli(time)))
                    .isEqualTo(expected);
        }
    }

    final Got get(String path, String... headers) throws Exception {
        return ask("GET", path, null, headers);
    }
}

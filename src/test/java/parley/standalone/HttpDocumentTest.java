package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import parley.testclient.EventReader;
import parley.testclient.JsonClient;

/**
 * Replays the requests of {@code docs/http.md}. An epoch or a time stands there for one that the server makes: the
 * first one that comes in its place is what it means from then on.
 */
class HttpDocumentTest extends HttpBase {
    /** A word of a shell: in single quotes, in double quotes, or without. */
    private static final Pattern WORD = Pattern.compile("'([^']*)'|\"([^\"]*)\"|(\\S+)");

    private final StandIns standIns = new StandIns();

    private static String document() throws Exception {
        return Files.readString(Path.of("docs/http.md"));
    }

    @Test
    void theRequestsAreAnsweredAsTheDocumentSays() throws Exception {
        startWithKey();
        String document = document();
        int from = document.indexOf("```transcript\n") + "```transcript\n".length();
        String[] requests =
                document.substring(from, document.indexOf("\n```", from)).split("\n\n");
        assertThat(requests).hasSizeGreaterThan(14);
        try (JsonClient ann = new JsonClient(ws("/chat/java?name=Ann"))) {
            standIns.put("1x8bdrmmn7xk3", ann.next("welcome").getString("session"));
            ann.next("joined");
            try (JsonClient bob = new JsonClient(ws("/chat/java?name=Bob"))) {
                bob.next("joined");
                for (String request : requests) {
                    try {
                        replay(request);
                    } catch (AssertionError e) {
                        throw new AssertionError("docs/http.md: " + request, e);
                    }
                }
                assertThat(bob.closed()).isEqualTo("1008 removed");
                assertThat(ann.closed()).isEqualTo("1008 no flooding");
            }
        }
    }

    private void replay(String text) throws Exception {
        if (text.startsWith("curl -N ")) {
            replayStream(text.lines().toList());
            return;
        }
        int end = Pattern.compile("\n\\d{3}($|\n)")
                .matcher(text)
                .results()
                .findFirst()
                .orElseThrow()
                .start();
        Got got = send(text.substring(0, end));
        List<String> lines = text.substring(end + 1).lines().toList();
        List<String> expected =
                lines.stream().filter(line -> line.startsWith("{")).toList();
        List<String> body = got.body().lines().toList();
        assertThat(body).hasSameSizeAs(expected);
        for (int i = 0; i < body.size(); i++) {
            standIns.learn(JsonClient.parse(expected.get(i)), JsonClient.parse(body.get(i)));
            assertThat(JsonClient.parse(body.get(i))).isEqualTo(JsonClient.parse(standIns.asMeant(expected.get(i))));
        }
        assertThat(got.status()).isEqualTo(Integer.parseInt(lines.get(0)));
        for (String line : lines.subList(1, lines.size() - expected.size())) {
            String[] header = line.split(": ", 2);
            assertThat(got.header(header[0])).isEqualTo(standIns.asMeant(header[1]));
        }
    }

    /** The first event of a stream of that type. */
    private void replayStream(List<String> lines) throws Exception {
        String address = WORD.matcher(lines.get(0))
                .results()
                .map(HttpDocumentTest::word)
                .toList()
                .get(2);
        try (EventReader reader = EventReader.open(server.port(), address.substring("localhost:8080".length()))) {
            assertThat(reader.status()).isEqualTo(Integer.parseInt(lines.get(1)));
            JsonObject expected = JsonClient.parse(lines.get(3).substring("data: ".length()));
            JsonObject got = JsonClient.parse(
                    reader.next(lines.get(2).substring("event: ".length())).data());
            standIns.learn(expected, got);
            assertThat(got).isEqualTo(JsonClient.parse(standIns.asMeant(expected.toString())));
        }
    }

    private Got send(String command) throws Exception {
        List<String> words =
                WORD.matcher(command).results().map(HttpDocumentTest::word).toList();
        assertThat(words.subList(0, 1)).containsExactly("curl");
        String method = "GET";
        String body = null;
        String address = "";
        String authorization = null;
        List<String> headers = new ArrayList<>();
        for (int i = 1; i < words.size(); i++) {
            String word = words.get(i);
            switch (word) {
                case "-i" -> {}
                case "-X" -> method = words.get(++i);
                case "-H" -> {
                    String header = words.get(++i);
                    if (header.equals("$KEY")) {
                        authorization = "Bearer " + KEY;
                    } else {
                        headers.addAll(List.of(standIns.asMeant(header).split(": ", 2)));
                    }
                }
                case "--json", "--data-binary" -> {
                    method = "POST";
                    body = words.get(++i);
                    if (word.equals("--json")) {
                        headers.addAll(List.of("Content-Type", "application/json"));
                    }
                }
                default -> address = standIns.asMeant(word);
            }
        }
        assertThat(address).startsWith("localhost:8080/");
        return askAs(
                authorization,
                method,
                address.substring("localhost:8080".length()),
                body,
                headers.toArray(new String[0]));
    }

    private static String word(java.util.regex.MatchResult found) {
        for (int group = 1; group <= 3; group++) {
            if (found.group(group) != null) {
                return found.group(group);
            }
        }
        throw new AssertionError(found.group());
    }

    @Test
    void theTableHasEveryRoute() throws Exception {
        startWithKey();
        Set<String> documented = Pattern.compile("(?m)^\\| `([A-Z]+ /\\S*)` \\|")
                .matcher(document())
                .results()
                .map(found -> found.group(1))
                .collect(Collectors.toSet());
        Set<String> routes = server.parley().routes().routes().entrySet().stream()
                .flatMap(route -> route.getValue().stream().map(method -> method + " " + route.getKey()))
                .collect(Collectors.toSet());
        assertThat(documented).isEqualTo(routes);
    }

    @Test
    void theTableHasEveryCodeThatASourceNames() throws Exception {
        Set<String> documented = Pattern.compile("(?m)^\\| \\d{3} \\| ([^|]*) \\|")
                .matcher(document())
                .results()
                .flatMap(found ->
                        Pattern.compile("`([a-z-]+)`").matcher(found.group(1)).results())
                .map(found -> found.group(1))
                .collect(Collectors.toSet());
        Pattern code = Pattern.compile("\\d{3},\\s*\"([a-z-]+)\"");
        Set<String> used = new java.util.HashSet<>();
        for (String folder : List.of("http", "door")) {
            try (var files = Files.list(Path.of("src/main/java/parley/" + folder))) {
                for (Path file : files.toList()) {
                    Matcher matcher = code.matcher(Files.readString(file));
                    matcher.results().forEach(found -> used.add(found.group(1)));
                }
            }
        }
        used.remove("fault"); // 500, which is no answer that a client plans for
        assertThat(documented).containsAll(used);
    }
}

package parley.it;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import parley.servers.Output;
import parley.testclient.JsonClient;

/**
 * A Firefox. It is spoken to in WebDriver BiDi, which it has by itself: Debian
 * has no geckodriver. Used by one thread.
 */
final class Firefox implements Engine {
    private static final Duration TO_START = Duration.ofSeconds(60);
    private static final Pattern ADDRESS = Pattern.compile("WebDriver BiDi listening on (ws://\\S+)");

    private final Process process;
    private final WebSocket socket;
    private final String page;

    /** Commands that have no answer yet, by id. */
    private final Map<Integer, CompletableFuture<JsonObject>> asked = new ConcurrentHashMap<>();

    private final AtomicInteger ids = new AtomicInteger();

    /**
     * Starts it.
     *
     * @param profile an empty folder
     */
    Firefox(Path profile) throws Exception {
        Path program = Tool.find("apt-get install firefox-esr", "firefox-esr", "firefox");
        ProcessBuilder command = new ProcessBuilder(
                        program.toString(),
                        "--headless",
                        "--no-remote",
                        "--profile",
                        profile.toString(),
                        "--remote-debugging-port",
                        "0",
                        "about:blank")
                .redirectErrorStream(true);
        command.environment().put("HOME", profile.toString()); // it refuses one of another user
        process = command.start();
        try {
            String address =
                    new Output("Firefox", process).await(ADDRESS, TO_START).group(1);
            socket = HttpClient.newHttpClient()
                    .newWebSocketBuilder()
                    .buildAsync(URI.create(address + "/session"), new Answers())
                    .get(30, TimeUnit.SECONDS);
            ask("session.new", Json.createObjectBuilder().add("capabilities", Json.createObjectBuilder()));
            page = ask("browsingContext.getTree", Json.createObjectBuilder())
                    .getJsonArray("contexts")
                    .getJsonObject(0)
                    .getString("context");
        } catch (Exception | AssertionError e) {
            process.destroyForcibly();
            throw e;
        }
    }

    /** Puts parts of a message together, and hands each message to the command that it answers. */
    private final class Answers implements WebSocket.Listener {
        private final StringBuilder message = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean isLast) {
            message.append(part);
            if (isLast) {
                JsonObject answer = JsonClient.parse(message.toString());
                message.setLength(0);
                CompletableFuture<JsonObject> waiting =
                        answer.isNull("id") ? null : asked.remove(answer.getInt("id", -1));
                if (waiting != null) {
                    waiting.complete(answer);
                }
            }
            from.request(1);
            return null;
        }
    }

    private JsonObject ask(String method, JsonObjectBuilder parameters) throws Exception {
        int id = ids.incrementAndGet();
        CompletableFuture<JsonObject> answer = new CompletableFuture<>();
        asked.put(id, answer);
        String command = Json.createObjectBuilder()
                .add("id", id)
                .add("method", method)
                .add("params", parameters)
                .build()
                .toString();
        socket.sendText(command, true).get(30, TimeUnit.SECONDS);
        JsonObject got = answer.get(60, TimeUnit.SECONDS);
        if (!got.getString("type").equals("success")) {
            throw new AssertionError(command + " was answered with " + got);
        }
        return got.getJsonObject("result");
    }

    @Override
    public void open(String address) throws Exception {
        ask(
                "browsingContext.navigate",
                Json.createObjectBuilder()
                        .add("context", page)
                        .add("url", address)
                        .add("wait", "complete"));
    }

    @Override
    public String evaluate(String expression) throws Exception {
        JsonObject got = ask(
                "script.evaluate",
                Json.createObjectBuilder()
                        .add("expression", "Promise.resolve(" + expression + ").then(value => JSON.stringify(value))")
                        .add("awaitPromise", true)
                        .add("target", Json.createObjectBuilder().add("context", page)));
        if (!got.getString("type").equals("success")) {
            throw new AssertionError(expression + ": " + got.getJsonObject("exceptionDetails"));
        }
        return got.getJsonObject("result").getString("value", "undefined");
    }

    @Override
    public byte[] screenshot() throws Exception {
        JsonObject got = ask(
                "browsingContext.captureScreenshot", Json.createObjectBuilder().add("context", page));
        return Base64.getDecoder().decode(got.getString("data"));
    }

    @Override
    public void close() throws IOException, InterruptedException {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly().waitFor();
    }
}

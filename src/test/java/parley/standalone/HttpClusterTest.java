package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jakarta.json.JsonObject;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import parley.testclient.EventReader;
import parley.testclient.JsonClient;
import parley.testclient.NatsServer;

/** What backends do over HTTP at a node of a cluster, with a real NATS. */
class HttpClusterTest extends HttpBase {
    @TempDir
    private Path folder;

    private NatsServer nats;

    @AfterEach
    void stopNats() throws Exception {
        server.stop(); // before what it stores in
        nats.close();
    }

    private void startNode() throws Exception {
        startNode("5s");
    }

    private void startNode(String deadline) throws Exception {
        nats = NatsServer.start(folder);
        startWithKey("nats.url=" + nats.url(), "nats.deadline=" + deadline);
    }

    @Test
    void aMessageIsPublishedOnceAndRead() throws Exception {
        startNode();
        Got first = post("java", "{'text':'hi','id':'a'}");
        assertThat(first.status()).as(first.body()).isEqualTo(201);
        JsonObject kept = first.json();
        assertThat(kept.getString("epoch")).isNotEmpty();
        assertThat(kept.getString("at")).isNotEmpty();
        Got again = post("java", "{'text':'hi','id':'a'}");
        assertThat(again.status()).isEqualTo(200);
        assertThat(again.json().getInt("seq")).isEqualTo(kept.getInt("seq"));
        JsonObject page = get("/rooms/java/messages").json();
        assertThat(page.getJsonArray("messages")).hasSize(1);
        assertThat(page.getString("epoch")).isEqualTo(kept.getString("epoch"));
    }

    /** Three nodes: what is published at one is read at another, and at the third the reader goes on where it was. */
    @Test
    @Timeout(value = 60, unit = TimeUnit.SECONDS)
    void aReaderGoesOnAtAnotherNode() throws Exception {
        startNode();
        List<Server> all = startMore(2);
        try {
            String id;
            try (EventReader reader = EventReader.open(all.get(1).port(), "/events?room=java&room=tea")) {
                reader.next("joined");
                reader.next("joined");
                for (int i = 1; i <= 3; i++) {
                    post("java", "{'text':'java " + i + "'}");
                    post("tea", "{'text':'tea " + i + "'}");
                }
                id = reader.messages(6).get(5);
            }
            post("java", "{'text':'java 4'}");
            post("tea", "{'text':'tea 4'}");
            List<String> got = new ArrayList<>();
            try (EventReader reader =
                    EventReader.open(all.get(2).port(), "/events?room=java&room=tea", "Last-Event-ID: " + id)) {
                while (got.size() < 2) {
                    EventReader.Event event = reader.next();
                    if (event.type().equals("joined")) {
                        assertThat(event.data()).contains("\"recovered\":true");
                    } else if (event.type().equals("message")) {
                        got.add(JsonClient.parse(event.data()).getString("text"));
                    }
                }
            }
            assertThat(got).containsExactlyInAnyOrder("java 4", "tea 4");
        } finally {
            all.stream().skip(1).forEach(Server::stop);
        }
    }

    @Test
    void timesAreFoundInStreams() throws Exception {
        nats = NatsServer.start(folder);
        startWithKey("nats.url=" + nats.url(), "room.history=4");
        for (int i = 0; i < 12; i++) {
            post("java", "{'text':'m'}");
            post("tea", "{'text':'of another room, in the same numbers'}");
        }
        checkTimes("java", 12);
    }

    /** Of those that name the same newest message, at whichever nodes, one is published. */
    @Test
    @Timeout(value = 60, unit = TimeUnit.SECONDS)
    void comparingAndPublishingAreOneStepAcrossNodes() throws Exception {
        startNode();
        Server first = server;
        List<Server> all = startMore(2);
        ExecutorService clients = Executors.newCachedThreadPool();
        try {
            String tag = post("java", "{'text':'first'}").header("ETag");
            for (int round = 0; round < 10; round++) {
                String expected = tag;
                List<Future<Got>> answers = new ArrayList<>();
                for (int i = 0; i < 9; i++) {
                    server = all.get(i % 3);
                    String url = "http://127.0.0.1:" + server.port();
                    String message = "{\"text\":\"round " + round + "\",\"id\":\"" + round + "-" + i + "\"}";
                    answers.add(clients.submit(() -> publishBehind(url, message, expected)));
                }
                List<Got> published = new ArrayList<>();
                List<Got> refused = new ArrayList<>();
                for (Future<Got> answer : answers) {
                    Got got = answer.get();
                    assertThat(got.status()).as(got.body()).isIn(201, 412);
                    (got.status() == 201 ? published : refused).add(got);
                }
                assertThat(published).hasSize(1);
                tag = published.get(0).header("ETag");
                String now = tag;
                assertThat(refused).allSatisfy(got -> {
                    assertThat(got.code()).isEqualTo("moved");
                    assertThat(got.header("ETag")).isEqualTo(now);
                });
            }
            server = first;
            assertThat(messages("/rooms/java/messages")).hasSize(11);
        } finally {
            server = first;
            clients.shutdownNow();
            all.stream().skip(1).forEach(Server::stop);
        }
    }

    private static Got publishBehind(String url, String message, String tag) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url + "/rooms/java/messages"))
                .headers("Content-Type", "application/json", "Authorization", "Bearer " + KEY, "If-Match", tag)
                .POST(HttpRequest.BodyPublishers.ofString(message))
                .build();
        HttpResponse<String> response = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        return new Got(response.statusCode(), response);
    }

    /**
     * NATS stands still and is killed while clients at three nodes publish, each behind the message that it takes for
     * the newest. A client without an answer asks again, in the same words. In the end each message is behind the one
     * that it names, once, and all that were acknowledged are there.
     */
    @Test
    @Timeout(value = 120, unit = TimeUnit.SECONDS)
    void whateverIsLostEachMessageIsBehindTheOneThatItNames() throws Exception {
        startNode("1s");
        Server first = server;
        List<Server> all = startMore(2, "1s");
        ExecutorService clients = Executors.newCachedThreadPool();
        AtomicBoolean isOver = new AtomicBoolean();
        Queue<Long> acknowledged = new ConcurrentLinkedQueue<>();
        AtomicInteger unknown = new AtomicInteger();
        try {
            String begin = post("java", "{'data':0}").header("ETag");
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                String url = "http://127.0.0.1:" + all.get(i % 3).port();
                String client = "client-" + i;
                running.add(clients.submit(() -> {
                    String tag = begin;
                    for (int n = 0; !isOver.get(); n++) {
                        long seq = Long.parseLong(tag.substring(tag.indexOf(':') + 1, tag.length() - 1));
                        String message = "{\"data\":" + seq + ",\"id\":\"" + client + "-" + n + "\"}";
                        Got got = publishBehind(url, message, tag);
                        while (got.status() == 503) {
                            unknown.incrementAndGet();
                            got = publishBehind(url, message, tag);
                        }
                        assertThat(got.status()).as(got.body()).isIn(200, 201, 412);
                        if (got.status() != 412) {
                            acknowledged.add(got.json().getJsonNumber("seq").longValue());
                        }
                        // Missing where a message was published long ago and cannot be read while NATS is away.
                        String epoch = got.json().getString("epoch", tag.substring(1, tag.indexOf(':')));
                        tag = "\"" + epoch + ":" + got.json().getJsonNumber("seq") + "\"";
                    }
                    return null;
                }));
            }
            for (int fault = 0; fault < 4; fault++) {
                Thread.sleep(1_000); // some messages between the faults
                if (fault % 2 == 0) {
                    nats.suspend(true);
                    Thread.sleep(1_500); // longer than an attempt waits
                    nats.suspend(false);
                } else {
                    nats.kill();
                    nats.start();
                }
            }
            Thread.sleep(2_000); // messages behind the last fault
            isOver.set(true);
            for (Future<?> one : running) {
                one.get();
            }
            server = first;
            List<JsonObject> messages = new ArrayList<>();
            long after = 0;
            for (List<JsonObject> page = messages("/rooms/java/messages?limit=500&after=0");
                    !page.isEmpty();
                    page = messages("/rooms/java/messages?limit=500&after=" + after)) {
                messages.addAll(page);
                after = page.get(page.size() - 1).getJsonNumber("seq").longValue();
            }
            assertThat(unknown.get())
                    .as("nats.deadline is shorter than what NATS stands still")
                    .isPositive();
            for (int i = 1; i < messages.size(); i++) {
                assertThat(messages.get(i).getInt("data"))
                        .isEqualTo(messages.get(i - 1).getInt("seq"));
            }
            List<Long> numbers = messages.stream()
                    .map(message -> message.getJsonNumber("seq").longValue())
                    .toList();
            assertThat(acknowledged).doesNotHaveDuplicates();
            assertThat(numbers.subList(1, numbers.size())).containsExactlyInAnyOrderElementsOf(acknowledged);
        } finally {
            isOver.set(true);
            server = first;
            clients.shutdownNow();
            all.stream().skip(1).forEach(Server::stop);
        }
    }

    /** The first node, and some more. The first one stays the one that is asked. */
    private List<Server> startMore(int count) throws Exception {
        return startMore(count, "5s");
    }

    private List<Server> startMore(int count, String deadline) throws Exception {
        Server first = server;
        List<Server> all = new ArrayList<>(List.of(first));
        for (int i = 0; i < count; i++) {
            start("nats.url=" + nats.url(), "access.api-key=" + KEY, "nats.deadline=" + deadline);
            all.add(server);
        }
        server = first;
        return all;
    }

    @Test
    @Timeout(value = 60, unit = TimeUnit.SECONDS)
    void messagesThatOneNodeLetsGoOfAreGoneAtAllNodes() throws Exception {
        startNode();
        Server first = server;
        List<Server> all = startMore(2);
        try (EventReader stays = EventReader.open(all.get(1).port(), "/rooms/java/events")) {
            stays.next("joined");
            post("java", "{'text':'one'}");
            String id = stays.messages(1).get(0);
            String tag = post("java", "{'text':'two'}").header("ETag");
            stays.messages(1);
            assertThat(ask("DELETE", "/rooms/java/messages", null).status()).isEqualTo(204);
            for (Server node : all) {
                server = node;
                await().untilAsserted(() ->
                        assertThat(messages("/rooms/java/messages")).isEmpty());
            }
            // The third node has opened the room only now.
            try (EventReader reader =
                    EventReader.open(all.get(2).port(), "/rooms/java/events", "Last-Event-ID: " + id)) {
                assertThat(reader.next("joined").data()).contains("\"recovered\":false");
            }
            server = first;
            Got behind = post("java", "{'text':'three'}", "If-Match", tag);
            assertThat(behind.status())
                    .as("nothing was said since: " + behind.body())
                    .isEqualTo(201);
            assertThat(stays.messages(1)).hasSize(1);
            assertThat(messages("/rooms/java/messages")).hasSize(1);
        } finally {
            server = first;
            all.stream().skip(1).forEach(Server::stop);
        }
    }

    /** A room that is not open on the node cannot be opened while NATS is away: that is said, and nothing is kept. */
    @Test
    @Timeout(value = 60, unit = TimeUnit.SECONDS)
    void readersOfARoomThatCannotBeOpenedAreAnswered() throws Exception {
        startNode("1s");
        nats.suspend(true);
        try {
            List<Got> answers = List.of(
                    get("/rooms/java/messages"),
                    get("/rooms/java/messages?after=0&wait=50s"),
                    get("/rooms/java/members"),
                    ask("POST", "/rooms/java/signals", "{\"data\":1}", "Content-Type", "application/json"),
                    ask("DELETE", "/rooms/java/messages", null));
            for (Got got : answers) {
                assertThat(got.status()).as(got.body()).isEqualTo(503);
                assertThat(got.code()).isEqualTo("unavailable");
                assertThat(got.header("Retry-After")).isEqualTo("5");
            }
            assertThat(get("/metrics").body()).contains("parley_openings 0.0\n").contains("parley_polls 0.0\n");
        } finally {
            nats.suspend(false);
        }
        await().untilAsserted(
                        () -> assertThat(get("/rooms/java/messages").status()).isEqualTo(200));
    }
}

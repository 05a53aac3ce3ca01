package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jakarta.json.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import parley.testclient.Client;
import parley.testclient.JsonClient;
import parley.testclient.RawClient;
import parley.testclient.Threads;

/** A stop with many who are connected. */
class DrainingTest extends ServerBase {
    @Test
    void closesAreSpreadOverTheDrainTime() throws Exception {
        start("shutdown.drain=1s");
        List<Client> clients = new ArrayList<>();
        List<CompletableFuture<Long>> closedAt = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            clients.add(new Client(ws("/chat")));
        }
        awaitMembers(50);
        long began = System.nanoTime();
        CompletableFuture<Void> stopping = CompletableFuture.runAsync(server::stop, Threads.EACH);
        for (Client client : clients) {
            closedAt.add(CompletableFuture.supplyAsync(
                    () -> {
                        try {
                            assertThat(client.closed()).startsWith("1001 shutdown; retry 500-8000 ms");
                            return System.nanoTime() - began;
                        } catch (Exception e) {
                            throw new AssertionError(e);
                        }
                    },
                    Threads.EACH));
        }
        await("some are gone, and others still there: a hundred go each second")
                .pollInterval(Duration.ofMillis(5))
                .until(() -> server.parley().sessions().openCount(), open -> open > 0 && open < 50);
        stopping.join();
        List<Long> times =
                closedAt.stream().map(CompletableFuture::join).sorted().toList();
        assertThat(Duration.ofNanos(times.get(49) - times.get(0)))
                .as("half a second for fifty")
                .isGreaterThan(Duration.ofMillis(300));
    }

    /** What is not acknowledged has not been said: the client says it again elsewhere. */
    @Test
    void nothingIsAcknowledgedThatSomebodyWouldNotHear() throws Exception {
        start("shutdown.drain=2s");
        List<JsonClient> clients = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            clients.add(new JsonClient(ws("/chat")));
        }
        awaitMembers(30);
        CompletableFuture<Void> stopping = CompletableFuture.runAsync(server::stop, Threads.EACH);
        List<CompletableFuture<List<String>>> heard = new ArrayList<>();
        for (int c = 0; c < clients.size(); c++) {
            int which = c;
            heard.add(CompletableFuture.supplyAsync(() -> talk(clients.get(which), which), Threads.EACH));
        }
        stopping.join();
        List<List<String>> all = heard.stream().map(CompletableFuture::join).toList();
        List<String> acknowledged = all.stream()
                .flatMap(List::stream)
                .filter(line -> line.startsWith("ack "))
                .map(line -> line.substring(4))
                .toList();
        for (List<String> one : all) {
            assertThat(one).endsWith("bye");
            List<String> messages = one.stream()
                    .filter(line -> line.startsWith("message "))
                    .map(line -> line.substring("message ".length()))
                    .toList();
            assertThat(messages).doesNotHaveDuplicates().containsAll(acknowledged);
        }
    }

    /** Says something again and again until the end, and returns what came. */
    private static List<String> talk(JsonClient client, int which) {
        List<String> heard = new ArrayList<>();
        try {
            for (int n = 0; n < 1000; n++) {
                String text = which + "-" + n;
                try {
                    client.send(JsonClient.quoted(
                            "{'type':'say','room':'lobby','ref':'" + text + "','text':'" + text + "'}"));
                } catch (CompletionException e) {
                    assertThat(e).hasRootCauseMessage("Output closed"); // it has been closed; what came before is read
                }
                while (true) {
                    JsonObject event = client.next();
                    String type = event.getString("type");
                    if (type.equals("message")) {
                        heard.add("message " + event.getString("text"));
                    } else if (type.equals("ack")) {
                        heard.add("ack " + event.getString("ref"));
                        break;
                    } else if (type.equals("bye")) {
                        heard.add("bye");
                        return heard;
                    }
                }
            }
            throw new AssertionError("no bye came");
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void meanwhileNobodyComesIn() throws Exception {
        start("shutdown.flush=2s", "session.send-deadline=10m", "limits.bytes-per-second=0");
        try (RawClient frozen = RawClient.open(server.port(), "/chat", 4096)) {
            try (Client talker = new Client(ws("/chat"))) {
                for (int i = 0; i < 100; i++) {
                    talker.say("x".repeat(60_000)).next(); // so that the stop waits for frames in flight
                }
            }
            server.parley().closeDoor();
            try (RawClient late = RawClient.handshake(server.port(), "/chat", 0, "")) {
                assertThat(late.status()).isEqualTo(503);
                assertThat(late.response()).contains("Retry-After: ");
            }
            assertThat(frozen.status()).isEqualTo(101);
        }
    }
}

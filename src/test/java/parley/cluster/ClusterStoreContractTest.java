package parley.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import io.nats.client.JetStreamManagement;
import io.nats.client.Nats;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import parley.protocol.ChangeKind;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.Revision;
import parley.room.ChangeDraft;
import parley.room.KeepingStoreContract;
import parley.room.Outcome;
import parley.room.RoomStore;
import parley.testclient.NatsServer;

/** The contract of stores, held by a cluster of one node and a real NATS. */
class ClusterStoreContractTest extends KeepingStoreContract {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @TempDir
    private Path folder;

    private NatsServer nats;
    private ClusterStore store;

    @BeforeEach
    void startNats() throws Exception {
        nats = NatsServer.start(folder);
    }

    @Override
    protected RoomStore begin() {
        return begin(1_000_000);
    }

    @Override
    protected RoomStore beginWithFew() {
        return begin(FEW);
    }

    @Override
    protected boolean hasAllChanges() {
        return false;
    }

    private RoomStore begin(long messages) {
        ClusterSettings settings = new ClusterSettings(
                List.of(nats.url()),
                "parley",
                new ClusterSettings.Login(null, "", "", "", null, ""),
                1,
                1,
                new ClusterSettings.Kept(messages, 0, Duration.ZERO, Duration.ofMinutes(2)),
                Duration.ofSeconds(20),
                64 << 20,
                64 << 10,
                Duration.ofSeconds(5));
        store = new ClusterStore(settings, Thread::new, Clock.systemUTC(), System::nanoTime);
        return store;
    }

    @Override
    protected void end() throws Exception {
        store.close();
        nats.close();
    }

    private static Draft of(String text) {
        Content content = text.isEmpty() ? Content.REMOVED : Content.text(text, text.length());
        return new Draft("Ann", "ann", content, null);
    }

    /** As a node that ends right behind it. */
    private long publishChange(long of, String text) throws Exception {
        ChangeKind kind = text.isEmpty() ? ChangeKind.Whole.REMOVAL : ChangeKind.Whole.EDIT;
        Envelope envelope =
                new Envelope("other", 9, 0, Envelope.Quiet.UNKNOWN, of(text), new Revision.Change(of, 0, kind));
        try (Connection connection = Nats.connect(nats.url())) {
            return connection
                    .jetStream()
                    .publish(new Subjects("parley", 1).said(ROOM), envelope.encode())
                    .getSeqno();
        }
    }

    private String inStream() throws Exception {
        StringBuilder all = new StringBuilder();
        try (Connection connection = Nats.connect(nats.url())) {
            JetStreamManagement management = connection.jetStreamManagement();
            long last = management.getStreamInfo("parley_0").getStreamState().getLastSequence();
            for (long seq = 1; seq <= last; seq++) {
                try {
                    byte[] data = management.getMessage("parley_0", seq).getData();
                    all.append(new String(data, StandardCharsets.ISO_8859_1)).append('\n');
                } catch (JetStreamApiException e) {
                    all.append("erased\n");
                }
            }
        }
        return all.toString();
    }

    private static List<String> read(RoomStore.Log log) throws Exception {
        CompletableFuture<RoomStore.Answer> answer = new CompletableFuture<>();
        RoomStore.Query all =
                new RoomStore.Query(1, RoomStore.Direction.FORWARD, 99, 1 << 20, RoomStore.Entries.MESSAGES);
        log.read(all, answer::complete);
        return ((RoomStore.Found) answer.get(30, TimeUnit.SECONDS))
                .messages().stream().map(message -> message.content().text()).toList();
    }

    @Test
    void aNodeThatHearsAChangeFoldsItWhenTheOtherHasEnded() throws Exception {
        Heard room = new Heard();
        RoomStore.Log log = open(begin(), room);
        publish(log, "one secret");
        publish(log, "two");
        long edit = publishChange(1, "uno secret");
        await().until(() -> room.numbers().contains(edit));
        assertThat(read(log)).as("at once").containsExactly("uno secret", "two");
        await().atMost(PATIENCE).until(() -> !inStream().contains("one secret"));
        long removal = publishChange(1, "");
        await().until(() -> room.numbers().contains(removal));
        assertThat(read(log)).as("at once").containsExactly("", "two");
        await().atMost(PATIENCE).until(() -> !inStream().contains("secret"));
        assertThat(read(log)).containsExactly("", "two");
        assertThat(edit(log, 1, null, "x", null)).isInstanceOf(Outcome.Refused.class);
    }

    @Test
    void aNodeThatOpensTheRoomLaterFoldsWhatNobodyHas() throws Exception {
        RoomStore store = begin();
        RoomStore.Log log = open(store, new Heard());
        publish(log, "one secret");
        publish(log, "two");
        log.close();
        refresh(log); // it hears nothing any more
        publishChange(1, "");
        Heard later = new Heard();
        log = open(store, later);
        assertThat(read(log)).as("at once").containsExactly("", "two");
        assertThat(get(later.opened).newest().get(0).content()).isEqualTo(Content.REMOVED);
        await().atMost(PATIENCE).until(() -> !inStream().contains("secret"));
        assertThat(read(log)).containsExactly("", "two");
    }

    /** Two nodes change and remove the same messages in the same moments. */
    @Test
    void nodesThatChangeTheSameMessagesEndWithTheSame() throws Exception {
        Heard room = new Heard();
        RoomStore.Log log = open(begin(), room);
        ClusterStore first = store;
        Heard otherRoom = new Heard();
        RoomStore.Log other = open(begin(), otherRoom);
        ClusterStore second = store;
        try {
            int messages = 30;
            for (int i = 1; i <= messages; i++) {
                publish(log, "m" + i);
            }
            await().until(() -> otherRoom.messages().size() == messages);
            List<CompletableFuture<Outcome>> outcomes = new ArrayList<>();
            for (long seq = 1; seq <= messages; seq++) {
                for (RoomStore.Log each : List.of(log, other)) {
                    boolean isRemoval = seq % 2 == 0 && each == log;
                    String text = isRemoval ? "" : "secret " + outcomes.size();
                    CompletableFuture<Outcome> outcome = new CompletableFuture<>();
                    outcomes.add(outcome);
                    ChangeDraft change = isRemoval
                            ? ChangeDraft.Removal.by(seq, of(text), ChangeDraft.Right.ANY)
                            : new ChangeDraft.Edit(seq, of(text), ChangeDraft.Right.ANY);
                    each.change(7, change, outcome::complete);
                }
            }
            for (CompletableFuture<Outcome> outcome : outcomes) {
                assertThat(get(outcome)).isInstanceOfAny(Outcome.Published.class, Outcome.NotFound.class);
            }
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(room.messages())
                            .usingRecursiveFieldByFieldElementComparatorIgnoringFields("revision")
                            .isEqualTo(otherRoom.messages()));
            List<String> read = read(log);
            assertThat(read).isEqualTo(read(other)).hasSize(messages);
            for (int i = 1; i <= messages; i++) {
                assertThat(read.get(i - 1)).matches(i % 2 == 0 ? "" : "secret .*");
                assertThat(room.kept(i).orElseThrow().content().text()).isEqualTo(read.get(i - 1));
            }
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(inStream().split("secret", -1))
                            .as("each that is there twice: in the index, and in its change")
                            .hasSize(messages + 1));
        } finally {
            first.close();
            store = second;
        }
    }
}

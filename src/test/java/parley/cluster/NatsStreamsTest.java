package parley.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.nats.client.JetStreamManagement;
import io.nats.client.api.StreamConfiguration;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import parley.protocol.RoomName;
import parley.room.Outcome;
import parley.testclient.NatsServer;

/** What is asked of a real NATS, whichever version it has. */
class NatsStreamsTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String SUBJECT = "parley.say.0.java";
    private static final String OTHER = "parley.say.0.other";

    @TempDir
    private Path folder;

    private NatsServer nats;
    private Link link;
    private NatsConnection connection;
    private NatsStreams streams;
    private Publishing publishing;

    @BeforeEach
    void connect() throws Exception {
        nats = NatsServer.start(folder);
        connection = new NatsConnection(nats, 1);
        link = connection.link;
        streams = new NatsStreams(connection.settings, new Subjects("parley", 1), link, System::nanoTime);
        streams.prepare(0);
        publishing = new Publishing(link, connection.complaints, 1);
    }

    @AfterEach
    void end() throws Exception {
        connection.close();
        nats.close();
    }

    /** What becomes of a message: its number, or a word. */
    private CompletableFuture<Object> store(String subject, String id, int length) {
        return store(subject, id, OptionalLong.empty(), length);
    }

    private CompletableFuture<Object> store(String subject, String id, OptionalLong behind, int length) {
        CompletableFuture<Object> result = new CompletableFuture<>();
        publishing.store(subject, id, behind, new byte[length], new Publishing.Answer() {
            @Override
            public void stored(long seq, boolean isDuplicate) {
                result.complete(isDuplicate ? "duplicate" : seq);
            }

            @Override
            public void refused(Outcome why) {
                result.complete(why);
            }

            @Override
            public void unknown() {
                result.complete("unknown");
            }
        });
        return result;
    }

    private List<Long> store(int messages, int length) throws Exception {
        List<CompletableFuture<Object>> results = new ArrayList<>();
        for (int i = 0; i < messages; i++) {
            results.add(store(SUBJECT, "m" + i, length));
            store(OTHER, "o" + i, 1);
        }
        List<Long> numbers = new ArrayList<>();
        for (CompletableFuture<Object> result : results) {
            numbers.add((Long) result.get(30, TimeUnit.SECONDS));
        }
        return numbers;
    }

    private static List<Long> numbers(Streams.Batch batch) {
        return batch.messages().stream().map(Streams.Kept::seq).toList();
    }

    @Test
    void manyMessagesAreReadInOrderWhicheverServerItIs() throws Exception {
        List<Long> stored = store(400, 10);
        Streams.Batch all = streams.read(0, SUBJECT, 1, 1_000, 1 << 20);
        assertThat(numbers(all)).isEqualTo(stored);
        assertThat(all.isEnd()).isTrue();
        assertThat(all.messages().get(7).dedupId()).isEqualTo("m7");
        Streams.Batch some = streams.read(0, SUBJECT, stored.get(10), 100, 1 << 20);
        assertThat(numbers(some)).isEqualTo(stored.subList(10, 110));
        assertThat(some.isEnd()).isFalse();
        assertThat(streams.read(0, SUBJECT, stored.get(399) + 1, 100, 1 << 20).messages())
                .isEmpty();
    }

    @Test
    void aBatchEndsWhenItsBytesDo() throws Exception {
        List<Long> stored = store(50, 1_000);
        Streams.Batch some = streams.read(0, SUBJECT, 1, 1_000, 10_000);
        assertThat(numbers(some))
                .hasSizeBetween(5, 15)
                .isEqualTo(stored.subList(0, some.messages().size()));
        assertThat(some.isEnd()).isFalse();
        assertThat(numbers(streams.read(0, SUBJECT, 1, 1_000, 1)))
                .as("one in any case")
                .hasSizeBetween(1, 2);
    }

    @Test
    void theNewestOfManySubjectsAreAskedForAtOnce() throws Exception {
        List<Long> stored = store(5, 1);
        List<String> subjects = new ArrayList<>();
        for (int i = 0; i < 1_200; i++) {
            subjects.add(i % 3 == 0 ? SUBJECT : "parley.say.0.none" + i);
        }
        List<Long> newest = streams.newest(0, subjects);
        for (int i = 0; i < subjects.size(); i++) {
            assertThat(newest.get(i)).isEqualTo(i % 3 == 0 ? stored.get(4) : 0);
        }
    }

    /** Four to five seconds by what the library does if it is left alone, and up to ten. */
    @Test
    void aMessageThatNobodyAcknowledgesIsGivenUpWithinTwoSeconds() throws Exception {
        assertThat(store(SUBJECT, "a", 1).get(30, TimeUnit.SECONDS)).isEqualTo(1L);
        nats.suspend(true);
        long begun = System.nanoTime();
        assertThat(store(SUBJECT, "b", 1).get(30, TimeUnit.SECONDS)).isEqualTo("unknown");
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(3));
        nats.suspend(false);
    }

    @Test
    void aServerThatStandsStillIsNoticedByItsLine() throws Exception {
        nats.suspend(true);
        await().atMost(Duration.ofSeconds(15)).until(() -> !link.isUp());
        nats.suspend(false);
        await().atMost(PATIENCE).until(link::isUp);
        assertThat(store(SUBJECT, "a", 1).get(30, TimeUnit.SECONDS)).isEqualTo(1L);
    }

    @Test
    void aMessageIsStoredOnceHoweverOftenItIsSentAndOneThatDoesNotFitIsNotSent() throws Exception {
        assertThat(store(SUBJECT, "a", 1).get(30, TimeUnit.SECONDS)).isEqualTo(1L);
        assertThat(store(SUBJECT, "a", 1).get(30, TimeUnit.SECONDS)).isEqualTo("duplicate");
        int most = (int) link.maxPayload();
        int headers = 0;
        while (store(SUBJECT, "b" + headers, most - headers).get(30, TimeUnit.SECONDS) instanceof Outcome.TooLarge) {
            headers++;
        }
        assertThat(headers).as("bytes of headers").isBetween(20, 60);
        assertThat(link.isUp()).isTrue();
        assertThat(link.connections()).isEqualTo(1);
    }

    @Test
    void aMessageIsStoredBehindTheNewestOfItsSubjectOrNotAtAll() throws Exception {
        assertThat(store(SUBJECT, "a", OptionalLong.of(0), 1).get(30, TimeUnit.SECONDS))
                .isEqualTo(1L);
        store(OTHER, "o", 1).get(30, TimeUnit.SECONDS);
        assertThat(store(SUBJECT, "b", OptionalLong.of(0), 1).get(30, TimeUnit.SECONDS))
                .isInstanceOf(Outcome.Moved.class);
        assertThat(store(SUBJECT, "b", OptionalLong.of(2), 1).get(30, TimeUnit.SECONDS))
                .as("a number of another subject")
                .isInstanceOf(Outcome.Moved.class);
        assertThat(store(SUBJECT, "b", OptionalLong.of(1), 1).get(30, TimeUnit.SECONDS))
                .isEqualTo(3L);
        // Servers differ in which of the two they look at first.
        assertThat(store(SUBJECT, "b", OptionalLong.of(1), 1).get(30, TimeUnit.SECONDS))
                .matches(what -> what.equals("duplicate") || what instanceof Outcome.Moved);
    }

    /** A server that compares before it replicates would let two nodes publish behind the same message. */
    @Test
    void aServerThatCannotCompareInOneStepIsNotAskedTo() throws Exception {
        boolean isNewEnough = link.connection().getServerInfo().isSameOrNewerThanVersion("2.9.21");
        publishing = new Publishing(link, new Complaints(System::nanoTime), 3);
        Object what = store(SUBJECT, "a", OptionalLong.of(0), 1).get(30, TimeUnit.SECONDS);
        assertThat(what).isInstanceOf(isNewEnough ? Long.class : Outcome.CannotCompare.class);
        assertThat(store(SUBJECT, "b", 1).get(30, TimeUnit.SECONDS)).isEqualTo(isNewEnough ? 2L : 1L);
    }

    @Test
    void messagesOfOneSubjectAreRemovedUpToANumber() throws Exception {
        List<Long> stored = store(5, 10);
        assertThat(streams.last(0, SUBJECT).seq()).isEqualTo(stored.get(4));
        streams.purge(0, SUBJECT, stored.get(3));
        assertThat(numbers(streams.read(0, SUBJECT, 1, 100, 1 << 20))).isEqualTo(stored.subList(3, 5));
        streams.purge(0, SUBJECT, stored.get(4) + 1);
        assertThat(streams.last(0, SUBJECT)).isNull();
        assertThat(streams.newest(0, SUBJECT)).isZero();
        assertThat(streams.read(0, OTHER, 1, 100, 1 << 20).messages()).hasSize(5);
        long next = streams.store(0, SUBJECT, 0, new byte[1]);
        assertThat(next).isGreaterThan(stored.get(4));
        assertThatThrownBy(() -> streams.store(0, SUBJECT, 0, new byte[1])).isInstanceOf(IOException.class);
        assertThat(streams.store(0, SUBJECT, next, new byte[1])).isEqualTo(next + 1);
    }

    @Test
    void whatIsErasedIsGoneAndErasingItAgainDoesNothing() throws Exception {
        List<Long> numbers = store(4, 10);
        long third = numbers.get(2);
        streams.erase(0, third);
        streams.erase(0, third);
        streams.erase(0, numbers.get(0));
        streams.erase(0, numbers.get(0));
        streams.erase(0, 1_000);
        assertThat(streams.next(0, SUBJECT, 1).seq()).isEqualTo(numbers.get(1));
        assertThat(streams.next(0, SUBJECT, third).seq()).isEqualTo(numbers.get(3));
        assertThat(streams.next(0, SUBJECT, numbers.get(3) + 1)).isNull();
    }

    @Test
    void changedMessagesOfARoomAreFoundByTheirSubjects() throws Exception {
        Subjects subjects = new Subjects("parley", 1);
        RoomName room = new RoomName("java");
        assertThat(streams.subjects(0, subjects.changed(room))).isEmpty();
        long place = streams.store(0, subjects.changed(room, 7), 0, new byte[] {7});
        streams.store(0, subjects.changed(room, 9), 0, new byte[] {9});
        streams.store(0, subjects.changed(new RoomName("tea"), 8), 0, new byte[] {8});
        assertThat(streams.subjects(0, subjects.changed(room)))
                .extracting(Subjects::ofChanged)
                .containsExactlyInAnyOrder(7L, 9L);
        assertThat(streams.last(0, List.of(subjects.changed(room, 7), subjects.changed(room, 8))))
                .satisfiesExactly(
                        kept -> assertThat(kept.seq()).isEqualTo(place),
                        kept -> assertThat(kept).isNull());
        assertThatThrownBy(() -> streams.store(0, subjects.changed(room, 7), 0, new byte[] {1}))
                .isInstanceOf(IOException.class);
    }

    /** Streams of earlier versions have no subjects for changed messages. */
    @Test
    void aStreamIsGivenTheSubjectsThatItHasToHave() throws Exception {
        JetStreamManagement management = link.connection().jetStreamManagement();
        StreamConfiguration has = management.getStreamInfo("parley_0").getConfiguration();
        management.updateStream(
                StreamConfiguration.builder(has).subjects("parley.say.0.*").build());
        streams.prepare(0);
        assertThat(management.getStreamInfo("parley_0").getConfiguration().getSubjects())
                .contains("parley.say.0.*", "parley.changed.0.*.*");
    }
}

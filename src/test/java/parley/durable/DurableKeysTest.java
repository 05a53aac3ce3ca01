package parley.durable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.Key;
import parley.protocol.Message;
import parley.protocol.RoomName;
import parley.protocol.Utf8;
import parley.room.KeyDraft;
import parley.room.KeyLimits;
import parley.room.Outcome;
import parley.room.Retention;
import parley.room.RoomStore;

/** Values of keys in the file. */
class DurableKeysTest extends DurableBase {
    private static final String SECRET = "a value that is nowhere to be found";

    private Outcome put(RoomStore.Log log, KeyDraft draft) throws Exception {
        CompletableFuture<Outcome> result = new CompletableFuture<>();
        log.put(now.toEpochMilli(), draft, result::complete);
        return get(result);
    }

    private Outcome put(RoomStore.Log log, String key, String text, long ttl) throws Exception {
        Draft draft = new Draft("Bo", "bo", Content.text(text, Utf8.length(text)), null);
        return put(log, new KeyDraft(new Key(key), draft, OptionalLong.empty(), ttl, KeyLimits.DEFAULT));
    }

    private Outcome unset(RoomStore.Log log, String key) throws Exception {
        Draft sender = new Draft("Bo", "bo", Content.REMOVED, null);
        return put(log, KeyDraft.removal(new Key(key), sender, OptionalLong.empty()));
    }

    private RoomStore.Log open(DurableStore store, Heard room) throws Exception {
        RoomStore.Log log = store.open(JAVA, room);
        get(room.opened);
        return log;
    }

    private static List<Message> messages(RoomStore.Log log, RoomStore.Entries entries) throws Exception {
        RoomStore.Query all = new RoomStore.Query(1, RoomStore.Direction.FORWARD, 1_000, MUCH, entries);
        return ((RoomStore.Found) answer(log, all)).messages();
    }

    /** Entries in short. */
    private static List<String> words(List<Message> messages) {
        return messages.stream()
                .map(message -> message.seq() + " " + message.content().kind() + " "
                        + message.content().text())
                .toList();
    }

    @Test
    void theNewestOfEachKeyIsThereAfterARestartAndAnOlderOneSaysNothing() throws Exception {
        Heard room = new Heard();
        RoomStore.Log log = open(start(), room);
        append(log, "a message", null);
        put(log, "a", "a1", 0);
        put(log, "b", "b1", 60_000);
        put(log, "a", "a2", 0);
        put(log, "c", "c1", 0);
        unset(log, "c");
        for (int i = 0; i < 2; i++) {
            assertThat(words(messages(log, RoomStore.Entries.MESSAGES)))
                    .containsExactly("1 TEXT a message", "3 TEXT b1", "4 TEXT a2");
            assertThat(words(messages(log, RoomStore.Entries.ALL)))
                    .containsExactly(
                            "1 TEXT a message",
                            "2 SUPERSEDED ",
                            "3 TEXT b1",
                            "4 TEXT a2",
                            "5 SUPERSEDED ",
                            "6 REMOVED ");
            Heard again = new Heard();
            log = open(start(), again);
            RoomStore.Contents contents = get(again.opened);
            assertThat(words(contents.keyed())).containsExactly("3 TEXT b1", "4 TEXT a2", "6 REMOVED ");
            assertThat(contents.keyed().get(0)).isEqualTo(room.messages.get(2));
            assertThat(contents.changes())
                    .as("entries that do not count as messages")
                    .isEqualTo(5);
        }
        assertThat(put(log, "c", "c2", 0)).isEqualTo(new Outcome.Published(7, false));
        assertThat(words(messages(log, RoomStore.Entries.ALL)))
                .as("nobody has to hear of the removal any more")
                .contains("6 SUPERSEDED ", "7 TEXT c2");
    }

    @Test
    void whatIsKeptOfMessagesLetsNoValueGo() throws Exception {
        retention = new Retention(16, MUCH, Duration.ZERO);
        DurableStore store = start();
        Heard room = new Heard();
        RoomStore.Log log = open(store, room);
        put(log, "a", "a1", 0);
        put(log, "b", "b1", 0);
        unset(log, "b");
        long with = store.bytes();
        for (int i = 0; i < 100; i++) {
            append(log, "m" + i, null);
        }
        assertThat(room.first).isGreaterThan(3);
        assertThat(with).isGreaterThan(0);
        Heard again = new Heard();
        log = open(start(), again);
        assertThat(words(get(again.opened).keyed()))
                .as("a removal goes with its entry")
                .containsExactly("1 TEXT a1");
        assertThat(put(log, "a", "a2", 0)).isEqualTo(new Outcome.Published(104, false));
        assertThat(((Outcome.Conflict) put(
                                log,
                                new KeyDraft(
                                        new Key("a"),
                                        new Draft(null, Content.text("a3", 2), null),
                                        OptionalLong.of(1),
                                        0,
                                        KeyLimits.DEFAULT)))
                        .value())
                .hasValueSatisfying(value -> assertThat(value.seq()).isEqualTo(104));
    }

    /** The same store, some time later. */
    private DurableStore passing(DurableStore store) {
        now = now.plusMillis(1);
        nanos.addAndGet(A_WHILE.toNanos());
        store.wake();
        return store;
    }

    @Test
    void anOpenRoomThatHasValuesAloneStaysWhereThereAreTooManyRooms() throws Exception {
        DurableStore store = start(DataSettings.Sync.ALWAYS, MUCH, 1, MUCH);
        Heard room = new Heard();
        RoomStore.Log log = open(store, room);
        put(log, "a", "a1", 0);
        for (String name : List.of("b", "c")) {
            now = now.plusMillis(1);
            RoomStore.Log other = store.open(new RoomName(name), new Heard());
            append(other, "x", null);
            other.close();
            await().until(() -> passing(store).roomCount() == 1);
        }
        await().until(() -> room.first == 2);
        Draft second = new Draft("Bo", "bo", Content.text("a2", 2), null);
        assertThat(put(log, new KeyDraft(new Key("a"), second, OptionalLong.of(1), 0, KeyLimits.DEFAULT)))
                .as("the file has the value that memory has")
                .isEqualTo(new Outcome.Published(2, false));
        log.close();
        Heard again = new Heard();
        open(start(), again);
        assertThat(words(get(again.opened).keyed())).containsExactly("2 TEXT a2");
    }

    @Test
    void theWriterRestsWhereNothingCanGiveWay() throws Exception {
        DurableStore store = start(DataSettings.Sync.ALWAYS, MUCH, 1, MUCH);
        RoomStore.Log java = open(store, new Heard());
        put(java, "a", "a1", 0);
        RoomStore.Log tea = store.open(TEA, new Heard());
        put(tea, "a", "a1", 0);
        await().until(() -> {
            passing(store);
            return messages(java, RoomStore.Entries.ALL).isEmpty()
                    && messages(tea, RoomStore.Entries.ALL).isEmpty();
        });
        await().untilAsserted(() -> {
            long before = store.commitCount();
            Thread.sleep(100);
            assertThat(store.commitCount()).isEqualTo(before);
        });
        assertThat(store.roomCount()).isEqualTo(2);
    }

    @Test
    void valuesHaveHalfOfTheFileAtMostSoThatMessagesHaveRoom() throws Exception {
        DurableStore store = start(DataSettings.Sync.ALWAYS, 20_000, 100, MUCH);
        RoomStore.Log log = open(store, new Heard());
        put(log, "a", "x".repeat(5_000), 0);
        put(log, "b", "x".repeat(5_000), 0);
        assertThat(put(log, "c", "x", 0)).isInstanceOf(Outcome.Full.class);
        assertThat(put(log, "b", "y".repeat(5_000), 0)).isInstanceOf(Outcome.Published.class);
        for (int i = 0; i < 100; i++) {
            assertThat(append(log, "x".repeat(1_000), null)).isInstanceOf(Outcome.Published.class);
            await().until(() -> store.bytes() <= 20_000);
        }
        DurableStore again = start(DataSettings.Sync.ALWAYS, 20_000, 100, MUCH);
        log = open(again, new Heard());
        assertThat(put(log, "c", "x", 0)).as("counted anew").isInstanceOf(Outcome.Full.class);
        unset(log, "a");
        assertThat(put(log, "c", "x", 0)).isInstanceOf(Outcome.Published.class);
    }

    @Test
    void valuesAreNoneOfTheMessagesThatAreCounted() throws Exception {
        RoomStore.Log log = open(start(), new Heard());
        append(log, "one", null);
        put(log, "a", "a1", 0);
        append(log, "two", null);
        assertThat(words(messages(log, RoomStore.Entries.COUNTED))).containsExactly("1 TEXT one", "3 TEXT two");
    }

    @Test
    void theBytesOfValuesCountAmongThoseOfTheFile() throws Exception {
        DurableStore store = start();
        RoomStore.Log log = open(store, new Heard());
        put(log, "a", "x".repeat(10_000), 0);
        long one = store.bytes();
        assertThat(one).isBetween(10_000L, 10_800L);
        put(log, "a", "y", 0);
        assertThat(store.bytes()).isBetween(200L, 900L);
        unset(log, "a");
        long none = store.bytes();
        assertThat(none).isLessThan(900);
        assertThat(start().bytes()).isEqualTo(none);
    }

    @Test
    void aValueThatWasReplacedOrRemovedIsNotInTheFilesAnyMore() throws Exception {
        DurableStore store = start();
        RoomStore.Log log = open(store, new Heard());
        for (int i = 0; i < 100; i++) {
            put(log, "key " + i, "before " + i + " ".repeat(i * 7), 0);
        }
        put(log, "replaced", SECRET, 0);
        put(log, "removed", (SECRET + " and long ").repeat(1_000), 0);
        assertThat(files()).anyMatch(file -> file.contains(SECRET));
        put(log, "replaced", "nothing", 0);
        unset(log, "removed");
        await().untilAsserted(() -> {
            nanos.addAndGet(A_WHILE.toNanos());
            store.wake();
            assertThat(files()).noneMatch(file -> file.contains(SECRET));
        });
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(DurableKeysTest::read).toList();
        }
    }

    private static String read(Path file) {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return ""; // gone meanwhile
        }
    }
}

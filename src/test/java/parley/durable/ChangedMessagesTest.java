package parley.durable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import parley.protocol.ChangeKind;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.Revision;
import parley.protocol.Standing;
import parley.protocol.Utf8;
import parley.room.ChangeDraft;
import parley.room.Outcome;
import parley.room.RoomStore;

/** Messages in the file that were edited or removed. */
class ChangedMessagesTest extends DurableBase {
    private static final String SECRET = "a secret that is nowhere to be found";

    private Outcome change(RoomStore.Log log, ChangeDraft change) throws Exception {
        CompletableFuture<Outcome> result = new CompletableFuture<>();
        log.change(now.toEpochMilli(), change, result::complete);
        return get(result);
    }

    private Outcome edit(RoomStore.Log log, long seq, String text) throws Exception {
        Draft draft = new Draft("Bo", "bo", Content.text(text, Utf8.length(text)), null);
        return change(log, new ChangeDraft.Edit(seq, draft, ChangeDraft.Right.ANY));
    }

    private Outcome remove(RoomStore.Log log, long seq) throws Exception {
        Draft sender = new Draft("Bo", "bo", Content.REMOVED, null);
        return change(log, ChangeDraft.Removal.by(seq, sender, ChangeDraft.Right.ANY));
    }

    private Outcome append(RoomStore.Log log, long seq, String text, boolean isLast) throws Exception {
        Draft draft = new Draft("Bo", "bo", Content.text(text, Utf8.length(text)), null);
        return change(log, new ChangeDraft.Append(seq, draft, ChangeDraft.Right.ANY, isLast, 1_000));
    }

    private long sayOpen(RoomStore.Log log, String text) throws Exception {
        CompletableFuture<Outcome> said = new CompletableFuture<>();
        Content content = Content.text(text, Utf8.length(text));
        Standing open = Standing.NONE.with(Standing.Growth.OPEN);
        log.append(now.toEpochMilli(), new Draft("Bo", "bo", content, null, open), said::complete);
        return ((Outcome.Published) get(said)).seq();
    }

    private static List<String> texts(List<Message> messages) {
        return messages.stream().map(message -> message.content().text()).toList();
    }

    @Test
    void piecesAreReadAsPartsOfTheirMessageAfterARestartToo() throws Exception {
        RoomStore.Log log = open(start(), new Heard());
        sayOpen(log, "\u00e4");
        append(log, 1, "\uD83D\uDE00", false);
        append(log, 1, "b", true);
        sayOpen(log, "c");
        append(log, 4, "d", false);
        edit(log, 4, "X");
        append(log, 4, "y", false);
        for (int i = 0; i < 2; i++) {
            List<Message> all = messages(log, RoomStore.Entries.ALL);
            assertThat(texts(all)).containsExactly("\u00e4\uD83D\uDE00b", "\uD83D\uDE00", "b", "Xy", "", "Xy", "y");
            assertThat(all.stream().map(Message::revision).skip(1).limit(2))
                    .containsExactly(
                            new Revision.Change(1, 0, new ChangeKind.Piece(1, false, Content.EMPTY)),
                            new Revision.Change(
                                    1, 0, new ChangeKind.Piece(3, true, Content.text("\u00e4\uD83D\uDE00b", 7))));
            assertThat(all.get(4).isSuperseded())
                    .as("it went behind another text")
                    .isTrue();
            assertThat(((Revision.Change) all.get(6).revision()).kind())
                    .isEqualTo(new ChangeKind.Piece(1, false, Content.EMPTY));
            assertThat(all.get(0).standing().growth()).isEqualTo(new Standing.Growth(false, 3));
            assertThat(all.get(3).standing().growth()).isEqualTo(new Standing.Growth(true, 7));
            Heard room = new Heard();
            log = open(start(), room);
            assertThat(get(room.opened).open()).isEqualTo(Map.of(4L, new RoomStore.Open(7, now.toEpochMilli())));
        }
        CompletableFuture<Outcome> closed = new CompletableFuture<>();
        log.change(0, new ChangeDraft.Closing(4, 5), closed::complete);
        assertThat(get(closed)).as("it has grown since").isInstanceOf(Outcome.Refused.class);
        append(log, 4, "z", true);
        assertThat(texts(messages(log, RoomStore.Entries.MESSAGES))).containsExactly("\u00e4\uD83D\uDE00b", "Xyz");
    }

    /** What rows have together is what the room's own count says: else retention would drift. */
    @Test
    void bytesOfAMessageThatGrewAreCountedOnce() throws Exception {
        DurableStore store = start();
        RoomStore.Log log = open(store, new Heard());
        sayOpen(log, "a");
        for (int i = 0; i < 50; i++) {
            append(log, 1, "bc", i == 49);
        }
        long counted = store.bytes();
        try (Database database = Database.read(folder)) {
            assertThat(counted).isEqualTo(database.number("SELECT sum(" + Tables.BYTES + ") FROM messages"));
        }
        remove(log, 1);
        try (Database database = Database.read(folder)) {
            assertThat(store.bytes()).isEqualTo(database.number("SELECT sum(" + Tables.BYTES + ") FROM messages"));
        }
    }

    @Test
    void aMessageThatGrewAndWasRemovedIsNowhereInTheFile() throws Exception {
        DurableStore store = start();
        RoomStore.Log log = open(store, new Heard());
        sayOpen(log, "so far ");
        append(log, 1, SECRET, false);
        append(log, 1, " and more", true);
        assertThat(texts(messages(log, RoomStore.Entries.ALL)).toString()).contains(SECRET);
        remove(log, 1);
        assertThat(texts(messages(log, RoomStore.Entries.ALL)).toString()).doesNotContain(SECRET);
        await().untilAsserted(() -> {
            later(store, A_WHILE);
            assertThat(files()).noneMatch(file -> file.contains(SECRET));
        });
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

    private static Message change(long seq, long at, long of, Content content) {
        ChangeKind kind = content.kind() == Content.Kind.REMOVED ? ChangeKind.Whole.REMOVAL : ChangeKind.Whole.EDIT;
        return new Message(seq, at, "Bo", "bo", content, null, new Revision.Change(of, 0, kind));
    }

    @Test
    void changesAreReadInTheirMessagesAndTheNewestInItsOwnPlaceAfterARestartToo() throws Exception {
        RoomStore.Log log = open(start(), new Heard());
        append(log, "one", "1");
        append(log, "two", null);
        edit(log, 1, "uno");
        edit(log, 1, "eins");
        remove(log, 2);
        for (int i = 0; i < 2; i++) {
            long at = now.toEpochMilli();
            Message one = new Message(
                    1, at, "Ann", null, Content.text("eins", 4), "1", new Revision.Changed(4, at, "Bo", "bo"));
            Message two =
                    new Message(2, at, "Ann", null, Content.REMOVED, null, new Revision.Changed(5, at, "Bo", "bo"));
            assertThat(messages(log, RoomStore.Entries.MESSAGES)).containsExactly(one, two);
            assertThat(messages(log, RoomStore.Entries.ALL))
                    .containsExactly(
                            one,
                            two,
                            change(3, at, 1, Content.SUPERSEDED),
                            change(4, at, 1, Content.text("eins", 4)),
                            change(5, at, 2, Content.REMOVED));
            Heard again = new Heard();
            log = open(start(), again);
            assertThat(get(again.opened).changes()).isEqualTo(3);
        }
        RoomStore.Query newest =
                new RoomStore.Query(5, RoomStore.Direction.BACKWARD, 1, MUCH, RoomStore.Entries.MESSAGES);
        RoomStore.Found found = (RoomStore.Found) answer(log, newest);
        assertThat(found.messages()).extracting(Message::seq).containsExactly(2L);
        assertThat(found.more()).isTrue();
    }

    @Test
    void whatWasRemovedOrReplacedIsNotInTheFilesAnyMore() throws Exception {
        DurableStore store = start();
        RoomStore.Log log = open(store, new Heard());
        for (int i = 0; i < 200; i++) {
            append(log, "before " + i + " ".repeat(i * 7), null);
        }
        append(log, SECRET, null);
        append(log, (SECRET + " and long ").repeat(1_000), null);
        append(log, SECRET + ", edited", null);
        for (int i = 0; i < 200; i++) {
            append(log, "behind " + i + " ".repeat(i * 7), null);
        }
        assertThat(files()).anyMatch(file -> file.contains(SECRET));
        remove(log, 201);
        remove(log, 202);
        edit(log, 203, "nothing");
        await().untilAsserted(() -> {
            later(store, A_WHILE);
            assertThat(files()).noneMatch(file -> file.contains(SECRET));
        });
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(ChangedMessagesTest::text).toList();
        }
    }

    private static String text(Path file) {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void retentionCountsMessagesAndNoChanges() throws Exception {
        retention = new parley.room.Retention(16, MUCH, java.time.Duration.ZERO);
        DurableStore store = start();
        RoomStore.Log log = open(store, new Heard());
        for (int i = 1; i <= 16; i++) {
            append(log, "m" + i, null);
        }
        for (int i = 0; i < 100; i++) {
            edit(log, 1 + i % 16, "e" + i);
        }
        later(store, A_WHILE);
        assertThat(messages(log, RoomStore.Entries.MESSAGES)).hasSize(16);
        assertThat(with(store, database -> database.number("SELECT sum(changes) FROM rooms")))
                .isEqualTo(100);
        for (int i = 0; i < 20; i++) {
            append(log, "n" + i, null);
        }
        later(store, A_WHILE);
        assertThat(messages(log, RoomStore.Entries.MESSAGES)).hasSizeBetween(16, 17);
        assertThat(with(
                        store,
                        database -> database.number(
                                "SELECT sum(changes) - (SELECT count(changes) FROM messages) FROM rooms")))
                .isZero();
        assertThat(with(store, database -> database.number("SELECT bytes FROM rooms")))
                .isEqualTo(with(store, database -> database.number("SELECT sum(" + Tables.BYTES + ") FROM messages")));
    }

    @Test
    void aRemovalIsMadeThoughTheStorageIsFull() throws Exception {
        DurableStore store = start(DataSettings.Sync.ALWAYS, 2_000, 1_000, MUCH);
        RoomStore.Log log = open(store, new Heard());
        append(log, "x".repeat(5_000), null);
        @Nullable Outcome outcome = remove(log, 1);
        assertThat(outcome).isInstanceOfAny(Outcome.Published.class, Outcome.NotFound.class);
    }

    /** A client that has the message must hear of it; an edit whose message is gone says nothing any more. */
    @Test
    void aRemovalIsReadAfterItsMessageIsGoneAndAnEditIsNot() throws Exception {
        RoomStore.Log log = open(start(), new Heard());
        append(log, "one", null);
        append(log, "two", null);
        append(log, "three", null);
        edit(log, 1, "uno");
        remove(log, 2);
        CompletableFuture<RoomStore.Forgotten> forgotten = new CompletableFuture<>();
        log.forget(2, forgotten::complete);
        assertThat(get(forgotten)).isEqualTo(RoomStore.Forgotten.DONE);
        assertThat(messages(log, RoomStore.Entries.ALL))
                .extracting(message -> message.seq() + " " + message.content().kind())
                .containsExactly("3 TEXT", "4 SUPERSEDED", "5 REMOVED");
    }

    /** Rows that SQLite moves while rooms grow in turns left copies that no later removal found. */
    @Test
    void whatGoesIsOverwrittenFromTheStartAndAlways() throws Exception {
        DurableStore store = start();
        String asked = "PRAGMA secure_delete";
        assertThat(with(store, database -> database.number(asked))).isEqualTo(1);
        RoomStore.Log log = open(store, new Heard());
        append(log, SECRET, null);
        remove(log, 1);
        later(store, A_WHILE);
        assertThat(with(store, database -> database.number(asked))).isEqualTo(1);
    }

    @Test
    void theNextStartEmptiesTheLogOfAProcessThatWasKilledRightBehindARemoval() throws Exception {
        RoomStore.Log log = open(start(), new Heard());
        append(log, SECRET, null);
        remove(log, 1);
        folder = copy("killed");
        assertThat(files()).anyMatch(file -> file.contains(SECRET));
        DurableStore next = start();
        await().untilAsserted(() -> {
            later(next, A_WHILE);
            assertThat(files()).noneMatch(file -> file.contains(SECRET));
        });
    }
}

package parley.durable;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.ReactionKey;
import parley.room.ChangeDraft;
import parley.room.Outcome;
import parley.room.ReactionDraft;
import parley.room.ReactionModel;
import parley.room.Retention;
import parley.room.RoomStore;

/** Reactions in the file. */
class ReactionsOnDiskTest extends DurableBase {
    private static final int MESSAGES = 6;

    private Outcome change(RoomStore.Log log, ChangeDraft change) throws Exception {
        CompletableFuture<Outcome> result = new CompletableFuture<>();
        log.change(now.toEpochMilli(), change, result::complete);
        return get(result);
    }

    private static ReactionDraft reaction(long of, String user, String key) {
        Draft sender = new Draft(null, user, Content.REACTIONS, null);
        return new ReactionDraft(of, sender, new ReactionKey(key), false, 20, 0, null);
    }

    private static ChangeDraft removal(long of) {
        return ChangeDraft.Removal.by(of, new Draft("Bo", "bo", Content.REMOVED, null), ChangeDraft.Right.ANY);
    }

    private RoomStore.Log open(DurableStore store) throws Exception {
        Heard room = new Heard();
        RoomStore.Log log = store.open(JAVA, room);
        get(room.opened);
        return log;
    }

    private static List<Message> all(RoomStore.Log log) throws Exception {
        RoomStore.Query all = new RoomStore.Query(1, RoomStore.Direction.FORWARD, 1_000, MUCH, RoomStore.Entries.ALL);
        return ((RoomStore.Found) answer(log, all)).messages();
    }

    private static long number(DurableStore store, String sql) throws Exception {
        return with(store, database -> database.number(sql));
    }

    /** The count of a room's bytes is kept by adding and taking off; the rows say what it has to be. */
    private static void bytesAreThoseOfTheRows(DurableStore store) throws Exception {
        assertThat(number(store, "SELECT bytes FROM rooms"))
                .isEqualTo(number(
                        store, "SELECT coalesce(sum(" + Tables.BYTES + ReactionTable.BYTES + "), 0) FROM messages"));
    }

    @Test
    void aPageHasThemInTheirMessagesAndTheNewestOfEachMessageInItsPlaceAfterARestartToo() throws Exception {
        DurableStore store = start();
        RoomStore.Log log = open(store);
        for (int i = 0; i < MESSAGES; i++) {
            append(log, "m" + i, null);
        }
        ReactionModel model = new ReactionModel(7, MESSAGES);
        for (int i = 0; i < 300; i++) {
            ReactionDraft draft = model.next();
            assertThat(ReactionModel.word(change(log, draft))).isEqualTo(model.make(draft));
        }
        change(log, removal(2));
        model.remove(2);
        bytesAreThoseOfTheRows(store);
        for (int restarts = 0; restarts < 2; restarts++) {
            List<Message> all = all(log);
            for (Message message : all.subList(0, MESSAGES)) {
                assertThat(message.reactions().keys()).isEqualTo(model.of(message.seq()));
            }
            List<Message> speaking = all.stream()
                    .filter(entry -> entry.isReaction() && !entry.isSuperseded())
                    .toList();
            assertThat(speaking)
                    .as("not of the removed one")
                    .hasSize(MESSAGES - 1)
                    .allSatisfy(entry -> {
                        long of = ((parley.protocol.Revision.Change) entry.revision()).of();
                        assertThat(entry.seq())
                                .isEqualTo(all.get((int) of - 1).reactions().seq());
                        assertThat(entry.reactions().keys()).isEqualTo(model.of(of));
                    });
            store = start();
            log = open(store);
            assertThat(ReactionModel.word(change(log, reaction(2, "x", "k0")))).isEqualTo("not found");
        }
    }

    @Test
    void whatWasAcknowledgedIsThereWhenTheProcessIsKilled() throws Exception {
        RoomStore.Log log = open(start());
        append(log, "one", null);
        change(log, reaction(1, "ann", "ok"));
        folder = copy("killed");
        RoomStore.Log next = open(start());
        assertThat(all(next)
                        .get(0)
                        .reactions()
                        .of(new ReactionKey("ok"))
                        .orElseThrow()
                        .count())
                .isEqualTo(1);
        assertThat(change(next, reaction(1, "ann", "ok"))).isEqualTo(new Outcome.Published(2, true));
    }

    @Test
    void whatIsTakenBackIsSoonInNoFile() throws Exception {
        String secret = "a key as no other";
        DurableStore store = start();
        RoomStore.Log log = open(store);
        append(log, "one", null);
        change(log, reaction(1, "ann", secret));
        assertThat(isInAFile(secret)).isTrue();
        ReactionDraft on = reaction(1, "ann", secret);
        change(log, new ReactionDraft(1, on.draft(), on.key(), true, 20, 0, null));
        later(store, A_WHILE);
        assertThat(isInAFile(secret)).isFalse();
    }

    private boolean isInAFile(String text) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                if (Files.readString(file, StandardCharsets.ISO_8859_1).contains(text)) {
                    return true;
                }
            }
        }
        return false;
    }

    @Test
    void theyGoWithTheirMessageWhicheverWayThatGoes() throws Exception {
        retention = new Retention(16, MUCH, Duration.ZERO);
        DurableStore store = start();
        RoomStore.Log log = open(store);
        for (int i = 1; i <= 16; i++) {
            append(log, "m" + i, null);
            change(log, reaction(i * 2 - 1, "ann", "ok"));
        }
        change(log, reaction(3, "bo", "ok"));
        assertThat(number(store, "SELECT count(*) FROM reactions")).isEqualTo(17);
        change(log, removal(3));
        assertThat(number(store, "SELECT count(*) FROM reactions WHERE message = 3"))
                .isZero();
        assertThat(number(store, "SELECT count(*) FROM reacted WHERE message = 3"))
                .isZero();
        for (int i = 0; i < 8; i++) {
            append(log, "n" + i, null);
        }
        later(store, A_WHILE);
        long first = number(store, "SELECT first FROM rooms");
        assertThat(first).as("messages were let go of").isGreaterThan(3);
        assertThat(number(store, "SELECT count(*) FROM reactions WHERE message < " + first))
                .isZero();
        assertThat(number(store, "SELECT count(*) FROM reacted WHERE message < " + first))
                .isZero();
        assertThat(number(store, "SELECT count(*) FROM reacted")).isPositive();
        bytesAreThoseOfTheRows(store);
        CompletableFuture<RoomStore.Forgotten> forgotten = new CompletableFuture<>();
        log.forget(1_000, forgotten::complete);
        assertThat(get(forgotten)).isEqualTo(RoomStore.Forgotten.DONE);
        assertThat(number(store, "SELECT (SELECT count(*) FROM reactions) + (SELECT count(*) FROM reacted)"))
                .isZero();
    }

    @Test
    void theyPushNoMessageOutOfARoom() throws Exception {
        retention = new Retention(16, MUCH, Duration.ZERO);
        DurableStore store = start();
        RoomStore.Log log = open(store);
        for (int i = 1; i <= 16; i++) {
            append(log, "m" + i, null);
        }
        for (int i = 0; i < 200; i++) {
            change(log, reaction(1, "u" + i, "ok"));
        }
        later(store, A_WHILE);
        assertThat(all(log).get(0).seq()).isEqualTo(1);
        assertThat(all(log).get(0).reactions().keys().get(0).count()).isEqualTo(200);
    }

    /** A page is one query, however many have reacted. */
    @Test
    void theyAreFoundByIndex() throws Exception {
        DurableStore store = start();
        open(store);
        StringBuilder steps = new StringBuilder();
        with(store, database -> {
            try (java.sql.PreparedStatement explained =
                            database.prepare("EXPLAIN QUERY PLAN " + ChangeTable.SELECT + " AND m.seq = 1");
                    java.sql.ResultSet found = explained.executeQuery()) {
                while (found.next()) {
                    steps.append(found.getString("detail")).append('\n');
                }
            }
            return 0;
        });
        assertThat(steps.toString())
                .contains("SEARCH r USING PRIMARY KEY (room=? AND message=?)")
                .doesNotContain("SCAN");
    }
}

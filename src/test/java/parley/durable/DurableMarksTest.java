package parley.durable;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import parley.protocol.RoomName;
import parley.room.MarkStore;
import parley.room.Outcome;
import parley.room.RoomStore;

/** Read marks in the file: what becomes of them when the process, the machine or the room ends. */
class DurableMarksTest extends DurableBase {
    private static final int MOST = 100;

    private static MarkStore.Answer raise(RoomStore.Log log, String user, String epoch, long seq, int most)
            throws Exception {
        CompletableFuture<MarkStore.Answer> answer = new CompletableFuture<>();
        log.marks().raise(user, new MarkStore.Mark(epoch, seq), most, answer::complete);
        return get(answer);
    }

    private static MarkStore.Answer mark(RoomStore.Log log, String user) throws Exception {
        CompletableFuture<MarkStore.Answer> answer = new CompletableFuture<>();
        log.marks().find(user, answer::complete);
        return get(answer);
    }

    private static MarkStore.Answer holds(String epoch, long seq) {
        return new MarkStore.Holds(new MarkStore.Mark(epoch, seq));
    }

    private RoomStore.Log say(DurableStore store, RoomName room, Heard heard, int messages) throws Exception {
        RoomStore.Log log = store.open(room, heard);
        for (int i = 0; i < messages; i++) {
            append(log, "m" + i, null);
        }
        return log;
    }

    @Test
    void marksAreThereAfterARestartAndWhenTheProcessWasKilled() throws Exception {
        DurableStore store = start();
        Heard room = new Heard();
        RoomStore.Log log = say(store, JAVA, room, 5);
        raise(log, "ann", room.epoch(), 3, MOST);
        raise(log, "bob", room.epoch(), 5, MOST);
        assertThat(store.markCount()).isEqualTo(2);
        DurableStore copied = startIn(copy("killed"), DataSettings.Sync.ALWAYS);
        assertThat(copied.markCount()).isEqualTo(2);
        RoomStore.Log again = copied.open(JAVA, new Heard());
        assertThat(mark(again, "ann")).isEqualTo(holds(room.epoch(), 3));
        assertThat(raise(again, "bob", room.epoch(), 4, MOST)).isEqualTo(holds(room.epoch(), 5));
        DurableStore stopped = start();
        assertThat(mark(stopped.open(JAVA, new Heard()), "ann")).isEqualTo(holds(room.epoch(), 3));
    }

    /** After a loss of power numbers are given a second time, and no message is taken for read that comes then. */
    @Test
    void marksDoNotStandBehindTheNewestMessageWhenMessagesMayBeLost() throws Exception {
        DurableStore store = start(DataSettings.Sync.INTERVAL);
        Heard room = new Heard();
        RoomStore.Log log = say(store, JAVA, room, 5);
        raise(log, "ann", room.epoch(), 5, MOST);
        raise(log, "bob", room.epoch(), 2, MOST);
        with(store, database -> {
            database.write(List.of("DELETE FROM messages WHERE seq > 3", "UPDATE rooms SET head = 3"));
            return 0;
        });
        boot = "another";
        DurableStore next = startIn(copy("cut"), DataSettings.Sync.INTERVAL);
        Heard after = new Heard();
        RoomStore.Log again = next.open(JAVA, after);
        assertThat(after.epoch()).isNotEqualTo(room.epoch());
        assertThat(mark(again, "ann")).isEqualTo(holds(after.epoch(), 3));
        assertThat(mark(again, "bob")).isEqualTo(holds(after.epoch(), 2));
    }

    @Test
    void marksGoWithTheirRoom() throws Exception {
        DurableStore store = start(DataSettings.Sync.ALWAYS, MUCH, 1, MUCH);
        Heard room = new Heard();
        RoomStore.Log log = say(store, JAVA, room, 1);
        raise(log, "ann", room.epoch(), 1, MOST);
        raise(log, "bob", room.epoch(), 1, MOST);
        log.close();
        nanos.addAndGet(1);
        now = now.plusSeconds(1);
        Heard tea = new Heard();
        RoomStore.Log other = say(store, TEA, tea, 1);
        raise(other, "ann", tea.epoch(), 1, MOST);
        while (with(store, database -> database.number("SELECT count(*) FROM rooms")) > 1) {
            later(store, A_WHILE);
        }
        assertThat(with(store, database -> database.number("SELECT count(*) FROM marks")))
                .isOne();
        assertThat(store.markCount()).isOne();
        assertThat(mark(store.open(JAVA, new Heard()), "ann")).isEqualTo(MarkStore.No.NONE);
    }

    @Test
    void aRoomHasASixteenthMoreAtMostAndTheCountIsRight() throws Exception {
        DurableStore store = start();
        Heard room = new Heard();
        RoomStore.Log log = say(store, JAVA, room, 1);
        for (int i = 0; i < 100; i++) {
            raise(log, "u" + i, room.epoch(), 1, 32);
            assertThat(store.markCount()).isLessThanOrEqualTo(34);
        }
        assertThat(with(store, database -> database.number("SELECT count(*) FROM marks")))
                .isEqualTo(store.markCount())
                .isGreaterThanOrEqualTo(32);
        assertThat(mark(log, "u99")).isInstanceOf(MarkStore.Holds.class);
        assertThat(mark(log, "u65")).isEqualTo(MarkStore.No.NONE);
    }

    /** A megabyte for messages leaves a sixteenth for marks. */
    @Test
    void whenAllRoomsHaveAsManyAsTheyMayOneMoreTakesThePlaceOfTheOldestOfItsRoom() throws Exception {
        DurableStore store = start(DataSettings.Sync.ALWAYS, 1 << 20, 9, MUCH);
        Heard room = new Heard();
        RoomStore.Log log = say(store, JAVA, room, 1);
        for (int i = 0; i < 300; i++) {
            raise(log, "u" + i, room.epoch(), 1, 1_000);
        }
        assertThat(store.markCount()).isEqualTo((1 << 20) / 16 / MarkTable.BYTES);
        assertThat(mark(log, "u299")).isInstanceOf(MarkStore.Holds.class);
        assertThat(mark(log, "u0")).isEqualTo(MarkStore.No.NONE);
        Heard tea = new Heard();
        RoomStore.Log other = say(store, TEA, tea, 1);
        assertThat(raise(other, "ann", tea.epoch(), 1, 1_000)).isEqualTo(MarkStore.No.FULL);
    }

    @Test
    void messagesAndMarksThatComeTogetherAreOneCommit() throws Exception {
        DurableStore store = start();
        Heard room = new Heard();
        RoomStore.Log log = say(store, JAVA, room, 1);
        long commits = store.commitCount();
        CompletableFuture<Void> go = hold(store);
        List<MarkStore.Answer> answers = new ArrayList<>();
        CompletableFuture<Outcome> last = new CompletableFuture<>();
        log.append(1, draft("two", null), outcome -> {});
        log.marks().raise("ann", new MarkStore.Mark(room.epoch(), 1), MOST, answers::add);
        log.marks().raise("bob", new MarkStore.Mark(room.epoch(), 1), MOST, answers::add);
        log.append(1, draft("three", null), last::complete);
        go.complete(null);
        get(last);
        with(store, database -> 0);
        assertThat(answers).hasSize(2).allMatch(MarkStore.Holds.class::isInstance);
        assertThat(store.commitCount()).isEqualTo(commits + 1);
        assertThat(store.waitingBytes()).isZero();
    }

    @Test
    void aDiskThatIsFullRefusesAMarkAndKeepsTheCount() throws Exception {
        DurableStore store = start();
        Heard room = new Heard();
        RoomStore.Log log = say(store, JAVA, room, 1);
        raise(log, "ann", room.epoch(), 1, MOST);
        fillDisk(store, true);
        MarkStore.Answer answer = MarkStore.No.NONE;
        for (int i = 0; i < 5_000 && answer != MarkStore.No.NOT_NOW; i++) {
            answer = raise(log, "u" + "x".repeat(240) + i, room.epoch(), 1, 10_000);
        }
        assertThat(answer).isEqualTo(MarkStore.No.NOT_NOW);
        fillDisk(store, false);
        later(store, A_WHILE);
        assertThat(raise(log, "bob", room.epoch(), 1, 10_000)).isEqualTo(holds(room.epoch(), 1));
        assertThat(with(store, database -> database.number("SELECT count(*) FROM marks")))
                .isEqualTo(store.markCount());
    }
}

package parley.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.Test;
import parley.api.Payload;
import parley.api.RoomEvent;
import parley.api.RoomListener;
import parley.protocol.ChangeKind;
import parley.protocol.Content;
import parley.protocol.Message;
import parley.protocol.Revision;
import parley.protocol.RoomName;

/** Listeners with an executor that a test runs. */
class ListenersTest {
    private final Queue<Runnable> tasks = new ArrayDeque<>();

    /** Writes down what it hears, and throws where the test wants that. */
    private static final class Diary implements RoomListener {
        private final List<String> heard = new ArrayList<>();

        private void hear(String what) {
            heard.add(what);
            if (what.contains("trouble")) {
                throw new IllegalStateException("on purpose");
            }
        }

        @Override
        public void joined(String room, String name) {
            hear(name + " in " + room);
        }

        @Override
        public void left(String room, String name) {
            hear(name + " out of " + room);
        }

        @Override
        public void renamed(String room, String from, String to) {
            hear(from + " is " + to + " in " + room);
        }

        @Override
        public void said(RoomEvent.Said message) {
            hear(message.seq() + " " + ((Payload.Text) message.payload()).text());
        }

        @Override
        public void emptied(String room) {
            hear(room + " empty");
        }

        @Override
        public void missed(long events) {
            hear("missed " + events);
        }
    }

    private void run() {
        while (!tasks.isEmpty()) {
            tasks.remove().run();
        }
    }

    private Listeners listeners(Diary... diaries) {
        return new Listeners(List.of(diaries), tasks::add, System::nanoTime);
    }

    private static Message message(long seq, String text) {
        return new Message(seq, 0, "ann", Content.text(text, text.length()), null);
    }

    @Test
    void whatHappensIsHeardInOrderByEach() {
        Diary one = new Diary();
        Diary two = new Diary();
        Listeners listeners = listeners(one, two);
        listeners.joined(RoomName.LOBBY, "ann");
        listeners.renamed(RoomName.LOBBY, "ann", "trouble");
        listeners.said(RoomName.LOBBY, "e", List.of(message(1, "a"), message(2, "b")));
        listeners.left(RoomName.LOBBY, "trouble");
        listeners.emptied(RoomName.LOBBY);
        assertThat(one.heard).isEmpty(); // nobody is called with the room's lock held
        run();
        assertThat(one.heard)
                .containsExactly(
                        "ann in lobby", "ann is trouble in lobby", "1 a", "2 b", "trouble out of lobby", "lobby empty");
        assertThat(two.heard).isEqualTo(one.heard);
        assertThat(listeners.failedCount()).isEqualTo(4);
    }

    @Test
    void nothingIsHeardOfReactions() {
        Diary diary = new Diary();
        Listeners listeners = listeners(diary);
        Revision.Change change = new Revision.Change(1, 0, ChangeKind.Reacting.REACTION);
        Message reaction = new Message(2, 0, "ann", null, Content.REACTIONS, null, change);
        listeners.said(RoomName.LOBBY, "e", List.of(message(1, "a"), reaction, message(3, "b")));
        run();
        assertThat(diary.heard).containsExactly("1 a", "3 b");
        assertThat(listeners.failedCount()).isZero();
    }

    @Test
    void whatDoesNotFitIsLeftOutAndCounted() {
        Diary slow = new Diary();
        Listeners listeners = listeners(slow);
        for (int i = 0; i < 10_005; i++) {
            listeners.joined(RoomName.LOBBY, "n" + i);
        }
        assertThat(listeners.missedCount()).isEqualTo(5);
        run();
        assertThat(slow.heard).hasSize(10_001).endsWith("n9999 in lobby", "missed 5");
        String long1 = "x".repeat(5 << 20);
        listeners.said(RoomName.LOBBY, "e", List.of(message(1, long1), message(2, long1), message(3, "after")));
        run();
        assertThat(slow.heard.get(10_001)).startsWith("1 ");
        assertThat(slow.heard.subList(10_002, slow.heard.size())).containsExactly("missed 1", "3 after");
    }
}

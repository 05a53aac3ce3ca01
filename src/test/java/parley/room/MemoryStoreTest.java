package parley.room;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import parley.protocol.Message;
import parley.protocol.RoomName;

class MemoryStoreTest {
    /** A room that writes down what it hears. */
    private static class Heard implements RoomStore.Listener {
        final List<Object> heard = new ArrayList<>();

        @Override
        public void opened(RoomStore.Contents contents) {
            heard.add(contents);
        }

        @Override
        public void couldNotOpen() {
            throw new AssertionError();
        }

        @Override
        public void appended(List<Message> messages) {
            messages.forEach(message -> heard.add(message.content().text()));
        }

        @Override
        public void trimmed(long first) {
            throw new AssertionError();
        }

        @Override
        public void present(String node, RoomStore.Present there) {
            throw new AssertionError();
        }

        @Override
        public void lost(String node) {}

        @Override
        public void signalled(parley.protocol.Draft draft) {
            throw new AssertionError();
        }
    }

    private final Heard room = new Heard();
    private final RoomStore.Log log = new MemoryStore().open(RoomName.LOBBY, room);

    private Outcome append(String text, String id) {
        List<Outcome> outcomes = new ArrayList<>();
        log.append(0, Samples.line(null, text, id), outcomes::add);
        assertThat(outcomes).hasSize(1);
        return outcomes.get(0);
    }

    @Test
    void aRoomBeginsEmptyInAHistoryThatNoOtherHas() {
        assertThat(room.heard).singleElement().isInstanceOfSatisfying(RoomStore.Contents.class, contents -> {
            assertThat(contents.first()).isEqualTo(RoomStore.NOTHING);
            assertThat(contents.since()).isEqualTo(1);
            assertThat(contents.head()).isZero();
            assertThat(contents.newest()).isEmpty();
            assertThat(contents.numbering()).isEqualTo(RoomStore.Numbering.CONSECUTIVE);
            Heard other = new Heard();
            new MemoryStore().open(RoomName.LOBBY, other);
            assertThat(((RoomStore.Contents) other.heard.get(0)).epoch()).isNotEqualTo(contents.epoch());
        });
    }

    @Test
    void anIdIsFoundUntilItsMessageIsReleased() {
        assertThat(append("one", "a")).isEqualTo(new Outcome.Published(1, false));
        assertThat(append("another", "a")).isEqualTo(new Outcome.Published(1, true));
        append("two", null);
        assertThat(append("three", "b")).isEqualTo(new Outcome.Published(3, false));
        log.released(1);
        assertThat(append("one", "a")).as("kept").isEqualTo(new Outcome.Published(1, true));
        log.released(3);
        assertThat(append("three", "b")).as("kept").isEqualTo(new Outcome.Published(3, true));
        assertThat(append("one", "a")).as("let go").isEqualTo(new Outcome.Published(4, false));
        assertThat(room.heard.subList(1, room.heard.size())).containsExactly("one", "two", "three", "one");
    }

    @Test
    void timesNeverFallThoughTheClockIsSetBack() {
        List<Long> times = new ArrayList<>();
        RoomStore.Log timed = new MemoryStore().open(RoomName.LOBBY, new Heard() {
            @Override
            public void appended(List<Message> messages) {
                messages.forEach(message -> times.add(message.at()));
            }
        });
        for (long at : new long[] {100, 50, 120, 119, -7}) {
            timed.append(at, Samples.line(null, "x"), outcome -> {});
        }
        assertThat(times).containsExactly(100L, 100L, 120L, 120L, 120L);
    }

    /** As a sender does that publishes an answer to what it hears. */
    @Test
    void whatIsPublishedWhileTheRoomHearsOfAMessageComesBehindIt() {
        List<String> calls = new ArrayList<>();
        RoomStore.Log[] log = new RoomStore.Log[1];
        log[0] = new MemoryStore().open(RoomName.LOBBY, new Heard() {
            @Override
            public void appended(List<Message> messages) {
                for (Message message : messages) {
                    String text = message.content().text();
                    calls.add(text);
                    if (text.length() < 3) {
                        log[0].append(
                                0, Samples.line(null, text + "x"), result -> calls.add("result of " + text + "x"));
                        calls.add("heard of " + text);
                    }
                }
            }
        });
        log[0].append(0, Samples.line(null, "x"), result -> calls.add("result of x"));
        assertThat(calls)
                .containsExactly(
                        "x", "heard of x", "result of x", "xx", "heard of xx", "result of xx", "xxx", "result of xxx");
    }

    @Test
    void aCallbackThatFailsDoesNotKeepOthersFromTheirs() {
        RoomStore.Log failing = new MemoryStore().open(RoomName.LOBBY, new Heard() {
            @Override
            public void appended(List<Message> messages) {
                throw new IllegalStateException("as a test");
            }
        });
        List<Outcome> outcomes = new ArrayList<>();
        failing.append(0, Samples.line(null, "a"), outcomes::add);
        failing.append(0, Samples.line(null, "b"), outcome -> {
            throw new IllegalStateException("as a test");
        });
        failing.append(0, Samples.line(null, "c"), outcomes::add);
        assertThat(outcomes).containsExactly(new Outcome.Published(1, false), new Outcome.Published(3, false));
    }

    @Test
    void nothingIsKeptBesideTheRing() {
        append("a", null);
        List<Object> answers = new ArrayList<>();
        log.read(new RoomStore.Query(1, RoomStore.Direction.FORWARD, 9, 1_000), answers::add);
        log.refresh(answers::add);
        assertThat(answers).containsExactly(RoomStore.Unread.LOST, new RoomStore.Extent(RoomStore.NOTHING, 1));
    }

    /**
     * Many threads append; each result comes once, behind the room, with the number of just that message; the room
     * hears of all in order, one call at a time.
     */
    @Test
    void resultsComeOnceAndBehindTheRoomHoweverManyAppendAtOnce() throws Exception {
        int threads = 4;
        int messages = 50_000;
        AtomicBoolean isHearing = new AtomicBoolean();
        AtomicLong newest = new AtomicLong();
        List<String> texts = new ArrayList<>();
        Queue<String> wrong = new ConcurrentLinkedQueue<>();
        RoomStore.Log log = new MemoryStore().open(RoomName.LOBBY, new Heard() {
            @Override
            public void appended(List<Message> added) {
                if (isHearing.getAndSet(true)) {
                    wrong.add("two calls at a time");
                }
                for (Message message : added) {
                    if (message.seq() != newest.get() + 1) {
                        wrong.add(message.seq() + " after " + newest);
                    }
                    texts.add(message.content().text());
                    newest.set(message.seq());
                }
                isHearing.set(false);
            }
        });
        AtomicInteger[] results = new AtomicInteger[threads * messages];
        long[] seqs = new long[threads * messages];
        List<Thread> all = new ArrayList<>();
        for (int thread = 0; thread < threads; thread++) {
            int first = thread * messages;
            all.add(new Thread(() -> {
                for (int i = first; i < first + messages; i++) {
                    int which = i;
                    results[which] = new AtomicInteger();
                    log.append(0, Samples.line(null, String.valueOf(which)), outcome -> {
                        long seq = ((Outcome.Published) outcome).seq();
                        if (seq > newest.get()) {
                            wrong.add(seq + " has a result before the room hears of it");
                        }
                        results[which].incrementAndGet();
                        seqs[which] = seq;
                    });
                }
            }));
        }
        all.forEach(Thread::start);
        for (Thread thread : all) {
            thread.join();
        }
        assertThat(wrong).isEmpty();
        assertThat(texts).hasSize(threads * messages);
        for (int which = 0; which < results.length; which++) {
            assertThat(results[which]).hasValue(1);
            assertThat(texts.get((int) seqs[which] - 1)).isEqualTo(String.valueOf(which));
        }
    }
}

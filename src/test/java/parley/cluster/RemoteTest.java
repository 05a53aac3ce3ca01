package parley.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.Revision;
import parley.protocol.RoomName;
import parley.room.RoomStore;

class RemoteTest {
    private static final Draft DRAFT = new Draft(null, new Content(Content.Kind.TEXT, "m", 1), null);

    private final List<String> heard = new ArrayList<>();
    private final List<String> reads = new ArrayList<>();
    private final List<String> sent = new ArrayList<>();

    private final RoomStore.Listener room = new RoomStore.Listener() {
        @Override
        public void opened(RoomStore.Contents contents) {
            heard.add("opened " + contents.epoch() + " " + contents.first() + " " + contents.since() + " "
                    + numbers(contents.newest()));
        }

        @Override
        public void couldNotOpen() {
            throw new AssertionError("it waits for NATS");
        }

        @Override
        public void appended(List<Message> messages) {
            messages.forEach(message -> heard.add("" + message.seq()));
        }

        @Override
        public void trimmed(long first) {
            heard.add("trimmed " + first);
        }

        @Override
        public void present(String node, RoomStore.Present there) {
            throw new AssertionError("presence is for Neighbours");
        }

        @Override
        public void lost(String node) {}

        @Override
        public void signalled(Draft draft) {
            throw new AssertionError("signals do not come through here");
        }
    };

    private final Remote remote = new Remote(
            RoomName.LOBBY,
            0,
            room,
            new Remote.Reads() {
                @Override
                public void open(Remote of) {
                    reads.add("open");
                }

                @Override
                public void fill(Remote of, long from, long until) {
                    reads.add(from + "-" + until);
                }
            },
            (entry, attempt) -> sent.add(entry.dedupId));

    /** A room that nobody hears of. */
    static Remote unopened(String name) {
        RemoteTest test = new RemoteTest();
        Remote.Reads reads = new Remote.Reads() {
            @Override
            public void open(Remote of) {}

            @Override
            public void fill(Remote of, long from, long until) {}
        };
        return new Remote(new RoomName(name), 0, test.room, reads, (entry, attempt) -> {});
    }

    /** A room that is open and has heard of nothing. */
    static Remote opened(String name) {
        Remote remote = unopened(name);
        remote.open();
        remote.opened(new Remote.Opened(bounds(1, 5), 1, List.of(), new Changed()));
        return remote;
    }

    private static List<Long> numbers(List<Message> messages) {
        return messages.stream().map(Message::seq).toList();
    }

    private static Remote.Heard heard(long seq, long last) {
        return new Remote.Heard(seq, last, null, 0, new Message(seq, 0, DRAFT));
    }

    private static Remote.Filled filled(boolean reached, long... numbers) {
        return new Remote.Filled(
                LongStream.of(numbers).mapToObj(seq -> heard(seq, 0)).toList(), null, reached);
    }

    private static Remote.Bounds bounds(long first, long head) {
        return new Remote.Bounds("e", first, first, head);
    }

    private Envelope envelope(long at) {
        return remote.envelope("n", at, DRAFT, Revision.None.UNCHANGED);
    }

    private void open(long... numbers) {
        remote.open();
        reads.clear();
        long head = numbers.length == 0 ? 5 : numbers[numbers.length - 1];
        long since = numbers.length == 0 ? 1 : numbers[0];
        remote.opened(new Remote.Opened(
                bounds(1, head),
                since,
                LongStream.of(numbers).mapToObj(seq -> heard(seq, 0)).toList(),
                new Changed()));
        heard.clear();
    }

    @Test
    void messagesThatComeByBeforeItIsOpenComeBehindThoseThatAreThere() {
        remote.open();
        remote.heard(heard(12, 10));
        remote.heard(heard(9, 7));
        assertThat(heard).isEmpty();
        remote.opened(new Remote.Opened(bounds(1, 10), 7, List.of(heard(7, 0), heard(10, 0)), new Changed()));
        remote.flush();
        assertThat(heard).containsExactly("opened e 1 7 [7, 10]", "12");
    }

    @Test
    void aHoleIsFilledBeforeWhatComesBehindIt() {
        open(7);
        remote.heard(heard(9, 7));
        remote.heard(heard(20, 15));
        remote.heard(heard(21, 20));
        remote.flush();
        assertThat(heard).containsExactly("9");
        assertThat(reads).containsExactly("10-15");
        remote.filled(filled(true, 11, 15), 0);
        remote.flush();
        assertThat(heard).containsExactly("9", "11", "15", "20", "21");
    }

    /** A copy was lost on the way, and a later change of the same message has superseded what it said: it is erased. */
    @Test
    void anEntryThatIsErasedIsNotReadAgainAndAgain() {
        open(7);
        remote.heard(heard(20, 15));
        remote.filled(filled(true), 0);
        remote.flush();
        assertThat(heard).containsExactly("20");
        assertThat(reads).containsExactly("8-15");
    }

    /** Its own copy was lost too: the sender is answered. */
    @Test
    void aSenderWhoseChangeIsErasedIsAnswered() {
        open(7);
        Outbox.Entry own =
                new Outbox.Entry(() -> new byte[0], "a", null, 60_000_000_000L, outcome -> heard.add("answered"));
        remote.outbox().add(own);
        remote.send(0);
        remote.outbox().stored(own, 9, false);
        remote.tick(1, true);
        remote.tick(1_000_000_000L, true);
        assertThat(reads).containsExactly("8-9");
        remote.filled(filled(true), 0);
        remote.flush();
        remote.tick(2_000_000_000L, true);
        remote.tick(3_000_000_000L, true);
        assertThat(heard).containsExactly("answered");
        assertThat(reads).containsExactly("8-9");
    }

    @Test
    void aMessageThatComesTwiceIsPassedOnOnce() {
        open(7);
        remote.heard(heard(9, 7));
        remote.heard(heard(9, 7));
        remote.heard(heard(12, 11));
        remote.filled(filled(true, 9, 11, 12), 0);
        remote.heard(heard(12, 11));
        remote.flush();
        assertThat(heard).containsExactly("9", "11", "12");
    }

    @Test
    void whatCannotBeReadIsAskedForAgain() {
        open(7);
        remote.heard(heard(20, 15));
        remote.filled(null, 0);
        remote.tick(1_000_000_000L, true);
        assertThat(reads).containsExactly("8-15", "8-15");
        remote.filled(filled(false, 11), 0);
        assertThat(reads).as("there is more").containsExactly("8-15", "8-15", "12-15");
        remote.filled(filled(true, 15), 0);
        remote.flush();
        assertThat(heard).containsExactly("11", "15", "20");
    }

    /** Purged, or lost by its server. */
    @Test
    void messagesThatAreGoneFromTheStreamAreAHole() {
        open(7);
        remote.heard(heard(20, 15));
        for (int i = 0; i < 20; i++) {
            remote.filled(filled(false), i * 1_000_000_000L);
            remote.tick((i + 1) * 1_000_000_000L, true);
        }
        remote.flush();
        assertThat(heard).containsExactly("opened e 1 16 []", "20");
    }

    @Test
    void aRefreshIsAnsweredWhenAllThereIsHasBeenPassedOn() {
        open(7);
        remote.refresh(extent -> heard.add("looked " + extent.first() + " " + extent.head()));
        assertThat(reads).containsExactly("8-0");
        remote.filled(new Remote.Filled(List.of(heard(9, 0)), bounds(3, 30), true), 0);
        assertThat(heard).as("and what is gone").containsExactly("9", "trimmed 3", "looked 3 30");
    }

    /** Much is read a part at a time: who has it look hears when the last has been heard. */
    @Test
    void messagesThatAreReadInPartsArePassedOnAsTheyCome() {
        open(7);
        remote.refresh(extent -> heard.add("looked " + extent.head()));
        remote.filled(new Remote.Filled(List.of(heard(9, 0), heard(12, 0)), null, false), 0);
        assertThat(heard).containsExactly("9", "12");
        assertThat(reads).containsExactly("8-0", "13-0");
        remote.filled(new Remote.Filled(List.of(heard(15, 0)), bounds(1, 20), true), 0);
        assertThat(heard).containsExactly("9", "12", "15", "looked 20");
    }

    /** NATS 2.9 gives one message a request: a busy room had as many new ones by then, and the end was never reached. */
    @Test
    void whatCameByWhileOthersWereReadIsNotReadAgain() {
        open(7);
        remote.refresh(extent -> heard.add("looked " + extent.head()));
        remote.heard(heard(15, 12));
        remote.heard(heard(16, 15));
        remote.heard(heard(20, 18));
        remote.filled(new Remote.Filled(List.of(heard(9, 0), heard(12, 0)), null, false), 0);
        assertThat(heard).containsExactly("9", "12", "15", "16");
        assertThat(reads).containsExactly("8-0", "17-0");
        remote.filled(new Remote.Filled(List.of(heard(18, 0)), bounds(1, 18), true), 0);
        remote.flush();
        assertThat(heard).containsExactly("9", "12", "15", "16", "18", "looked 18", "20");
    }

    /** What it asks for may have come since. */
    @Test
    void aCallerThatComesDuringARefreshHearsOfTheNext() {
        open(7);
        remote.refresh(extent -> heard.add("first " + extent.head()));
        remote.refresh(extent -> heard.add("second " + extent.head()));
        remote.filled(new Remote.Filled(List.of(), bounds(3, 30), true), 0);
        assertThat(heard).containsExactly("trimmed 3", "first 30");
        remote.filled(new Remote.Filled(List.of(), bounds(3, 40), true), 0);
        assertThat(heard).containsExactly("trimmed 3", "first 30", "second 40");
    }

    @Test
    void aCallerThatComesWhileItOpensHearsOfTheNextRefresh() {
        remote.open();
        remote.refresh(extent -> heard.add("looked " + extent.head()));
        remote.opened(new Remote.Opened(bounds(1, 30), 1, List.of(), new Changed()));
        assertThat(heard).containsExactly("opened e 1 1 []");
        assertThat(reads).containsExactly("open", "31-0");
        remote.filled(new Remote.Filled(List.of(), bounds(3, 40), true), 0);
        assertThat(heard).containsExactly("opened e 1 1 []", "looked 40");
    }

    /** So that the caller has heard of all that it published before. */
    @Test
    void aRefreshBeginsWhenWhatWasPublishedBeforeItIsAnswered() {
        open(7);
        Outbox.Entry before =
                new Outbox.Entry(() -> new byte[0], "a", null, 60_000_000_000L, outcome -> heard.add("answered"));
        remote.outbox().add(before);
        remote.send(0);
        remote.refresh(extent -> heard.add("looked " + extent.head()));
        remote.outbox()
                .add(new Outbox.Entry(() -> new byte[0], "b", null, 60_000_000_000L, outcome -> heard.add("later")));
        remote.send(0);
        assertThat(reads).isEmpty();
        remote.outbox().stored(before, 9, false);
        remote.heard(heard(9, 7));
        remote.flush();
        remote.goOn();
        assertThat(reads).containsExactly("10-0");
        remote.filled(new Remote.Filled(List.of(), bounds(1, 12), true), 0);
        assertThat(heard).containsExactly("9", "answered", "looked 12");
    }

    @Test
    void aStreamWithNothingInItAnswersARefreshToo() {
        open();
        remote.refresh(extent -> heard.add("looked " + extent.first()));
        remote.filled(new Remote.Filled(List.of(), bounds(1, 0), true), 0);
        assertThat(heard).containsExactly("looked 1");
    }

    /** Who says something before the room is open hears it. */
    @Test
    void nothingIsSentBeforeItIsOpen() {
        remote.outbox().add(new Outbox.Entry(() -> new byte[0], "a", null, 60_000_000_000L, outcome -> {}));
        remote.tick(0, true);
        assertThat(reads).containsExactly("open");
        assertThat(sent).isEmpty();
        remote.opened(new Remote.Opened(bounds(1, 30), 1, List.of(), new Changed()));
        remote.send(0);
        assertThat(sent).containsExactly("a");
    }

    /** What failed is sent again when all there is has been read. */
    @Test
    void aFailureHasItRefreshOnce() {
        open(7);
        remote.outbox().add(new Outbox.Entry(() -> new byte[0], "a", null, 60_000_000_000L, outcome -> {}));
        remote.outbox().send(0);
        remote.outbox().disconnected(0);
        for (int i = 1; i <= 3; i++) {
            remote.tick(i * 1_000_000_000L, true);
        }
        assertThat(reads).containsExactly("8-0");
        assertThat(remote.outbox().waitsForARefresh(4_000_000_000L)).isTrue();
        remote.filled(new Remote.Filled(List.of(), bounds(1, 7), true), 0);
        assertThat(remote.outbox().waitsForARefresh(4_000_000_000L)).isFalse();
    }

    private long back() {
        return envelope(0).back();
    }

    @Test
    void theWayBackGoesAStrideAtATime() {
        open();
        assertThat(back()).isZero();
        for (int seq = 10; seq < 10 + Remote.STRIDE; seq++) {
            remote.heard(heard(seq, seq == 10 ? 0 : seq - 1));
        }
        assertThat(back()).isEqualTo(10);
        remote.heard(heard(70, 59));
        assertThat(back()).isEqualTo(11);
    }

    @Test
    void aMessageIsDatedNoEarlierThanTheNewestOfItsRoom() {
        open(7);
        remote.heard(new Remote.Heard(9, 7, null, 0, new Message(9, 5_000, DRAFT)));
        assertThat(envelope(4_000).at()).isEqualTo(5_000);
        assertThat(envelope(6_000).at()).isEqualTo(6_000);
        assertThat(envelope(5_500).at()).as("the one before is on its way").isEqualTo(6_000);
    }

    /** So that a node which opens the room later knows what of it is gone. */
    @Test
    void aMessageSaysWhereTheRoomHasNone() {
        open(7);
        assertThat(envelope(0).quiet()).isEqualTo(new Envelope.Quiet(7, 7));
        remote.refresh(extent -> {});
        remote.filled(new Remote.Filled(List.of(), bounds(1, 900), true), 0);
        assertThat(envelope(0).quiet()).isEqualTo(new Envelope.Quiet(7, 900));
    }

    /** The stream has let go of what other rooms said. */
    @Test
    void aRoomLosesNothingWhenOthersDo() {
        open();
        remote.trimmed(bounds(1_000, 2_000));
        remote.heard(heard(2_001, 0));
        remote.trimmed(bounds(1_500, 2_000));
        remote.flush();
        assertThat(heard).containsExactly("2001");
        remote.trimmed(bounds(3_000, 4_000));
        assertThat(heard).containsExactly("2001", "trimmed 2002");
    }

    /** A page was read from the stream that was there before. */
    @Test
    void whatIsGoneFromAnotherStreamIsNotGoneFromThisOne() {
        open(7);
        remote.trimmed(new Remote.Bounds("before", 1_000, 1_000, 2_000));
        assertThat(heard).isEmpty();
    }

    /** Copies of what was stored when another server came to lead the stream do not come by. */
    @Test
    void aRoomThatIsBehindItsStreamReads() {
        open(7);
        remote.isBehind(7);
        assertThat(reads).isEmpty();
        remote.isBehind(12);
        assertThat(reads).containsExactly("8-12");
        remote.isBehind(14);
        remote.filled(filled(true, 9, 12), 0);
        assertThat(reads).as("once it has read that").containsExactly("8-12", "13-0");
        remote.filled(new Remote.Filled(List.of(heard(14, 0)), bounds(1, 14), true), 0);
        remote.flush();
        assertThat(heard).containsExactly("9", "12", "14");
    }

    /** A line that loses and doubles what comes by: everything is heard once, in order. */
    @Test
    void whateverIsLostOnTheWayAllIsPassedOnOnceAndInOrder() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        open(7);
        List<Long> stream = new ArrayList<>();
        long last = 7;
        for (int i = 0; i < 2_000; i++) {
            long seq = last + 1 + random.nextInt(3);
            stream.add(seq);
            Remote.Heard heard = heard(seq, last);
            last = seq;
            if (random.nextInt(10) > 0) {
                remote.heard(heard);
                if (random.nextInt(10) == 0) {
                    remote.heard(heard);
                }
            }
            answer(random, stream);
            remote.flush();
        }
        remote.catchUp();
        while (!reads.isEmpty()) {
            answer(random, stream);
        }
        remote.flush();
        assertThat(heard)
                .as("seed %d", seed)
                .isEqualTo(stream.stream().map(String::valueOf).toList());
    }

    private static long last(List<Long> stream) {
        return stream.get(stream.size() - 1);
    }

    private void answer(Random random, List<Long> stream) {
        if (!reads.isEmpty() && random.nextBoolean()) {
            String[] range = reads.remove(0).split("-");
            long from = Long.parseLong(range[0]);
            long until = Long.parseLong(range[1]);
            List<Remote.Heard> there = stream.stream()
                    .filter(seq -> seq >= from && (until == 0 || seq <= until))
                    .map(seq -> heard(seq, 0))
                    .toList();
            remote.filled(new Remote.Filled(there, until == 0 ? bounds(1, last(stream)) : null, true), 0);
        }
    }
}

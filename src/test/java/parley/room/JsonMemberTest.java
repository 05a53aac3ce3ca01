package parley.room;

import static org.assertj.core.api.Assertions.assertThat;
import static parley.testclient.JsonClient.parse;
import static parley.testclient.JsonClient.quoted;

import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import parley.delivery.Frame;
import parley.protocol.Content;
import parley.protocol.Draft;

/** What a JSON member takes from its room, with a clock that stands still and turns that run when they are told to. */
class JsonMemberTest {
    private final Deque<Runnable> turns = new ArrayDeque<>();
    private Instant now = Instant.EPOCH;
    private final Clock clock = ((InstantSource) () -> now).withZone(ZoneOffset.UTC);
    private final Member.Subscriber subscriber = new Member.Subscriber() {
        @Override
        public void ready() {
            ready++;
        }

        @Override
        public void fellBehind() {}
    };
    private int ready;

    private Room room(Overflow overflow, int window, int history) {
        return room(Samples.limits(history, window, overflow, Duration.ZERO));
    }

    private Room room(RoomLimits limits) {
        Room room = Samples.room(limits, turns::add, clock);
        runTurns();
        return room;
    }

    private void publish(Room room, int count) {
        for (int i = 0; i < count; i++) {
            Samples.publish(room, "m" + (room.log().ring().head() + 1));
        }
        runTurns();
    }

    private void runTurns() {
        while (!turns.isEmpty()) {
            turns.poll().run();
        }
    }

    private Member named(Room room, String name) {
        return Samples.join(room, subscriber, Format.JSON, name, Samples.start(room, 0), null)
                .member();
    }

    private long nanos() {
        return now.toEpochMilli() * 1_000_000;
    }

    private void tick(Room room) {
        now = now.plusMillis(250);
        room.sweep(nanos());
    }

    /**
     * Takes one frame and says its events in short: message numbers, gaps as {@code after-before}, types of the rest.
     */
    private static String take(Member member) {
        if (!(member.next() instanceof Frame.Text frame)) {
            return null;
        }
        List<String> words = new ArrayList<>();
        for (String line : frame.text().split("\n")) {
            JsonObject event = parse(line);
            String type = event.getString("type");
            words.add(
                    switch (type) {
                        case "message" -> String.valueOf(event.getInt("seq"));
                        case "gap" -> "gap " + event.getInt("after") + "-" + event.getInt("before");
                        default -> type;
                    });
        }
        return String.join(" ", words);
    }

    /** Takes what there is, as often as it is woken because the log has been asked for more. */
    private List<String> takeAll(Member member) {
        List<String> taken = new ArrayList<>();
        int before;
        do {
            before = ready;
            for (String next = take(member); next != null; next = take(member)) {
                taken.add(next);
            }
            runTurns();
        } while (ready > before);
        return taken;
    }

    private static JsonObject takeEvent(Member member) {
        return parse(((Frame.Text) member.next()).text());
    }

    private static List<String> names(JsonObject event, String field) {
        return event.getJsonArray(field).getValuesAs(JsonString::getString);
    }

    @Test
    void whatHasPiledUpIsOneFrameAndMembersAtTheSamePlaceShareIt() {
        Room room = room(Overflow.DROP_OLDEST, 10, 10);
        Member one = Samples.json(room, subscriber, 1);
        Member two = Samples.json(room, subscriber, 1);
        publish(room, 3);
        Frame first = one.next();
        assertThat(((Frame.Text) first).text().split("\n")).hasSize(3);
        assertThat(two.next()).isSameAs(first);
    }

    /**
     * Woken in between by an ack of its own, a sender took what was published since the turn began, sent more, and so
     * on: it ran ahead of others that read as fast, until they were behind their window.
     */
    @Test
    void nobodyGetsAheadOfTheTurn() {
        Room room = room(Overflow.DROP_OLDEST, 10, 10);
        Member sender = Samples.json(room, subscriber, 1);
        Member other = Samples.json(room, subscriber, 1);
        publish(room, 1);
        assertThat(take(sender)).isEqualTo("1");
        Samples.publish(room, "m2");
        assertThat(take(sender)).as("the turn has not come").isNull();
        assertThat(sender.isBehind()).isTrue();
        assertThat(take(other)).isEqualTo("1");
        runTurns();
        assertThat(take(sender)).isEqualTo("2");
        assertThat(take(other)).isEqualTo("2");
    }

    /**
     * Ten messages of 9 KB are more than a frame holds; who is behind, wherever, soon shares all frames with the
     * others.
     */
    @Test
    void membersWhoAreBehindEachAtAnotherPlaceComeTogether() {
        Room room = room(Overflow.DROP_OLDEST, 1000, 1000);
        for (int i = 0; i < 100; i++) {
            Samples.publish(room, "x".repeat(9_000));
        }
        List<Member> members = new ArrayList<>();
        for (int from = 1; from <= 20; from++) {
            members.add(Samples.json(room, subscriber, from));
        }
        runTurns();
        Map<Frame, Integer> taken = new IdentityHashMap<>();
        List<Member> behind = members;
        while (!behind.isEmpty()) {
            List<Member> still = new ArrayList<>();
            for (Member member : behind) {
                Frame next = member.next();
                if (next != null) {
                    assertThat(((Frame.Text) next).text().length())
                            .isLessThanOrEqualTo(room.limits().batchBytes());
                    taken.merge(next, 1, Integer::sum);
                    still.add(member);
                }
            }
            behind = still;
        }
        Counts counts = Samples.counts(room);
        assertThat(counts.offered()).isEqualTo(counts.delivered());
        assertThat(taken).as("frames in all, of 25 that each takes").hasSizeLessThan(60);
    }

    @Test
    void aMemberElsewhereGetsWhatIsItsOwn() {
        Room room = room(Overflow.DROP_OLDEST, 10, 10);
        Member ahead = Samples.json(room, subscriber, 1);
        publish(room, 2);
        assertThat(take(ahead)).isEqualTo("1 2");
        Member behind = Samples.json(room, subscriber, 1);
        publish(room, 2);
        assertThat(take(behind)).isEqualTo("1 2 3 4");
        assertThat(take(ahead)).isEqualTo("3 4");
        Member late = Samples.json(room, subscriber, 2);
        assertThat(take(late)).isEqualTo("2 3 4");
    }

    @Test
    void aPlainMemberOfTheSameRoomGetsAFrameOfItsOwnForEachMessage() {
        Room room = room(Overflow.DROP_OLDEST, 10, 10);
        Member json = Samples.json(room, subscriber, 1);
        Member plain = Samples.plain(room, subscriber, 1);
        publish(room, 2);
        assertThat(take(json)).isEqualTo("1 2");
        assertThat(((Frame.Several) plain.next()).messages())
                .isEqualTo(List.of(new Frame.Text("m1"), new Frame.Text("m2")));
        assertThat(plain.next()).isNull();
    }

    @Test
    void dropOldestTellsWhatWasMissedOnceBeforeTheNextMessage() {
        Room room = room(Overflow.DROP_OLDEST, 3, 20);
        Member member = Samples.json(room, subscriber, 1);
        publish(room, 2);
        assertThat(take(member)).isEqualTo("1 2");
        publish(room, 10);
        assertThat(takeAll(member)).containsExactly("gap 2-10", "10 11 12");
        JsonObject page = parse("{\"n\":"
                + Samples.read(room, History.Range.after(2, 7)).messages().size() + "}");
        assertThat(page.getInt("n")).as("what was missed is in the history").isEqualTo(7);
        publish(room, 3);
        assertThat(takeAll(member)).containsExactly("13 14 15");
        assertThat(Samples.counts(room)).isEqualTo(new Counts(15, 15, 8, 7));
    }

    @Test
    void latestTellsWhatWasMissed() {
        Room room = room(Overflow.LATEST, 3, 20);
        Member member = Samples.json(room, subscriber, 1);
        publish(room, 10);
        assertThat(takeAll(member)).containsExactly("gap 0-10", "10");
    }

    @Test
    void dropNewestGivesTheWindowItFellBehindWithAndTellsWhatCameAfter() {
        Room room = room(Overflow.DROP_NEWEST, 3, 20);
        Member member = Samples.json(room, subscriber, 1);
        publish(room, 5);
        assertThat(takeAll(member)).containsExactly("1 2 3", "gap 3-6");
        publish(room, 2);
        assertThat(takeAll(member)).containsExactly("6 7");
        assertThat(Samples.counts(room)).isEqualTo(new Counts(7, 7, 5, 2));
    }

    /**
     * Both are at the first message, and the frame is full; but one replays, and the other is behind and gets its
     * window.
     */
    @Test
    void aFullFrameIsNotSharedWithAMemberThatMayTakeLessOfIt() {
        Room room = room(Overflow.DROP_NEWEST, 2, 20);
        Member behind = Samples.json(room, subscriber, 1);
        for (int i = 0; i < 10; i++) {
            Samples.publish(room, "x".repeat(10_000));
        }
        runTurns();
        Member replaying = Samples.json(room, subscriber, 1);
        assertThat(take(replaying)).isEqualTo("1 2 3");
        assertThat(takeAll(behind)).containsExactly("1 2", "gap 2-11");
    }

    @Test
    void messagesThatTheLogLetGoOfHaveAGapToo() {
        long four = 4L * (Ring.OVERHEAD_BYTES + 3);
        Room room = room(Samples.limits(100, four, four, 4, Overflow.DISCONNECT, Duration.ZERO));
        Member member = Samples.json(room, subscriber, 1);
        publish(room, 10);
        assertThat(takeAll(member)).containsExactly("gap 0-7", "7 8 9 10");
    }

    @Test
    void aSignalIsTakenBetweenMessagesAndNotWhenItIsOld() {
        Room room = room(Overflow.DROP_OLDEST, 10, 10);
        Member member = Samples.json(room, subscriber, 1);
        Member sleeper = Samples.json(room, subscriber, 1);
        publish(room, 1);
        room.signal(new Draft("Ann", new Content(Content.Kind.DATA, "{\"typing\":true}", 15), null));
        assertThat(take(member)).isEqualTo("1");
        publish(room, 1);
        assertThat(take(member)).as("the signal is not behind all messages").isEqualTo("signal");
        assertThat(take(member)).isEqualTo("2");
        now = now.plusMillis(1_001);
        assertThat(takeAll(sleeper)).containsExactly("1 2");
        room.signal(new Draft(null, new Content(Content.Kind.DATA, "1", 1), null));
        assertThat(((Frame.Text) sleeper.next()).text()).isEqualTo(quoted("{'type':'signal','room':'lobby','data':1}"));
        assertThat(sleeper.next()).isNull();
    }

    /** A member with a frame in flight was given the frame of one that was quicker, and lost what came since. */
    @Test
    void aMemberALittleLaterGetsTheLaterSignalToo() {
        Room room = room(Overflow.DROP_OLDEST, 10, 10);
        Member quick = Samples.json(room, subscriber, 1);
        Member busy = Samples.json(room, subscriber, 1);
        room.signal(new Draft(null, new Content(Content.Kind.DATA, "1", 1), null));
        assertThat(takeAll(quick)).containsExactly("signal");
        room.signal(new Draft(null, new Content(Content.Kind.DATA, "2", 1), null));
        assertThat(takeAll(busy)).containsExactly("signal signal");
        assertThat(takeAll(quick)).containsExactly("signal");
    }

    @Test
    void manySignalsAreOneFrameAndTheOldestAreMissed() {
        Room room = room(Overflow.DROP_OLDEST, 10, 10);
        Member member = Samples.json(room, subscriber, 1);
        for (int i = 1; i <= 100; i++) {
            room.signal(new Draft(null, new Content(Content.Kind.DATA, String.valueOf(i), 3), null));
        }
        String[] lines = ((Frame.Text) member.next()).text().split("\n");
        assertThat(lines).hasSize(64);
        assertThat(lines[63]).endsWith("\"data\":100}");
        assertThat(member.next()).isNull();
        assertThat(Samples.counts(room).offered()).isZero();
    }

    /**
     * A room under load never lets a member take its last message; news has to come through all the same, and messages
     * too.
     */
    @Test
    void messagesAndPresenceTakeTurns() {
        Room room = room(Overflow.DROP_OLDEST, 10, 10);
        Member member = Samples.json(room, subscriber, 1);
        List<String> taken = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            publish(room, 1);
            room.signal(new Draft(null, new Content(Content.Kind.DATA, "1", 1), null));
            taken.add(take(member).replaceAll("\\d.*", "messages").replaceAll("signal.*", "signals"));
        }
        assertThat(taken).containsExactly("messages", "signals", "messages", "signals", "messages", "signals");
    }

    @Test
    void tenThousandJoinsInASecondCostEachMemberAFewEvents() {
        Room room = room(Overflow.DROP_OLDEST, 10, 10);
        Member member = named(room, "Ann");
        int bytes = 0;
        int frames = 0;
        for (int i = 1; i <= 10_000; i++) {
            named(room, "n" + i);
            if (i % 2_500 == 0) {
                tick(room);
            }
            for (Frame news = member.next(); news != null; news = member.next()) {
                frames++;
                bytes += ((Frame.Text) news).text().length();
            }
        }
        assertThat(frames).isEqualTo(4);
        assertThat(bytes).isLessThan(400);
    }

    @Test
    void membersThatTookTheLastDeltaGetTheNextOne() {
        Room room = room(Overflow.DROP_OLDEST, 10, 10);
        Member ann = named(room, "Ann");
        Member bob = named(room, "Bob");
        tick(room);
        JsonObject news = takeEvent(ann);
        assertThat(names(news, "joined")).containsExactly("Ann", "Bob");
        assertThat(ann.next()).isNull();
        assertThat(takeEvent(bob)).isEqualTo(news);
        room.sweep(nanos());
        bob.leave();
        tick(room);
        assertThat(takeEvent(ann))
                .isEqualTo(parse(quoted("{'type':'presence','room':'lobby','joined':[],'left':['Bob'],'count':1}")));
        assertThat(bob.next()).isNull();
    }

    @Test
    void aMemberThatDidNotTakeTheLastDeltaGetsASnapshot() {
        Room room = room(Overflow.DROP_OLDEST, 10, 10);
        Member ann = named(room, "Ann");
        tick(room);
        named(room, "Bob");
        tick(room);
        named(room, "Cay");
        assertThat(takeEvent(ann))
                .isEqualTo(parse(quoted("{'type':'presence','room':'lobby','names':['Ann','Bob','Cay'],'count':3}")));
        tick(room);
        assertThat(names(takeEvent(ann), "joined"))
                .as("told again rather than not at all")
                .containsExactly("Cay");
    }

    /** A picture may be taken between two news: who came before it and went after it has to be told as gone. */
    @Test
    void aMemberThatCameAndWentBetweenTwoDeltasIsInTheSecondAsGone() {
        Room room = room(Overflow.DROP_OLDEST, 10, 10);
        Member ann = named(room, "Ann");
        tick(room);
        takeEvent(ann);
        Member bob = named(room, "Bob");
        assertThat(room.snapshot().names()).containsExactly("Ann", "Bob");
        bob.leave();
        tick(room);
        assertThat(names(takeEvent(ann), "left")).containsExactly("Bob");
    }

    @Test
    void aRoomWithTooManyNamesSendsTheCountAndASnapshotWhenItHasFewerAgain() {
        Room room = room(Overflow.DROP_OLDEST, 10, 10);
        Member ann = named(room, "Ann");
        List<Member> others = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            others.add(named(room, "n" + i));
        }
        tick(room);
        assertThat(takeEvent(ann)).isEqualTo(parse(quoted("{'type':'presence','room':'lobby','count':6}")));
        others.get(0).leave();
        tick(room);
        assertThat(names(takeEvent(ann), "names")).containsExactly("Ann", "n1", "n2", "n3", "n4");
        others.get(1).leave();
        tick(room);
        assertThat(names(takeEvent(ann), "left")).containsExactly("n1");
    }

    /**
     * It was to be told everybody and could only be told the count; the next change alone would leave it without the
     * rest.
     */
    @Test
    void aMemberThatGotTheCountInPlaceOfASnapshotGetsTheSnapshotLater() {
        Room room = room(Overflow.DROP_OLDEST, 10, 10);
        Member ann = named(room, "Ann");
        for (String name : List.of("n1", "n2", "n3")) {
            named(room, name);
            tick(room);
        }
        named(room, "n4");
        Member oneTooMany = named(room, "n5");
        assertThat(takeEvent(ann)).isEqualTo(parse(quoted("{'type':'presence','room':'lobby','count':6}")));
        oneTooMany.leave();
        tick(room);
        assertThat(names(takeEvent(ann), "names")).containsExactly("Ann", "n1", "n2", "n3", "n4");
    }

    @Test
    void aMemberThatStartsAnewIsCountedOnceAndGetsASnapshot() {
        Room room = room(Overflow.DROP_OLDEST, 10, 10);
        Member ann = named(room, "Ann");
        Member bob = named(room, "Bob");
        tick(room);
        takeEvent(bob);
        publish(room, 2);
        Joined again = Samples.join(room, subscriber, Format.JSON, "Ann", 1, ann);
        assertThat(again.count()).isEqualTo(2);
        assertThat(takeAll(again.member())).containsExactly("1 2", "presence");
        assertThat(takeAll(ann)).isEmpty();
        tick(room);
        assertThat(takeAll(bob)).as("nobody is told").containsExactly("1 2");
        ann.leave();
        assertThat(room.members().walk().length).isEqualTo(2);
        assertThat(room.join(subscriber, Format.JSON, "Ann", Samples.at(room, 1), ann, Samples::begin))
                .as("it has left")
                .isEqualTo(Entry.No.GONE);
    }

    @Test
    void presenceIsSentAtMostFourTimesASecondAndOnlyWhenThereIsSomething() {
        Room room = room(Overflow.DROP_OLDEST, 10, 10);
        Member ann = named(room, "Ann");
        tick(room);
        takeEvent(ann);
        named(room, "Bob");
        now = now.plusMillis(249);
        room.sweep(nanos());
        assertThat(ann.next()).isNull();
        now = now.plusMillis(1);
        room.sweep(nanos());
        assertThat(ann.next()).isNotNull();
        turns.clear();
        tick(room);
        assertThat(turns).as("nothing is new").isEmpty();
    }

    @Test
    void aMemberThatTakesAnotherNameIsOneThatCameAndOneThatWent() {
        Room room = room(Overflow.DROP_OLDEST, 10, 10);
        Member ann = named(room, "Ann");
        Member other = named(room, "Ann");
        tick(room);
        takeEvent(ann);
        other.rename("Bob");
        tick(room);
        JsonObject news = takeEvent(ann);
        assertThat(names(news, "joined")).containsExactly("Bob");
        assertThat(names(news, "left")).as("there is another Ann").isEmpty();
        other.leave();
        other.rename("Cay");
        assertThat(room.snapshot().names()).containsExactly("Ann");
    }

    @Test
    void aSlowMemberHearsOfOneGapAndGoesOnWithWhatMemoryKeeps() {
        Room room = room(Overflow.DROP_OLDEST, 0, 5);
        Member member = slow(room);
        assertThat(takeAll(member)).containsExactly("gap 1-96", "96 97 98 99 100");
        publish(room, 1);
        assertThat(takeAll(member)).containsExactly("101");
        assertThat(Samples.counts(room)).isEqualTo(new Counts(101, 101, 7, 94));
    }

    @Test
    void aSlowMemberThatGetsTheOldestHearsOfOneGapWhenMemoryHasNoneOfThem() {
        Room room = room(Overflow.DROP_NEWEST, 0, 5);
        Member member = slow(room);
        assertThat(takeAll(member)).containsExactly("gap 1-101");
        publish(room, 1);
        assertThat(takeAll(member)).containsExactly("101");
        assertThat(Samples.counts(room)).isEqualTo(new Counts(101, 101, 2, 99));
    }

    @Test
    void aSlowMemberOfARoomOfTheLatestHearsOfOneGapAndGoesOnWithTheNewest() {
        Room room = room(Overflow.LATEST, 0, 5);
        Member member = slow(room);
        assertThat(takeAll(member)).containsExactly("gap 1-100", "100");
        publish(room, 2);
        assertThat(takeAll(member)).containsExactly("101 102");
        assertThat(Samples.counts(room)).isEqualTo(new Counts(102, 102, 4, 98));
    }

    /** A member that took the first of a hundred messages, and whose frame stays under way. */
    private Member slow(Room room) {
        Member member = Samples.json(room, subscriber, 1);
        publish(room, 1);
        assertThat(take(member)).isEqualTo("1");
        publish(room, 49);
        member.frameUnderWay(Samples.SLOW_AFTER.toNanos());
        publish(room, 50);
        return member;
    }

    /** Slow, but of what it has not taken all is kept anyway. */
    @Test
    void aSlowMemberMissesNothingThatMemoryStillKeeps() {
        Room room = room(Overflow.DROP_OLDEST, 0, 50);
        Member member = Samples.json(room, subscriber, 1);
        publish(room, 1);
        assertThat(take(member)).isEqualTo("1");
        publish(room, 3);
        member.frameUnderWay(Samples.SLOW_AFTER.toNanos());
        publish(room, 3);
        assertThat(takeAll(member)).containsExactly("2 3 4 5 6 7");
        assertThat(Samples.counts(room)).isEqualTo(new Counts(7, 7, 7, 0));
    }
}

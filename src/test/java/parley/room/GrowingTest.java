package parley.room;

import static org.assertj.core.api.Assertions.assertThat;
import static parley.testclient.JsonClient.parse;

import jakarta.json.JsonObject;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import parley.delivery.Frame;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.Standing;

/** Messages that grow in a room in memory, with a clock that stands still and turns that the test runs. */
class GrowingTest {
    private final Deque<Runnable> turns = new ArrayDeque<>();
    private Instant now = Instant.EPOCH;
    private final Clock clock = ((InstantSource) () -> now).withZone(ZoneOffset.UTC);
    private final Member.Subscriber subscriber = new Member.Subscriber() {
        @Override
        public void ready() {}

        @Override
        public void fellBehind() {}
    };
    private final Room room = room(Samples.limits(20_000, 0, Overflow.DROP_OLDEST, Duration.ZERO));

    private Room room(RoomLimits limits) {
        Room made = Samples.room(limits, turns::add, clock);
        runTurns();
        return made;
    }

    private void runTurns() {
        while (!turns.isEmpty()) {
            turns.poll().run();
        }
    }

    private static Draft draft(String text, Standing standing) {
        return new Draft("Ann", "ann", Content.text(text, text.length()), null, standing);
    }

    private Outcome open(String text) {
        List<Outcome> outcomes = new ArrayList<>();
        room.publish(draft(text, Standing.NONE.with(Standing.Growth.OPEN)), outcomes::add);
        runTurns();
        return outcomes.get(0);
    }

    private Outcome change(ChangeDraft change) {
        List<Outcome> outcomes = new ArrayList<>();
        room.change(change, outcomes::add);
        runTurns();
        return outcomes.get(0);
    }

    private Outcome append(long of, String text, boolean isLast) {
        return change(new ChangeDraft.Append(
                of, draft(text, Standing.NONE), ChangeDraft.Right.OWN, isLast, Integer.MAX_VALUE));
    }

    private Member member(Format format, int history) {
        Member member = Samples.join(room, subscriber, format, null, Samples.start(room, history), null)
                .member();
        runTurns();
        return member;
    }

    /** Takes what there is; presence left out. */
    private List<JsonObject> take(Member member) {
        List<JsonObject> events = new ArrayList<>();
        for (Frame next = member.next(); next != null; next = member.next()) {
            for (String line : ((Frame.Text) next).text().split("\n")) {
                JsonObject event = parse(line);
                if (event.getString("type").equals("message")) {
                    events.add(event);
                }
            }
        }
        return events;
    }

    private static String grown(List<JsonObject> events) {
        StringBuilder text = new StringBuilder();
        for (JsonObject event : events) {
            if (event.containsKey("append")) {
                assertThat(event.getInt("start")).isEqualTo(text.length());
                text.append(event.getString("append"));
            } else {
                text.append(event.getString("text"));
            }
        }
        return text.toString();
    }

    @Test
    void aMemberThatReadsAtATenthOfThePaceGetsATenthOfTheEventsAndTheSameText() {
        Member fast = member(Format.JSON, 0);
        Member slow = member(Format.JSON, 0);
        List<JsonObject> byFast = new ArrayList<>();
        List<JsonObject> bySlow = new ArrayList<>();
        open("It is");
        byFast.addAll(take(fast));
        bySlow.addAll(take(slow));
        StringBuilder whole = new StringBuilder("It is");
        for (int i = 1; i <= 1_000; i++) {
            whole.append(" ").append(i);
            append(1, " " + i, i == 1_000);
            byFast.addAll(take(fast));
            if (i % 10 == 0) {
                bySlow.addAll(take(slow));
            }
        }
        assertThat(byFast).hasSize(1_001);
        assertThat(bySlow).hasSize(101);
        assertThat(grown(byFast)).isEqualTo(whole.toString());
        assertThat(grown(bySlow)).isEqualTo(whole.toString());
        assertThat(bySlow.get(100).getBoolean("final")).isTrue();
        assertThat(bySlow.get(99).containsKey("final")).isFalse();
        assertThat(bySlow.get(100).getInt("changes")).isEqualTo(1);
    }

    @Test
    void aMemberThatComesInTheMiddleGetsTheWholeSoFarOnce() {
        open("a");
        append(1, "b", false);
        Samples.publish(room, "between");
        append(1, "c", false);
        runTurns();
        Member late = member(Format.JSON, 2);
        List<JsonObject> events = take(late);
        assertThat(events).hasSize(2);
        assertThat(events.get(0).getString("text")).isEqualTo("abc");
        assertThat(events.get(0).getBoolean("open")).isTrue();
        assertThat(events.get(1).getString("text")).isEqualTo("between");
        append(1, "d", true);
        List<JsonObject> more = take(late);
        assertThat(more).hasSize(1);
        assertThat(more.get(0).getInt("start")).isEqualTo(3);
    }

    @Test
    void piecesStandInThePlaceOfTheFirstSoThatAClientThatIsCutBetweenTwoEventsMissesNone() {
        Member member = member(Format.JSON, 0);
        open("a");
        take(member);
        append(1, "b", false);
        Samples.publish(room, "between");
        append(1, "c", false);
        List<JsonObject> events = take(member);
        assertThat(events).extracting(event -> event.getInt("seq")).containsExactly(2, 3);
        assertThat(events.get(0).getString("append")).isEqualTo("bc");
    }

    @Test
    void anEditReplacesWhatThereIsAndPiecesGoOnBehindIt() {
        Member member = member(Format.JSON, 0);
        open("abc");
        take(member);
        append(1, "def", false);
        change(new ChangeDraft.Edit(1, draft("X", Standing.NONE), ChangeDraft.Right.OWN));
        append(1, "Y", true);
        List<JsonObject> events = take(member);
        assertThat(events).extracting(event -> event.getInt("seq")).containsExactly(3, 4);
        assertThat(events.get(0).getString("text")).isEqualTo("X");
        assertThat(events.get(0).getBoolean("open")).isTrue();
        assertThat(events.get(1).getInt("start")).isEqualTo(1);
        assertThat(events.get(1).getString("append")).isEqualTo("Y");
        assertThat(room.log().ring().find(1).orElseThrow().content().text()).isEqualTo("XY");
        assertThat(room.log().growing().count()).isZero();
    }

    @Test
    void aRemovalTakesAllPiecesFromMemory() {
        open("secret");
        append(1, "secret", false);
        append(1, "secret", true);
        change(ChangeDraft.Removal.by(1, draft("", Standing.NONE), ChangeDraft.Right.OWN));
        for (long place = 1; place <= room.log().ring().head(); place++) {
            assertThat(String.valueOf(room.log().ring().read(place))).doesNotContain("secret");
        }
        assertThat(append(1, "more", false)).isInstanceOf(Outcome.NotFound.class);
    }

    @Test
    void anEditToDataEndsTheGrowth() {
        open("a");
        Draft data = new Draft("Ann", "ann", new Content(Content.Kind.DATA, "[1]", 3), null);
        change(new ChangeDraft.Edit(1, data, ChangeDraft.Right.OWN));
        assertThat(append(1, "b", false)).isInstanceOf(Outcome.NotFound.class);
        assertThat(room.log().growing().count()).isZero();
    }

    @Test
    void aMessageToWhichNothingIsAppendedIsMadeFinal() {
        open("a");
        now = now.plusSeconds(50);
        append(1, "b", false);
        now = now.plusSeconds(59);
        room.sweep(now.toEpochMilli() * 1_000_000);
        assertThat(room.log().growing().count()).isEqualTo(1);
        assertThat(room.closeIfDeserted(now.toEpochMilli() * 1_000_000, false))
                .as("an author may come back")
                .isFalse();
        now = now.plusSeconds(1);
        room.sweep(now.toEpochMilli() * 1_000_000);
        room.sweep(now.toEpochMilli() * 1_000_000);
        runTurns();
        assertThat(room.log().growing().count()).isZero();
        List<JsonObject> events = take(member(Format.JSON, 1));
        assertThat(events).hasSize(1);
        assertThat(events.get(0).getString("text")).isEqualTo("ab");
        assertThat(events.get(0).containsKey("open")).isFalse();
        assertThat(room.log().ring().head()).as("once").isEqualTo(3);
        assertThat(append(1, "c", false)).isInstanceOf(Outcome.NotFound.class);
    }

    @Test
    void aRoomHasAsManyOpenMessagesAsItMay() {
        for (int i = 1; i <= GrowthLimits.DEFAULT.messages(); i++) {
            assertThat(open("a")).isInstanceOf(Outcome.Published.class);
        }
        assertThat(open("one more")).isInstanceOf(Outcome.Full.class);
        append(7, "", true);
        assertThat(open("now")).isInstanceOf(Outcome.Published.class);
        assertThat(room.log().growing().count()).isEqualTo(GrowthLimits.DEFAULT.messages());
    }

    /** The closing was behind the piece in the store's queue, and made the message final all the same. */
    @Test
    void aMessageThatHasGrownMeanwhileStaysOpen() {
        open("a");
        append(1, "b", false);
        assertThat(change(new ChangeDraft.Closing(1, 0))).isInstanceOf(Outcome.Refused.class);
        assertThat(append(1, "c", false)).isInstanceOf(Outcome.Published.class);
        assertThat(change(new ChangeDraft.Closing(1, 3))).isEqualTo(new Outcome.Published(4, false));
    }

    @Test
    void theSweepClosesWhatItHasSeenAndAsksAgainWhereThatHasGrown() {
        List<ChangeDraft> asked = new ArrayList<>();
        Growing growing = new Growing(GrowthLimits.DEFAULT, clock, () -> now.toEpochMilli(), (change, then) -> {
            asked.add(change);
            then.accept(new Outcome.Refused("it has grown"));
        });
        growing.opened(Map.of(4L, new RoomStore.Open(7, 0)));
        now = now.plusSeconds(60);
        growing.sweep();
        growing.sweep();
        assertThat(asked).containsExactly(new ChangeDraft.Closing(4, 7));
        assertThat(growing.count()).isOne();
        now = now.plusSeconds(60);
        growing.sweep();
        assertThat(asked).hasSize(2);
    }

    /** Clients that fold what a page has, entry by entry, opened the message again and cut it. */
    @Test
    void aPageHasNoEditOfAMessageThatHasGrownSince() {
        open("abc");
        change(new ChangeDraft.Edit(1, draft("X", Standing.NONE), ChangeDraft.Right.OWN));
        append(1, "Y", true);
        assertThat(textsAfter(0)).containsExactly("XY");
        assertThat(textsAfter(1)).as("without the message").hasSize(2).endsWith("Y");
    }

    private List<String> textsAfter(long seq) {
        List<History.Page> pages = new ArrayList<>();
        room.read(null, History.Range.withChangesAfter(seq, 10), pages::add);
        return pages.get(0).messages().stream()
                .map(message -> message.content().text())
                .toList();
    }

    @Test
    void plainMembersGetAMessageOnceItIsFinal() {
        Member plain = member(Format.PLAIN, 0);
        open("a");
        append(1, "b", false);
        assertThat(plain.next()).isNull();
        change(new ChangeDraft.Edit(1, draft("X", Standing.NONE), ChangeDraft.Right.OWN));
        assertThat(plain.next()).as("while it grows").isNull();
        append(1, "Y", true);
        assertThat(plain.next()).isEqualTo(new Frame.Text("Ann: XY"));
        Member late = member(Format.PLAIN, 1);
        assertThat(late.next()).isEqualTo(new Frame.Text("Ann: XY"));
        assertThat(late.next()).isNull();
        change(new ChangeDraft.Edit(1, draft("Z", Standing.NONE), ChangeDraft.Right.OWN));
        assertThat(plain.next()).isEqualTo(new Frame.Text("Ann: Z (edited)"));
        Member later = member(Format.PLAIN, 1);
        assertThat(later.next()).isEqualTo(new Frame.Text("Ann: Z"));
        assertThat(later.next()).isNull();
    }

    /** With the limit of other changes an answer of 1,000 tokens pushed all messages before it out, and then itself. */
    @Test
    void aMessageThatGrowsTokenByTokenPushesNoOtherOut() {
        Room small = room(Samples.limits(2, 0, Overflow.DROP_OLDEST, Duration.ZERO));
        Samples.publish(small, "before");
        Standing open = Standing.NONE.with(Standing.Growth.OPEN);
        small.publish(draft("a", open), outcome -> {});
        for (int i = 0; i < 5_000; i++) {
            Draft piece = draft("b", Standing.NONE);
            small.change(new ChangeDraft.Append(2, piece, ChangeDraft.Right.OWN, false, 10_000), outcome -> {});
        }
        assertThat(small.log().ring().find(1)).isPresent();
        assertThat(small.log().ring().find(2).orElseThrow().content().bytes()).isEqualTo(5_001);
    }

    @Test
    void memoryHoldsEachPieceOnceAndForgetsAll() {
        open("a");
        for (int i = 0; i < 100; i++) {
            append(1, "b", i == 99);
        }
        assertThat(room.log().ring().find(1).orElseThrow().content().bytes()).isEqualTo(101);
        room.forget();
        assertThat(room.log().bytes()).isZero();
    }
}

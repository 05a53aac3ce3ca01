package parley.room;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;
import parley.delivery.Frame;
import parley.delivery.StreamEvent;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.RoomName;

/** What a member takes that reads an event stream, with turns that the test runs. */
class EventMemberTest {
    private static final Member.Subscriber NOBODY = new Member.Subscriber() {
        @Override
        public void ready() {}

        @Override
        public void fellBehind() {}
    };

    private final Deque<Runnable> turns = new ArrayDeque<>();
    private final Room room = room(Samples.limits(10, 0, Overflow.DROP_OLDEST, Duration.ZERO));

    private Room room(RoomLimits limits) {
        return Samples.room(limits, turns::add, Clock.systemUTC());
    }

    private void runTurns() {
        while (!turns.isEmpty()) {
            turns.poll().run();
        }
    }

    private static Member reader(Room room, long from) {
        return Samples.join(room, NOBODY, Format.EVENTS, null, from, null).member();
    }

    private void publish(Room in, int count) {
        for (int i = 0; i < count; i++) {
            Samples.publish(in, "m");
        }
        runTurns();
    }

    private static List<StreamEvent> take(Member member) {
        List<StreamEvent> taken = new ArrayList<>();
        for (Frame next = member.next(); next != null; next = member.next()) {
            taken.addAll(((Frame.Events) next).events());
        }
        return taken;
    }

    private static String id(Room room, long seq) {
        return room.log().beginning().epoch() + ":" + seq;
    }

    @Test
    void eachMessageIsAnEventWithItsOwnIdAndTheLineOfJsonMembers() {
        Member reader = reader(room, 1);
        Member json = Samples.json(room, NOBODY, 1);
        publish(room, 3);
        List<StreamEvent> events = take(reader);
        assertThat(events).extracting(StreamEvent::id).containsExactly(id(room, 1), id(room, 2), id(room, 3));
        assertThat(events)
                .extracting(StreamEvent::type)
                .as("what onmessage gets")
                .containsOnlyNulls();
        String lines = ((Frame.Text) json.next()).text();
        assertThat(events).extracting(StreamEvent::data).containsExactly(lines.split("\n"));
    }

    @Test
    void readersAtTheSamePlaceShareAFrameAndJsonMembersTheLines() {
        Member one = reader(room, 1);
        Member other = reader(room, 1);
        Samples.join(room, NOBODY, Format.JSON, null, 1, null);
        publish(room, 2);
        Frame shared = one.next();
        assertThat(other.next()).isSameAs(shared);
        Member later = reader(room, 2);
        StreamEvent again = take(later).get(0);
        assertThat(again.data())
                .as("the same string: encoded once")
                .isSameAs(((Frame.Events) shared).events().get(1).data());
    }

    @Test
    void aGapMovesThePositionAndComesBeforeWhatFollows() {
        Member reader = reader(room, 1);
        publish(room, 1);
        Frame underWay = reader.next();
        assertThat(underWay).isNotNull();
        publish(room, 15);
        reader.frameUnderWay(Samples.SLOW_AFTER.toNanos());
        publish(room, 5);
        List<StreamEvent> events = take(reader);
        assertThat(events.get(0).type()).isEqualTo("gap");
        assertThat(events.get(0).data()).contains("\"after\":1,\"before\":12,\"missed\":10");
        assertThat(events.get(0).id()).isEqualTo(id(room, 11));
        assertThat(events.get(1).id()).isEqualTo(id(room, 12));
        assertThat(events).hasSize(11);
    }

    @Test
    void presenceAndSignalsAreEventsThatDoNotMoveThePosition() {
        Member reader = reader(room, 1);
        Samples.join(room, NOBODY, Format.JSON, "Ann", 1, null);
        room.sweep(0);
        runTurns();
        room.signal(new Draft("Ann", new Content(Content.Kind.DATA, "1", 1), null));
        runTurns();
        List<StreamEvent> events = take(reader);
        assertThat(events).extracting(StreamEvent::type).containsExactly("presence", "signal");
        assertThat(events).extracting(StreamEvent::id).containsOnlyNulls();
        assertThat(events.get(0).data()).contains("\"joined\":[\"Ann\"]");
    }

    @Test
    void messagesFromTheStoreHaveIdsTooAndANewHistoryIsAJoinedWithAPositionInIt() {
        RoomLimits limits = Samples.stored(10, 0, Overflow.DROP_OLDEST, 100);
        FakeStore store = new FakeStore().keep(3);
        RoomRegistry rooms = new RoomRegistry(
                limits, name -> limits, 9, name -> store, 1 << 20, (took, since) -> {}, turns::add, Clock.systemUTC());
        List<Joined> joined = new ArrayList<>();
        Member reader = Samples.member(
                rooms.join(RoomName.LOBBY, new Start.After("fake", 1), NOBODY, Format.EVENTS, null, now -> {
                    joined.add(now);
                    now.member().begin();
                }));
        assertThat(takeAll(reader, store)).extracting(StreamEvent::id).containsExactly("fake:2", "fake:3");
        assertThat(joined).extracting(Joined::after).containsExactly(1L);
        store.beginAnew("other");
        rooms.publish(RoomName.LOBBY, Samples.line(null, "first of another history"), outcome -> {});
        List<StreamEvent> events = takeAll(reader, store);
        assertThat(events).extracting(StreamEvent::type).containsExactly("joined", null);
        assertThat(events).extracting(StreamEvent::id).containsExactly("other:0", "other:1");
    }

    private List<StreamEvent> takeAll(Member reader, FakeStore store) {
        List<StreamEvent> taken = new ArrayList<>();
        boolean isWorking = true;
        while (isWorking) {
            isWorking = !turns.isEmpty() || !store.toDo.isEmpty();
            store.run();
            runTurns();
            List<StreamEvent> some = take(reader);
            taken.addAll(some);
            isWorking |= !some.isEmpty();
        }
        return taken;
    }
}

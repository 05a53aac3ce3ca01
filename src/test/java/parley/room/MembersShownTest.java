package parley.room;

import static org.assertj.core.api.Assertions.assertThat;
import static parley.testclient.JsonClient.parse;
import static parley.testclient.JsonClient.quoted;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;
import parley.delivery.Frame;
import parley.protocol.Content;
import parley.protocol.RoomName;

/** What members are sent of each other's users and states, with a clock that stands still. */
class MembersShownTest {
    private final Deque<Runnable> turns = new ArrayDeque<>();
    private Instant now = Instant.EPOCH;
    private final Clock clock = ((InstantSource) () -> now).withZone(ZoneOffset.UTC);

    private record Session(String user) implements Member.Subscriber {
        @Override
        public void ready() {}

        @Override
        public void fellBehind() {}
    }

    private Room room(Duration interval, int batchBytes) {
        Room room = Samples.room(Samples.limits(1_000, interval, batchBytes), turns::add, clock);
        runTurns();
        return room;
    }

    private void runTurns() {
        while (!turns.isEmpty()) {
            turns.poll().run();
        }
    }

    private static Member join(Room room, String user, String name) {
        return Samples.join(room, new Session(user), Format.JSON, name, 1, null).member();
    }

    private void pass(Room room, int millis) {
        now = now.plusMillis(millis);
        room.tellPresence(nanos());
        runTurns();
    }

    private static String next(Member member) {
        return member.next() instanceof Frame.Text text ? text.text() : null;
    }

    private static Content state(String json) {
        return new Content(Content.Kind.DATA, quoted(json), json.length());
    }

    @Test
    void aSecondConnectionOfAUserChangesItsEntryAndNoNames() {
        Room room = room(Duration.ofMillis(250), 1 << 16);
        Member bob = join(room, null, "Bob");
        join(room, "7", "Ann");
        pass(room, 250);
        assertThat(next(bob))
                .isEqualTo(quoted("{'type':'presence','room':'lobby','joined':['Bob','Ann'],'left':[],'count':2,"
                        + "'members':[{'user':'7','name':'Ann','connections':1}]}"));
        Member tab = join(room, "7", "Ann");
        pass(room, 250);
        assertThat(next(bob))
                .isEqualTo(quoted("{'type':'presence','room':'lobby','joined':[],'left':[],'count':3,"
                        + "'members':[{'user':'7','name':'Ann','connections':2}]}"));
        tab.rename("Anna");
        pass(room, 250);
        assertThat(next(bob))
                .isEqualTo(quoted("{'type':'presence','room':'lobby','joined':['Anna'],'left':['Ann'],'count':3,"
                        + "'members':[{'user':'7','name':'Anna','connections':2}]}"));
    }

    /** Nothing else is in what clients are sent where nobody is a user: older clients see what they always saw. */
    @Test
    void aLabelIsAnEntryOnlyWhileItShowsAState() {
        Room room = room(Duration.ofMillis(250), 1 << 16);
        Member bob = join(room, null, "Bob");
        pass(room, 250);
        assertThat(next(bob))
                .isEqualTo(quoted("{'type':'presence','room':'lobby','joined':['Bob'],'left':[],'count':1}"));
        room.show(bob, state("{'n':1.0}"));
        pass(room, 250);
        assertThat(next(bob))
                .isEqualTo(quoted("{'type':'presence','room':'lobby','joined':[],'left':[],'count':1,"
                        + "'members':[{'name':'Bob','connections':1,'state':{'n':1.0}}]}"));
        room.show(bob, null);
        pass(room, 250);
        assertThat(next(bob))
                .isEqualTo(quoted(
                        "{'type':'presence','room':'lobby','joined':[],'left':[],'count':1,'gone':[{'name':'Bob'}]}"));
    }

    @Test
    void anyNumberOfStatesIsOneEventAnIntervalAndAllMembersShareIt() {
        Room room = room(Duration.ofMillis(20), 1 << 16);
        Member ann = join(room, "7", "Ann");
        Member bob = join(room, "8", "Bob");
        pass(room, 20);
        ann.next();
        bob.next();
        int events = 0;
        String last = "";
        for (int i = 0; i < 1_000; i++) { // one a millisecond
            room.show(i % 2 == 0 ? ann : bob, state("{'n':" + i + "}"));
            pass(room, 1);
            Frame next = ann.next();
            if (next instanceof Frame.Text text) {
                events++;
                last = text.text();
                assertThat(bob.next()).isSameAs(next);
            }
        }
        assertThat(events).isEqualTo(50);
        assertThat(last).contains("998", "999");
    }

    @Test
    void whatDoesNotFitAnEventComesWithTheNext() {
        Room room = room(Duration.ofMillis(20), 4_096);
        Member ann = join(room, "7", "Ann");
        for (int i = 0; i < 20; i++) {
            Member one = join(room, "u" + i, null);
            room.show(one, state("{'n':'" + "x".repeat(900) + "'}"));
        }
        int told = 0;
        for (int i = 0; i < 20 && told < 21; i++) {
            pass(room, 20);
            String event = next(ann);
            assertThat(event.length()).isLessThan(4_096 + 500);
            told += parse(event).getJsonArray("members").size();
        }
        assertThat(told).isEqualTo(21);
        pass(room, 20);
        assertThat(next(ann)).isNull();
    }

    @Test
    void aMemberThatWasBehindGetsAllStates() {
        Room room = room(Duration.ofMillis(20), 1 << 16);
        Member ann = join(room, "7", "Ann");
        Member bob = join(room, "8", "Bob");
        for (int i = 0; i < 3; i++) {
            room.show(bob, state("{'n':" + i + "}"));
            pass(room, 20);
        }
        assertThat(parse(next(ann)).getJsonArray("members"))
                .hasToString(quoted("[{'user':'7','name':'Ann','connections':1},"
                        + "{'user':'8','name':'Bob','connections':1,'state':{'n':2}}]"));
        assertThat(ann.next()).isNull();
    }

    @Test
    void whoComesBackInTimeNeitherLeftNorJoined() {
        Room room = room(Duration.ofMillis(250), 1 << 16);
        Member ann = join(room, "7", "Ann");
        Member bob = join(room, null, "Bob");
        pass(room, 250);
        ann.next();
        room.leave(bob, Departure.LOST);
        pass(room, 250);
        assertThat(next(ann))
                .isEqualTo(quoted("{'type':'presence','room':'lobby','joined':[],'left':[],'count':2,"
                        + "'members':[{'name':'Bob','connections':0,'away':true}]}"));
        pass(room, 9_000);
        join(room, null, "Bob");
        pass(room, 250);
        assertThat(next(ann))
                .isEqualTo(quoted(
                        "{'type':'presence','room':'lobby','joined':[],'left':[],'count':2,'gone':[{'name':'Bob'}]}"));
    }

    @Test
    void whoDoesNotComeBackLeaves() {
        Room room = room(Duration.ofMillis(250), 1 << 16);
        Member ann = join(room, "7", "Ann");
        Member bob = join(room, "8", "Bob");
        pass(room, 250);
        ann.next();
        room.leave(bob, Departure.LOST);
        pass(room, 250);
        ann.next();
        pass(room, 10_000);
        assertThat(next(ann))
                .isEqualTo(quoted("{'type':'presence','room':'lobby','joined':[],'left':['Bob'],'count':1,"
                        + "'gone':[{'user':'8'}]}"));
        Member cay = join(room, "9", "Cay");
        pass(room, 250);
        ann.next();
        cay.leave();
        pass(room, 250);
        assertThat(next(ann)).contains(quoted("'left':['Cay']"));
    }

    @Test
    void aRoomStaysForThoseWhoAreAway() {
        Room room = room(Duration.ofMillis(250), 1 << 16);
        Member ann = join(room, "7", "Ann");
        room.leave(ann, Departure.LOST);
        pass(room, 250);
        assertThat(room.closeIfDeserted(nanos(), false)).isFalse();
        pass(room, 10_000);
        assertThat(room.closeIfDeserted(nanos(), false)).isTrue();
    }

    @Test
    void whenRoomsAreScarceThoseWhoAreAwayKeepNoneAndTakeNoMemory() {
        Room room = room(Duration.ofMillis(250), 1 << 16);
        Member ann = join(room, "7", "Ann");
        room.leave(ann, Departure.LOST);
        assertThat(room.tally().presence().aways().bytes()).isPositive();
        assertThat(room.closeIfDeserted(nanos(), true)).isTrue();
        assertThat(room.tally().presence().aways().bytes()).isZero();
    }

    /** It is not held up: a listener is told of each that left at once too. */
    @Test
    void aRoomIsEmptyForListenersAsSoonAsNobodyIsConnected() {
        List<String> heard = new ArrayList<>();
        TurnObserver observer = new TurnObserver() {
            @Override
            public RoomWatch watch() {
                return new RoomWatch() {
                    @Override
                    public void left(RoomName room, String name) {
                        heard.add(name + " left");
                    }

                    @Override
                    public void emptied(RoomName room) {
                        heard.add(room.value() + " empty");
                    }
                };
            }

            @Override
            public void turned(long tookNanos, long sincePublishedNanos) {}
        };
        Room room = new Room(
                RoomName.LOBBY,
                Samples.limits(1_000, Duration.ofMillis(250), 1 << 16),
                new LogBudget(Long.MAX_VALUE, () -> {}),
                new Tally(),
                observer,
                turns::add,
                clock,
                clock::millis);
        room.open(new MemoryStore());
        Member ann = join(room, "7", "Ann");
        Member bob = join(room, "8", "Bob");
        room.leave(bob, Departure.LOST);
        room.leave(ann, Departure.LOST);
        pass(room, 20_000);
        pass(room, 20_000);
        assertThat(heard).containsExactly("Bob left", "Ann left", "lobby empty");
    }

    private long nanos() {
        return now.toEpochMilli() * 1_000_000;
    }
}

package parley.room;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import parley.protocol.Attendee;
import parley.protocol.Content;

/** Entries of presence, of this node and of others. */
class AttendeesTest {
    private static final Object ONE = "one";
    private static final Object TWO = "two";
    private static final RoomLimits LIMITS = Samples.limits(1_000, Duration.ofMillis(250), 1 << 16);
    private static final long SECOND = 1_000_000_000L;

    private long now = 1_000;
    private int changes;
    private final Map<String, Attendee> entries = new TreeMap<>();
    private final PresenceBytes bytes = bytes(1 << 20, 1 << 20);
    private final SharedBytes stateBytes = bytes.states();
    private final Attendees attendees = new Attendees(LIMITS, bytes, () -> now, (key, before, after) -> {
        changes++;
        assertThat(entries.get(key)).isEqualTo(before);
        if (after == null) {
            entries.remove(key);
        } else {
            entries.put(key, after);
        }
    });

    private static PresenceBytes bytes(long states, long aways) {
        return new PresenceBytes(new SharedBytes(states), new SharedBytes(aways));
    }

    private static RoomStore.Present users(int count, Map<String, RoomStore.User> users) {
        return new RoomStore.Present(count, Map.of(), true, users, Map.of(), Set.of());
    }

    @Test
    void connectionsOfAUserAreOneEntryAndThoseOfALabelAnother() {
        attendees.joined("7", "Ann");
        attendees.joined("7", "Ann");
        attendees.joined(null, "Ann");
        attendees.joined(null, null);
        assertThat(entries.values()).containsExactly(new Attendee(null, "Ann", 1), new Attendee("7", "Ann", 2));
        assertThat(List.of(attendees.count(), attendees.entries())).containsExactly(4, 2);
        attendees.left(ONE, "7", "Ann", Departure.LEFT);
        attendees.left(ONE, null, null, Departure.LEFT);
        assertThat(entries.values()).containsExactly(new Attendee(null, "Ann", 1), new Attendee("7", "Ann", 1));
        attendees.left(ONE, "7", "Ann", Departure.LEFT);
        attendees.left(ONE, null, "Ann", Departure.LEFT);
        assertThat(entries).isEmpty();
        assertThat(attendees.count()).isZero();
    }

    @Test
    void aUserIsCalledWhatItWasCalledLast() {
        attendees.joined("7", null);
        assertThat(entries.values()).containsExactly(new Attendee("7", null, 1));
        attendees.joined("7", "Ann");
        attendees.renamed(ONE, "7", null, "Anna");
        assertThat(entries.values()).containsExactly(new Attendee("7", "Anna", 2));
        attendees.left(ONE, "7", "Anna", Departure.LEFT);
        assertThat(entries.values()).as("as long as it is there").containsExactly(new Attendee("7", "Anna", 1));
    }

    @Test
    void ofNamesOnSeveralNodesTheLatestCountsAndOfTwoOfOneTimeTheGreater() {
        attendees.joined("7", "Ann");
        attendees.present("b", users(1, Map.of("7", new RoomStore.User(1, "Bea", 999, null))));
        assertThat(entries.values()).containsExactly(new Attendee("7", "Ann", 2));
        attendees.present("b", users(2, Map.of("7", new RoomStore.User(2, "Bea", 1_000, null))));
        assertThat(entries.values()).containsExactly(new Attendee("7", "Bea", 3));
        attendees.present("c", users(1, Map.of("7", new RoomStore.User(1, "Abe", 1_000, null))));
        assertThat(entries.values()).containsExactly(new Attendee("7", "Bea", 4));
        attendees.present("b", RoomStore.Present.NOBODY);
        assertThat(entries.values()).containsExactly(new Attendee("7", "Ann", 2));
        attendees.left(ONE, "7", "Ann", Departure.LEFT);
        assertThat(entries.values()).containsExactly(new Attendee("7", "Abe", 1));
        assertThat(attendees.count()).isOne();
    }

    /** A clock that stands still, or is set back, must not let an earlier name win. */
    @Test
    void aLaterNameHasALaterTimeWhateverTheClockSays() {
        attendees.joined("7", "Ann");
        long first = attendees.here(9).users().get("7").namedAt();
        now = 500;
        attendees.renamed(ONE, "7", "Ann", "Abe");
        RoomStore.User here = attendees.here(9).users().get("7");
        assertThat(here.name()).isEqualTo("Abe");
        assertThat(here.namedAt()).isGreaterThan(first);
    }

    @Test
    void whatANodeSaysAgainChangesNothing() {
        RoomStore.Present there = new RoomStore.Present(
                3, Map.of("Ann", 2), true, Map.of("7", new RoomStore.User(1, "Bea", 1, null)), Map.of(), Set.of());
        attendees.present("b", there);
        int before = changes;
        attendees.present("b", there);
        assertThat(changes).isEqualTo(before);
        assertThat(attendees.count()).isEqualTo(3);
    }

    @Test
    void ofMoreThanAllowedOtherNodesAreToldSomeAndThatTheyAreNotAll() {
        for (int i = 0; i < 4; i++) {
            attendees.joined(i % 2 == 0 ? "u" + i : null, "n" + i);
        }
        assertThat(attendees.here(4).isWhole()).isTrue();
        RoomStore.Present some = attendees.here(3);
        assertThat(some.isWhole()).isFalse();
        assertThat(some.count()).isEqualTo(4);
        assertThat(some.names().size() + some.users().size()).isEqualTo(3);
    }

    private static Content state(String text) {
        return new Content(Content.Kind.DATA, text, text.length());
    }

    private String shown(String key) {
        Content state = entries.get(key).state();
        return state == null ? null : state.text();
    }

    @Test
    void anEntryShowsTheStateThatWasSetLastOfTheConnectionsThatAreThere() {
        attendees.joined("7", "Ann");
        attendees.joined("7", "Ann");
        attendees.show(ONE, "7", "Ann", state("{1}"));
        attendees.show(TWO, "7", "Ann", state("{2}"));
        assertThat(shown("@7")).isEqualTo("{2}");
        attendees.show(TWO, "7", "Ann", null);
        assertThat(shown("@7")).as("of the other connection").isEqualTo("{1}");
        attendees.show(TWO, "7", "Ann", state("{3}"));
        attendees.left(TWO, "7", "Ann", Departure.LEFT);
        assertThat(shown("@7")).isEqualTo("{1}");
        attendees.replaced(ONE, TWO, "7", "Ann");
        attendees.show(ONE, "7", "Ann", null);
        assertThat(shown("@7")).as("now it is the other's").isEqualTo("{1}");
        attendees.left(TWO, "7", "Ann", Departure.LEFT);
        assertThat(entries).isEmpty();
        assertThat(stateBytes.bytes()).isZero();
    }

    @Test
    void aLabelTakesItsStateAlongToAnotherName() {
        attendees.joined(null, "Ann");
        attendees.joined(null, "Ann");
        attendees.show(ONE, null, "Ann", state("{1}"));
        attendees.renamed(ONE, null, "Ann", "Bob");
        assertThat(shown("=Ann")).isNull();
        assertThat(shown("=Bob")).isEqualTo("{1}");
        assertThat(attendees.show(ONE, null, null, state("{1}"))).isEqualTo(Shown.NAMELESS);
        attendees.left(ONE, null, "Bob", Departure.LEFT);
        assertThat(stateBytes.bytes()).isZero();
    }

    @Test
    void ofStatesOnSeveralNodesTheLatestIsShown() {
        attendees.joined(null, "Ann");
        attendees.show(ONE, null, "Ann", state("{1}"));
        attendees.present("b", ofAnn("{b}", 1_001));
        assertThat(shown("=Ann")).isEqualTo("{b}");
        attendees.present("c", ofAnn("{a}", 1_001));
        assertThat(shown("=Ann")).isEqualTo("{b}");
        attendees.present("b", ofAnn("{b}", 900));
        assertThat(shown("=Ann")).isEqualTo("{a}");
        attendees.present("c", RoomStore.Present.NOBODY);
        assertThat(shown("=Ann")).isEqualTo("{1}");
        assertThat(attendees.here(9).states().get("Ann").content().text()).isEqualTo("{1}");
    }

    private static RoomStore.Present ofAnn(String state, long at) {
        return new RoomStore.Present(
                1, Map.of("Ann", 1), true, Map.of(), Map.of("Ann", new RoomStore.State(state(state), at)), Set.of());
    }

    @Test
    void statesOfARoomAreBoundedAndSoAreThoseOfAnEntry() {
        Content large = state("{" + " ".repeat(1022) + "}");
        int set = 0;
        for (int i = 0; i < 300; i++) {
            attendees.joined("u" + i, null);
            set += attendees.show("c" + i, "u" + i, null, large) == Shown.DONE ? 1 : 0;
        }
        assertThat(set).isEqualTo(256 * 1024 / (1024 + 128));
        assertThat(stateBytes.bytes()).isEqualTo(set * (1024L + 128));
        assertThat(attendees.show("c0", "u0", null, large))
                .as("in place of its own")
                .isEqualTo(Shown.DONE);
        for (int i = 0; i < 300; i++) {
            attendees.left("c" + i, "u" + i, null, Departure.LEFT);
        }
        assertThat(stateBytes.bytes()).isZero();
        for (int i = 0; i < 1_000; i++) {
            attendees.joined(null, "Ann");
            assertThat(attendees.show("c" + i, null, "Ann", large)).isEqualTo(Shown.DONE);
        }
        assertThat(stateBytes.bytes()).as("eight").isEqualTo(8 * (1024L + 128));
        for (int i = 999; i >= 992; i--) {
            assertThat(shown("=Ann")).isNotNull();
            attendees.left("c" + i, null, "Ann", Departure.LEFT);
        }
        assertThat(shown("=Ann")).isNull();
        assertThat(stateBytes.bytes()).isZero();
    }

    @Test
    void statesOfAllRoomsAreBounded() {
        PresenceBytes few = bytes(300, 0);
        Attendees one = new Attendees(LIMITS, few, () -> now, (key, before, after) -> {});
        Attendees other = new Attendees(LIMITS, few, () -> now, (key, before, after) -> {});
        one.joined(null, "Ann");
        other.joined(null, "Ann");
        assertThat(one.show(ONE, null, "Ann", state("x".repeat(100)))).isEqualTo(Shown.DONE);
        assertThat(other.show(ONE, null, "Ann", state("x"))).isEqualTo(Shown.FULL);
        one.left(ONE, null, "Ann", Departure.LEFT);
        assertThat(other.show(ONE, null, "Ann", state("x"))).isEqualTo(Shown.DONE);
    }

    private static Attendee away(String user, String name) {
        return new Attendee(user, name, 0, null, null, true);
    }

    @Test
    void anEntryThatLosesItsLastConnectionIsAwayAndCountsUntilItsTimeIsOver() {
        attendees.joined("7", "Ann");
        attendees.joined("7", "Ann");
        attendees.left(ONE, "7", "Ann", Departure.LOST);
        assertThat(entries.values()).containsExactly(new Attendee("7", "Ann", 1));
        attendees.left(TWO, "7", "Ann", Departure.LOST);
        assertThat(entries.values()).containsExactly(away("7", "Ann"));
        assertThat(attendees.count()).isOne();
        assertThat(attendees.endAways(SECOND)).as("its time begins").isFalse();
        assertThat(attendees.endAways(11 * SECOND - 1)).isFalse();
        assertThat(entries.values()).containsExactly(away("7", "Ann"));
        assertThat(attendees.endAways(11 * SECOND)).isTrue();
        assertThat(entries).isEmpty();
        assertThat(attendees.count()).isZero();
    }

    @Test
    void oneThatComesBackIsNotAwayAndItsTimeBeginsAnewTheNextTime() {
        attendees.joined(null, "Ann");
        attendees.left(ONE, null, "Ann", Departure.LOST);
        attendees.endAways(SECOND);
        attendees.joined(null, "Ann");
        assertThat(entries.values()).containsExactly(new Attendee(null, "Ann", 1));
        assertThat(attendees.count()).isOne();
        attendees.left(ONE, null, "Ann", Departure.LOST);
        attendees.endAways(5 * SECOND);
        attendees.endAways(14 * SECOND);
        assertThat(entries.values()).containsExactly(away(null, "Ann"));
        attendees.endAways(15 * SECOND);
        assertThat(entries).isEmpty();
    }

    @Test
    void oneThatGoesInOrderOrIsNobodyIsGoneAtOnce() {
        attendees.joined("7", "Ann");
        attendees.joined(null, null);
        attendees.left(ONE, null, null, Departure.LOST);
        attendees.left(ONE, "7", "Ann", Departure.LEFT);
        assertThat(entries).isEmpty();
        assertThat(attendees.count()).isZero();
    }

    /** It comes back on another node and goes there in order: that it was lost here must not show it away again. */
    @Test
    void oneThatComesBackOnAnotherNodeIsNotAwayWhenItGoesThere() {
        attendees.joined("7", "Ann");
        attendees.left(ONE, "7", "Ann", Departure.LOST);
        assertThat(attendees.here(9).users().get("7").connections()).isZero();
        attendees.present("b", users(1, Map.of("7", new RoomStore.User(1, "Ann", 1_001, null))));
        assertThat(entries.values()).containsExactly(new Attendee("7", "Ann", 1));
        assertThat(attendees.here(9).isEmpty()).isTrue();
        attendees.present("b", RoomStore.Present.NOBODY);
        assertThat(entries).isEmpty();
    }

    @Test
    void membersOfANodeThatIsLostAreAway() {
        attendees.joined("7", "Ann");
        attendees.present(
                "b",
                new RoomStore.Present(
                        4,
                        Map.of("Bob", 1),
                        true,
                        Map.of("7", new RoomStore.User(1, "Ann", 1, null), "8", new RoomStore.User(1, "Cay", 1, null)),
                        Map.of(),
                        Set.of("Dan")));
        assertThat(attendees.count()).as("Ann, four there, and Dan").isEqualTo(6);
        attendees.lost("b");
        assertThat(entries.values())
                .containsExactlyInAnyOrder(
                        new Attendee("7", "Ann", 1), away(null, "Bob"), away("8", "Cay"), away(null, "Dan"));
        assertThat(attendees.count()).isEqualTo(4);
        attendees.endAways(SECOND);
        attendees.endAways(20 * SECOND);
        assertThat(entries.values()).containsExactly(new Attendee("7", "Ann", 1));
    }

    @Test
    void noMoreAreAwayThanPresenceNames() {
        Attendees few =
                new Attendees(Samples.limits(3, Duration.ZERO, 1 << 16), bytes, () -> now, (key, before, after) -> {});
        for (int i = 0; i < 9; i++) {
            few.joined("u" + i, null);
            few.left(ONE, "u" + i, null, Departure.LOST);
        }
        assertThat(List.of(few.away(), few.entries(), few.count())).containsExactly(3, 3, 3);
    }

    @Test
    void membersOfALostNodeThatAreHereTakeNoPlaceFromThoseThatAreNot() {
        Attendees few =
                new Attendees(Samples.limits(1, Duration.ZERO, 1 << 16), bytes, () -> now, (key, before, after) -> {});
        few.joined(null, "Ann");
        few.present("b", new RoomStore.Present(1, Map.of("Ann", 1), true));
        few.present("c", new RoomStore.Present(1, Map.of("Bob", 1), true));
        few.lost("b");
        few.lost("c");
        assertThat(List.of(few.away(), few.count())).containsExactly(1, 2);
    }

    @Test
    void thoseAwayInAllRoomsAreBoundedAndGivenBack() {
        PresenceBytes few = bytes(0, 1_000);
        Attendees one = new Attendees(LIMITS, few, () -> now, (key, before, after) -> {});
        Attendees other = new Attendees(LIMITS, few, () -> now, (key, before, after) -> {});
        for (int i = 0; i < 9; i++) {
            one.joined(null, "n" + i);
            one.left(ONE, null, "n" + i, Departure.LOST);
        }
        other.joined(null, "Bob");
        other.left(ONE, null, "Bob", Departure.LOST);
        assertThat(List.of(one.away(), other.count())).containsExactly(2, 0);
        one.joined(null, "n0");
        one.endAways(SECOND);
        assertThat(few.aways().bytes()).isPositive();
        one.endAways(11 * SECOND);
        assertThat(few.aways().bytes()).isZero();
        one.left(ONE, null, "n0", Departure.LOST);
        assertThat(few.aways().bytes()).isPositive();
        one.close();
        assertThat(few.aways().bytes()).isZero();
    }

    /** One that has been seen by the sweep stands before one that has not. */
    @Test
    void eachHasItsTimeHoweverManyWentBeforeIt() {
        for (int i = 0; i < 3; i++) {
            attendees.joined(null, "n" + i);
            attendees.left(ONE, null, "n" + i, Departure.LOST);
            attendees.endAways(i * SECOND + 1);
        }
        for (int i = 0; i < 3; i++) {
            assertThat(entries).hasSize(3 - i);
            attendees.endAways((10 + i) * SECOND + 1);
        }
        assertThat(entries).isEmpty();
    }
}

package parley.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import parley.access.BadTokenException.Problem;
import parley.protocol.MemberName;
import parley.protocol.RoomPattern;
import parley.protocol.UserId;

/** Tickets: what they stand for, for how long, and how often. */
class TicketsTest {
    private static final String KEY = "a key of tickets that is long enough for all";
    private static final RoomPattern JAVA = RoomPattern.parse("java");
    private static final RoomPattern NEWS = RoomPattern.parse("news-*");
    private static final Grant ANN = new Grant(
            MemberName.parse("Ann"), List.of(JAVA, NEWS), List.of(JAVA), List.of(JAVA), true, 1_900_000_000_123L);
    private static final Grant ANN_IN_A_SESSION =
            new Grant(ANN.name(), ANN.read(), ANN.write(), List.of(), false, ANN.until());

    private long millis = 1_800_000_000_500L;
    private final Clock clock = new Clock() {
        @Override
        public ZoneId getZone() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Clock withZone(ZoneId zone) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Instant instant() {
            return Instant.ofEpochMilli(millis);
        }
    };
    private final Tickets tickets = tickets(KEY, "");

    private Tickets tickets(String key, String tokenSecret) {
        return new Tickets(
                new TicketSettings(Duration.ofSeconds(30), key, tokenSecret), () -> millis * 1_000_000, clock);
    }

    private String ticket() {
        return tickets.make(ANN).orElseThrow();
    }

    private static void isRefused(Tickets by, String ticket, Problem why) {
        assertThatThrownBy(() -> by.take(ticket))
                .isInstanceOfSatisfying(
                        BadTokenException.class, e -> assertThat(e.problem()).isEqualTo(why));
    }

    @Test
    void aTicketHasTheRightsThatASessionNeeds() throws Exception {
        assertThat(tickets.take(ticket())).isEqualTo(ANN_IN_A_SESSION);
        assertThat(tickets.take(tickets.make(Grant.ANYONE).orElseThrow())).isEqualTo(Grant.ANYONE);
    }

    @Test
    void aTicketIsOfTheUserOfItsToken() throws Exception {
        Grant ann = new Grant(new UserId("u|7"), null, List.of(JAVA), List.of(), List.of(), false, Long.MAX_VALUE);
        assertThat(tickets.take(tickets.make(ann).orElseThrow())).isEqualTo(ann);
    }

    @Test
    void aTicketIsTakenOnceAndLookedAtAnyNumberOfTimes() throws Exception {
        String ticket = ticket();
        assertThat(tickets.look(ticket)).isEqualTo(tickets.look(ticket));
        tickets.take(ticket);
        isRefused(tickets, ticket, Problem.USED);
        assertThatThrownBy(() -> tickets.look(ticket)).hasMessageContaining("has been used");
        assertThat(tickets.madeCount()).isOne();
        assertThat(tickets.takenCount()).isOne();
    }

    /** All take the same ticket at once: reading it and noting that it is taken are one step for one of them. */
    @Test
    void ofManyThatTakeOneTicketAtOnceOneSucceeds() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            for (int round = 0; round < 50; round++) {
                String ticket = ticket();
                Callable<Boolean> take = () -> {
                    try {
                        tickets.take(ticket);
                        return true;
                    } catch (BadTokenException e) {
                        return false;
                    }
                };
                int taken = 0;
                for (Future<Boolean> one : threads.invokeAll(List.of(take, take, take, take))) {
                    taken += one.get() ? 1 : 0;
                }
                assertThat(taken).isOne();
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void aTicketEndsAndIsRememberedUntilThen() throws Exception {
        String used = ticket();
        String unused = ticket();
        tickets.take(used);
        millis += 29_999;
        isRefused(tickets, used, Problem.USED);
        tickets.look(unused);
        millis += 1_000;
        isRefused(tickets, used, Problem.EXPIRED);
        isRefused(tickets, unused, Problem.EXPIRED);
    }

    /** One taken right before the memory of those taken is begun anew is remembered all the same. */
    @ParameterizedTest
    @ValueSource(ints = {0, 30_000, 60_000, 60_999, 61_000, 90_000})
    void aTicketIsRememberedWheneverItWasTaken(int begunBefore) throws Exception {
        millis += begunBefore;
        String ticket = ticket();
        tickets.take(ticket);
        for (int passed = 0; passed < 29_000; passed += 1_000) {
            isRefused(tickets, ticket, Problem.USED);
            millis += 1_000;
        }
    }

    @Test
    void aTicketOfATokenThatEndsSoonerEndsWithIt() throws Exception {
        Grant soon = new Grant(null, List.of(JAVA), List.of(), List.of(), false, millis + 5_000);
        String ticket = tickets.make(soon).orElseThrow();
        assertThat(tickets.look(ticket)).isEqualTo(soon);
        millis += 6_000;
        isRefused(tickets, ticket, Problem.EXPIRED);
    }

    @Test
    void serversWithTheSameKeyOrSecretTakeEachOthers() throws Exception {
        assertThat(tickets(KEY, "").take(ticket())).isEqualTo(ANN_IN_A_SESSION);
        String secret = "the secret of tokens that is long enough";
        String ticket = tickets("", secret).make(ANN).orElseThrow();
        assertThat(tickets("", secret).take(ticket)).isEqualTo(ANN_IN_A_SESSION);
        isRefused(tickets, ticket, Problem.UNREADABLE);
        isRefused(tickets("", ""), tickets("", "").make(ANN).orElseThrow(), Problem.UNREADABLE);
    }

    @Test
    void aTicketIsNoTokenAndATokenNoTicket() throws Exception {
        String secret = "the secret of tokens that is long enough";
        AccessSettings settings =
                new AccessSettings(secret, null, "", Duration.ofMinutes(1), "", "", Duration.ofSeconds(30));
        Tokens tokens = new Tokens(settings, Runnable::run, () -> 0, clock);
        String ticket = tickets("", secret).make(ANN).orElseThrow();
        assertThatThrownBy(() -> tokens.check(ticket)).isInstanceOf(BadTokenException.class);
        isRefused(
                tickets(secret, secret),
                parley.testclient.Token.token(parley.testclient.Token.claims("Ann", "java")),
                Problem.UNREADABLE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "\u0000", "...."})
    void whatIsNoTicketIsRefused(String word) {
        isRefused(tickets, word, Problem.UNREADABLE);
    }

    @Test
    void aLongWordIsNotLookedAt() {
        isRefused(tickets, "x".repeat(Tickets.LONGEST + 1), Problem.UNREADABLE);
    }

    @Test
    void thereIsNoTicketForMoreRoomsThanAnAddressHolds() {
        List<RoomPattern> rooms = IntStream.range(0, 100)
                .mapToObj(i -> RoomPattern.parse("x".repeat(60) + i))
                .toList();
        assertThat(tickets.make(new Grant(null, rooms, List.of(), List.of(), false, Long.MAX_VALUE)))
                .isEmpty();
    }

    @Test
    void aTicketOfAServerWhoseClockIsFarAheadIsRefused() {
        millis += 60_000;
        String ticket = ticket();
        millis -= 60_000;
        isRefused(tickets, ticket, Problem.TOO_EARLY);
    }
}

package parley.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import parley.delivery.FakeTransport;
import parley.delivery.FakeTransport.When;
import parley.protocol.MemberName;
import parley.protocol.RoomName;
import parley.room.Format;
import parley.room.Overflow;
import parley.room.RoomLimits;
import parley.room.RoomRegistry;
import parley.room.Samples;
import parley.room.Start;

/** The life of a connection, with a clock that stands still and tasks that run when they are told to. */
class ConnectionTest {
    private static final Client CLIENT = new Client("/test", null, Visitor.UNKNOWN);

    /** A thousand bytes a second. */
    private static final SessionLimits FEW_BYTES = new SessionLimits(
            1,
            Duration.ofSeconds(10),
            Duration.ofSeconds(25),
            Duration.ofSeconds(60),
            Duration.ofSeconds(5),
            1_000,
            1_000,
            1_000,
            5,
            3,
            0,
            Long.MAX_VALUE,
            1_000);

    private static final long SECOND = 1_000_000_000L;

    private final Deque<Runnable> closing = new ArrayDeque<>();
    private final Deque<Runnable> turns = new ArrayDeque<>();
    private long now = 7 * SECOND;

    private final SessionLimits limits = new SessionLimits(
            1,
            Duration.ofSeconds(10),
            Duration.ofSeconds(25),
            Duration.ofSeconds(60),
            Duration.ofSeconds(5),
            1_000,
            2_000,
            1_000,
            5,
            3,
            2,
            Long.MAX_VALUE,
            0);
    private final Sessions sessions = new Sessions(
            limits, turns::add, closing::add, () -> now, Clock.systemUTC(), Renewal.NONE, AddressLimit.NONE);
    private RoomRegistry rooms = rooms(Overflow.DROP_OLDEST, 5);

    private RoomRegistry rooms(Overflow overflow, int maxRooms) {
        RoomLimits room = Samples.limits(10, 2, overflow, Duration.ZERO);
        return new RoomRegistry(room, maxRooms, turns::add, Clock.systemUTC());
    }

    private EchoConnection echo(FakeTransport transport) {
        return sessions.openEcho(CLIENT, transport);
    }

    private ChatConnection chat(FakeTransport transport, String name) {
        MemberName from = name == null ? null : new MemberName(name);
        return sessions.openChat(
                CLIENT,
                transport,
                rooms,
                new FirstRoom(RoomName.LOBBY, from, rooms.fix(RoomName.LOBBY, new Start.Last(0))),
                Format.PLAIN);
    }

    private static void run(Deque<Runnable> tasks) {
        while (!tasks.isEmpty()) {
            tasks.poll().run();
        }
    }

    private void sweepAfter(Duration time) {
        now += time.toNanos();
        sessions.sweep();
        run(closing);
    }

    /** A client that sends a thousandth of them has an echo decompress and send as many. */
    @Test
    void decompressedBytesCountAgainstTheRateOfBytesOnEchoesToo() {
        Sessions limited = new Sessions(
                FEW_BYTES, turns::add, closing::add, () -> now, Clock.systemUTC(), Renewal.NONE, AddressLimit.NONE);
        FakeTransport transport = new FakeTransport(When.INSIDE_SEND, 1);
        EchoConnection echo = limited.openEcho(CLIENT, transport);
        for (int i = 0; i < 100; i++) {
            now += SECOND; // as many as there may be
            echo.inflated(1_000);
        }
        assertThat(echo.hasEnded()).isFalse();
        for (int i = 0; i < 100; i++) {
            now += SECOND / 10;
            echo.inflated(1_000);
        }
        run(closing);
        assertThat(transport.closes()).containsExactly("1008 flooding: too many bytes a second");
    }

    /** Once such a client was never closed, and inflated as much as it liked. */
    @Test
    void pausesBetweenFloodsDoNotPayForDecompressedBytes() {
        Sessions limited = new Sessions(
                FEW_BYTES, turns::add, closing::add, () -> now, Clock.systemUTC(), Renewal.NONE, AddressLimit.NONE);
        EchoConnection echo = limited.openEcho(CLIENT, new FakeTransport(When.INSIDE_SEND, 1));
        for (int round = 0; round < 20; round++) {
            for (int i = 0; i < 49; i++) {
                now += SECOND / 10;
                echo.inflated(1_000);
            }
            now += SECOND * 11 / 10;
        }
        assertThat(echo.hasEnded()).isTrue();
    }

    @Test
    void tooManyBytesASecondAreCalledBytes() {
        for (Format format : List.of(Format.PLAIN, Format.JSON)) {
            FakeTransport transport = new FakeTransport(When.INSIDE_SEND, 1);
            Sessions limited = new Sessions(
                    FEW_BYTES, turns::add, closing::add, () -> now, Clock.systemUTC(), Renewal.NONE, AddressLimit.NONE);
            ChatConnection chat = limited.openChat(
                    CLIENT,
                    transport,
                    rooms,
                    new FirstRoom(RoomName.LOBBY, null, rooms.fix(RoomName.LOBBY, new Start.Last(0))),
                    format);
            for (int i = 0; i < 100; i++) {
                now += SECOND / 10;
                chat.text("x".repeat(1_000), 1_000);
            }
            run(closing);
            assertThat(transport.closes()).containsExactly("1008 flooding: too many bytes a second");
        }
    }

    @Test
    void echoesComeBackInOrder() {
        FakeTransport transport = new FakeTransport(When.LATER, 1);
        EchoConnection echo = echo(transport);
        echo.text("a", 1);
        echo.binary(ByteBuffer.allocate(3));
        echo.text("", 0);
        while (transport.completeOne(null)) {}
        assertThat(transport.sent()).containsExactly("a", "binary", "");
    }

    @Test
    void whoFloodsTheEchoWithoutReadingIsClosedAtTheBacklog() {
        FakeTransport transport = new FakeTransport(When.LATER, 1);
        EchoConnection echo = echo(transport);
        echo.text("x", 1_000); // in flight
        echo.text("x", 1_000); // waits: one always may
        assertThat(echo.hasEnded()).isFalse();
        echo.text("x", 1);
        assertThat(echo.hasEnded()).isTrue();
        run(closing);
        assertThat(transport.closes()).containsExactly("1013 too slow: read the echoes");
        assertThat(sessions.endedCount(Ending.ECHO_BACKLOG)).isEqualTo(1);
    }

    @Test
    void aFloodOfEmptyEchoesIsBoundedToo() {
        EchoConnection echo = echo(new FakeTransport(When.LATER, 1));
        int sent = 0;
        while (!echo.hasEnded()) {
            echo.text("", 0);
            assertThat(++sent).isLessThan(100);
        }
    }

    @Test
    void whatOneSaysAllInTheRoomGet() {
        FakeTransport ann = new FakeTransport(When.INSIDE_SEND, 1);
        FakeTransport bob = new FakeTransport(When.INSIDE_SEND, 1);
        chat(ann, "Ann").text("hi", 2);
        ChatConnection second = chat(bob, null);
        run(turns);
        second.text("hello", 5);
        run(turns);
        assertThat(ann.sent()).containsExactly("Ann: hi", "hello");
        assertThat(bob.sent()).containsExactly("hello");
    }

    @Test
    void aBinaryMessageInARoomCloses() {
        FakeTransport transport = new FakeTransport(When.INSIDE_SEND, 1);
        chat(transport, null).binary(ByteBuffer.allocate(1));
        run(closing);
        assertThat(transport.closes()).containsExactly("1003 rooms carry text");
    }

    @Test
    void overTheRateIsNotPublishedAndFloodingCloses() {
        FakeTransport transport = new FakeTransport(When.INSIDE_SEND, 1);
        ChatConnection chat = chat(transport, null);
        for (int i = 0; i < 15; i++) {
            chat.text("m" + i, 2);
        }
        run(turns);
        assertThat(sessions.limitedCount()).isEqualTo(5); // 2 a second, 10 in a burst
        assertThat(rooms.counts().offered()).isEqualTo(10);
        for (int i = 0; i < 60; i++) {
            now += SECOND / 10;
            chat.text("on and on", 9);
        }
        run(closing);
        assertThat(transport.closes()).containsExactly("1008 flooding: too many messages a second");
    }

    @Test
    void aFrameThatIsNotTakenWithinTheDeadlineEndsTheConnection() {
        FakeTransport transport = new FakeTransport(When.LATER, 1);
        echo(transport).text("x", 1);
        sweepAfter(Duration.ZERO);
        sweepAfter(Duration.ofMillis(9_999));
        assertThat(transport.closes()).isEmpty();
        sweepAfter(Duration.ofMillis(1));
        assertThat(transport.closes()).containsExactly("1013 too slow: a frame was not taken in time");
        assertThat(sessions.openCount()).isZero();
    }

    @Test
    void aQuietClientIsPingedAndOneThatAnswersStays() {
        FakeTransport transport = new FakeTransport(When.INSIDE_SEND, 1);
        EchoConnection echo = echo(transport);
        for (int i = 1; i <= 10; i++) {
            sweepAfter(Duration.ofSeconds(25));
            assertThat(transport.sent()).hasSize(i).containsOnly("PING");
            echo.heard();
        }
        assertThat(echo.hasEnded()).isFalse();
    }

    /**
     * A herd that connected together is pinged together, and not all can be pinged at once: nobody waits an interval
     * for that.
     */
    @Test
    void aPingThatCouldNotBeSentIsSentAtTheNextSweep() {
        FakeTransport transport = new FakeTransport(When.INSIDE_SEND, 1);
        transport.refusesPings = true;
        echo(transport);
        sweepAfter(Duration.ofSeconds(25));
        assertThat(transport.sent()).isEmpty();
        transport.refusesPings = false;
        sweepAfter(Duration.ofMillis(250));
        assertThat(transport.sent()).containsExactly("PING");
        sweepAfter(Duration.ofMillis(250));
        assertThat(transport.sent()).containsExactly("PING");
    }

    @Test
    void aClientThatAnswersNothingForTheIdleTimeIsClosed() {
        FakeTransport transport = new FakeTransport(When.INSIDE_SEND, 1);
        echo(transport);
        sweepAfter(Duration.ZERO);
        sweepAfter(Duration.ofMillis(59_999));
        assertThat(transport.closes()).isEmpty();
        sweepAfter(Duration.ofMillis(1));
        assertThat(transport.closes()).containsExactly("1001 idle");
    }

    @Test
    void theMemberThatFallsBehindInARoomThatDisconnectsIsClosed() {
        rooms = rooms(Overflow.DISCONNECT, 5);
        FakeTransport slow = new FakeTransport(When.LATER, 1);
        chat(slow, null);
        ChatConnection other = chat(new FakeTransport(When.INSIDE_SEND, 1), null);
        for (int i = 0; i < 4; i++) {
            now += SECOND;
            other.text("m" + i, 2);
            run(turns);
        }
        run(closing);
        assertThat(slow.sent()).containsExactly("m0");
        assertThat(slow.closes()).containsExactly("1013 too slow for the room");
        assertThat(sessions.openCount()).isEqualTo(1);
    }

    /** Tomcat tells a reset so: an error first, and the close after it. */
    @Test
    void whoGoesAwayWithoutACloseFrameIsLostWhicheverWayTheContainerTellsIt() {
        echo(new FakeTransport(When.LATER, 1)).gone(1006);
        EchoConnection reset = echo(new FakeTransport(When.LATER, 1));
        reset.failed(new EOFException());
        reset.gone(1006);
        assertThat(sessions.endedCount(Ending.LOST)).isEqualTo(2);

        echo(new FakeTransport(When.LATER, 1)).failed(new IllegalStateException("the container's own"));
        assertThat(sessions.endedCount(Ending.BROKEN)).isEqualTo(1);
    }

    /** A container tells an end in any order and number: OnError, OnClose, a failed send, our own close. */
    @Test
    void howeverAndHoweverOftenItEndsItEndsOnce() {
        FakeTransport transport = new FakeTransport(When.LATER, 1);
        ChatConnection chat = chat(transport, null);
        chat.text("x", 1);
        run(turns);
        transport.completeOne(new IOException("reset"));
        chat.failed(new IOException("reset"));
        chat.gone(1006);
        chat.end(Ending.IDLE);
        chat.gone(1000);
        run(closing);
        assertThat(sessions.openCount()).isZero();
        assertThat(rooms.memberCount()).isZero();
        assertThat(sessions.endedCount(Ending.LOST)).isEqualTo(1);
        long endings = 0;
        for (Ending why : Ending.values()) {
            endings += sessions.endedCount(why);
        }
        assertThat(endings).isEqualTo(1);
        assertThat(transport.closes()).as("gone before it could be closed").isEmpty();
    }

    @Test
    void whatEndedIsCutWhenItDoesNotGoByItself() {
        FakeTransport stays = new FakeTransport(When.LATER, 1);
        FakeTransport goes = new FakeTransport(When.LATER, 1);
        stays.connected(true);
        goes.connected(true);
        echo(stays).end(Ending.TOO_BIG);
        echo(goes).end(Ending.TOO_BIG);
        run(closing);
        sweepAfter(Duration.ZERO);
        assertThat(sessions.notYetGoneCount()).isEqualTo(2);
        goes.connected(false);
        sweepAfter(Duration.ofMillis(4_999));
        assertThat(sessions.notYetGoneCount()).isEqualTo(1);
        assertThat(stays.drops()).isZero();
        sweepAfter(Duration.ofMillis(1));
        assertThat(stays.drops()).isEqualTo(1);
        assertThat(goes.drops()).isZero();
        assertThat(sessions.notYetGoneCount()).isZero();
    }

    /** Open Liberty may leave a closing thread waiting; each drop has it look once more. */
    @Test
    void aCloseThatIsBlockedIsDroppedAtEachSweepUntilItReturns() {
        FakeTransport transport = new FakeTransport(When.LATER, 1);
        echo(transport).end(Ending.STUCK);
        for (Duration time : List.of(Duration.ZERO, Duration.ofSeconds(5), Duration.ofMillis(250))) {
            now += time.toNanos();
            sessions.sweep();
        }
        assertThat(transport.drops()).isEqualTo(2);
        assertThat(sessions.notYetGoneCount()).isEqualTo(1);
        run(closing);
        sweepAfter(Duration.ofMillis(250));
        assertThat(transport.drops()).isEqualTo(2);
        assertThat(sessions.notYetGoneCount()).isZero();
    }

    @Test
    void oneConnectionTooManyIsClosedAndCountsNoMore() {
        for (int i = 0; i < 3; i++) {
            echo(new FakeTransport(When.LATER, 1));
        }
        FakeTransport fourth = new FakeTransport(When.LATER, 1);
        assertThat(chat(fourth, null).hasEnded()).isTrue();
        run(closing);
        assertThat(fourth.closes()).containsExactly("1013 server is full");
        assertThat(sessions.openCount()).isEqualTo(3);
        assertThat(rooms.memberCount()).isZero();
    }

    @Test
    void oneRoomTooManyIsClosed() {
        rooms = rooms(Overflow.LATEST, 1);
        chat(new FakeTransport(When.LATER, 1), null);
        FakeTransport second = new FakeTransport(When.LATER, 1);
        sessions.openChat(
                CLIENT, second, rooms, new FirstRoom(new RoomName("other"), null, new Start.Last(0)), Format.PLAIN);
        run(closing);
        assertThat(second.closes()).containsExactly("1013 too many rooms");
    }

    @Test
    void afterShutdownNobodyIsLeftAndNobodyComesIn() throws Exception {
        FakeTransport first = new FakeTransport(When.INSIDE_SEND, 1);
        chat(first, null);
        sessions.endAll(Duration.ZERO, Duration.ZERO);
        FakeTransport late = new FakeTransport(When.INSIDE_SEND, 1);
        echo(late);
        run(closing);
        assertThat(first.closes()).containsExactly("1001 shutdown; retry 500-8000 ms");
        assertThat(late.closes()).containsExactly("1001 shutdown; retry 500-8000 ms");
        assertThat(sessions.openCount()).isZero();
        sessions.awaitGone(Duration.ZERO);
        assertThat(sessions.notYetGoneCount()).isZero();
    }

    @ParameterizedTest
    @EnumSource(Ending.class)
    void everyReasonFitsACloseFrame(Ending why) {
        assertThat(why.reason().length()).isLessThanOrEqualTo(123);
    }

    @Test
    void aClientThatClosesHasItsAnswersBeforeItsCloseIsAnswered() {
        FakeTransport transport = new FakeTransport(When.LATER, 1);
        EchoConnection echo = echo(transport);
        List<String> farewells = new ArrayList<>();
        echo.text("a", 1);
        echo.text("b", 1);
        echo.clientCloses(() -> farewells.add("after " + transport.sent()));
        assertThat(farewells).isEmpty();
        transport.completeOne(null);
        assertThat(farewells).as("b is under way").isEmpty();
        transport.completeOne(null);
        assertThat(farewells).containsExactly("after [a, b]");
        echo.text("c", 1);
        assertThat(farewells).hasSize(1);
    }

    @Test
    void aClientThatIsOwedNothingIsAnsweredAtOnceAndSentNothingMoreOfItsRoom() {
        FakeTransport transport = new FakeTransport(When.LATER, 1);
        ChatConnection leaving = chat(transport, null);
        ChatConnection other = chat(new FakeTransport(When.LATER, 1), null);
        List<String> farewells = new ArrayList<>();
        other.text("before", 6);
        run(turns);
        other.text("behind", 6);
        leaving.clientCloses(() -> farewells.add("bye"));
        run(turns);
        assertThat(farewells).isEmpty();
        transport.completeOne(null);
        assertThat(transport.sent()).containsExactly("before");
        assertThat(farewells).containsExactly("bye");
    }

    @Test
    void aClientThatClosesAndDoesNotTakeItsAnswersIsWaitedForUpToTheCloseTimeout() {
        EchoConnection echo = echo(new FakeTransport(When.LATER, 1));
        List<String> farewells = new ArrayList<>();
        echo.text("a", 1);
        echo.clientCloses(() -> {
            farewells.add("bye");
            echo.left();
        });
        sweepAfter(Duration.ofSeconds(1));
        sweepAfter(Duration.ofSeconds(4));
        assertThat(farewells).isEmpty();
        sweepAfter(Duration.ofSeconds(1));
        assertThat(farewells).containsExactly("bye");
        assertThat(sessions.endedCount(Ending.LEFT)).isEqualTo(1);
    }

    @Test
    void aClientThatClosesAndIsEndedForAnotherReasonReadsThatReason() {
        FakeTransport transport = new FakeTransport(When.LATER, 1);
        EchoConnection echo = echo(transport);
        echo.text("a", 1);
        echo.clientCloses(() -> {
            throw new AssertionError("answered, although it has been closed");
        });
        echo.end(Ending.SHUTDOWN);
        run(closing);
        transport.completeOne(null);
        sweepAfter(Duration.ofSeconds(10));
        assertThat(transport.closes()).hasSize(1);
    }

    /** It has said that it goes, whatever is still on its way to it. */
    @Test
    void aClientThatClosesAndGoesWithoutItsAnswersHasLeft() {
        FakeTransport sending = new FakeTransport(When.LATER, 1);
        EchoConnection first = echo(sending);
        first.text("a", 1);
        first.clientCloses(() -> {});
        sending.completeOne(new IOException("reset"));
        EchoConnection second = echo(new FakeTransport(When.LATER, 1));
        second.text("a", 1);
        second.clientCloses(() -> {});
        second.gone(1006);
        assertThat(sessions.endedCount(Ending.LEFT)).isEqualTo(2);
    }

    @Test
    void aClientThatHasLeftIsNotClosedOnceMore() {
        FakeTransport transport = new FakeTransport(When.LATER, 1);
        EchoConnection echo = echo(transport);
        echo.left();
        echo.gone(1011);
        run(closing);
        assertThat(transport.closes()).isEmpty();
        assertThat(sessions.endedCount(Ending.LEFT)).isEqualTo(1);
        assertThat(sessions.endedCount(Ending.LOST)).isZero();
    }
}

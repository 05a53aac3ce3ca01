package parley.session;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import parley.delivery.FakeTransport;
import parley.delivery.FakeTransport.When;
import parley.protocol.RoomName;
import parley.room.FakeStore;
import parley.room.Format;
import parley.room.Member;
import parley.room.Overflow;
import parley.room.Room;
import parley.room.RoomRegistry;
import parley.room.Samples;
import parley.room.Start;

/** How far a sender may be ahead of its rooms, with turns that run when the test says so. */
class BackpressureTest {
    private static final int MANY_ROOMS = 18;

    private final Deque<Runnable> turns = new ArrayDeque<>();
    private final RoomRegistry rooms = new RoomRegistry(
            Samples.limits(10, 0, Overflow.DROP_OLDEST, Duration.ZERO), MANY_ROOMS, turns::add, Clock.systemUTC());
    private final FakeTransport transport = new FakeTransport(When.INSIDE_SEND, 1);
    private final Backpressure backpressure = new Backpressure(transport);
    private int results;

    private Room room(String name) {
        return room(name, () -> {});
    }

    /** A room with a member that does that when it is woken. */
    private Room room(String name, Runnable onReady) {
        Member.Subscriber session = new Member.Subscriber() {
            @Override
            public void ready() {
                onReady.run();
            }

            @Override
            public void fellBehind() {
                throw new AssertionError();
            }
        };
        RoomName room = new RoomName(name);
        Start start = rooms.fix(room, new Start.Last(0));
        Room made = Samples.member(rooms.join(room, start, session, Format.JSON, null, Samples::begin))
                .room();
        runTurns();
        return made;
    }

    private void runTurns() {
        while (!turns.isEmpty()) {
            turns.poll().run();
        }
    }

    private void publish(Room room, int times) {
        for (int i = 0; i < times; i++) {
            backpressure.publish(room, Samples.line(null, "x"), outcome -> results++);
        }
    }

    @Test
    void aSenderIsNotReadOnWhileItIsTooFarAheadOfATurn() {
        Room room = room("a");
        publish(room, Backpressure.MESSAGES - 1);
        backpressure.keepPace();
        assertThat(transport.isPaused()).isFalse();
        publish(room, 1);
        backpressure.keepPace();
        assertThat(transport.isPaused()).isTrue();
        publish(room, 1); // was read already
        backpressure.keepPace();
        runTurns();
        assertThat(transport.isPaused()).isFalse();
        assertThat(backpressure.isTooFarAhead()).isFalse();
        publish(room, Backpressure.MESSAGES - 1);
        backpressure.keepPace();
        assertThat(transport.isPaused()).as("counted anew").isFalse();
        assertThat(results).isEqualTo(2 * Backpressure.MESSAGES);
    }

    /** The callbacks doubled with each room: a client that sent 300 messages to a few dozen rooms ended the process. */
    @Test
    void aSenderThatWaitsForManyRoomsAsksThemOneAfterTheOther() {
        List<Room> rooms = new ArrayList<>();
        for (int i = 0; i < MANY_ROOMS; i++) {
            rooms.add(room("room-" + i));
        }
        for (int i = 0; i < Backpressure.MESSAGES; i++) {
            publish(rooms.get(i % MANY_ROOMS), 1);
        }
        backpressure.keepPace();
        assertThat(transport.isPaused()).isTrue();
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        runTurns();
        assertThat(transport.isPaused()).isFalse();
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(4 << 20);
    }

    @Test
    void aSenderOfManyBytesIsNotReadOnEither() {
        Room room = room("a");
        String text = "x".repeat(1 << 16);
        for (long bytes = 0; bytes < Backpressure.BYTES; bytes += text.length()) {
            assertThat(transport.isPaused()).isFalse();
            backpressure.publish(room, Samples.line(null, text), outcome -> {});
            backpressure.keepPace();
        }
        assertThat(transport.isPaused()).isTrue();
        runTurns();
        assertThat(transport.isPaused()).isFalse();
    }

    @Test
    void aSenderWhoseMessagesHaveBeenThroughATurnDoesNotWait() {
        Room room = room("a");
        publish(room, Backpressure.MESSAGES);
        runTurns();
        backpressure.keepPace();
        assertThat(transport.isPaused()).isFalse();
    }

    @Test
    void aSenderWaitsForAllItsRooms() {
        Room one = room("a");
        Room other = room("b");
        publish(one, 200);
        publish(other, 200);
        backpressure.keepPace();
        turns.poll().run();
        assertThat(transport.isPaused()).as("the other has not had its turn").isTrue();
        runTurns();
        assertThat(transport.isPaused()).isFalse();
    }

    @Test
    void aSenderWaitsForItsResults() {
        FakeStore store = new FakeStore();
        RoomRegistry stored = new RoomRegistry(
                Samples.stored(10, 0, Overflow.DROP_OLDEST, 9),
                name -> Samples.stored(10, 0, Overflow.DROP_OLDEST, 9),
                9,
                name -> store,
                1 << 20,
                (took, since) -> {},
                turns::add,
                Clock.systemUTC());
        Member.Subscriber nothing = new Member.Subscriber() {
            @Override
            public void ready() {}

            @Override
            public void fellBehind() {}
        };
        Room room = Samples.member(
                        stored.join(RoomName.LOBBY, new Start.Last(0), nothing, Format.JSON, null, Samples::begin))
                .room();
        store.run();
        runTurns();
        publish(room, Backpressure.MESSAGES);
        backpressure.keepPace();
        runTurns();
        assertThat(transport.isPaused()).as("the store has not answered").isTrue();
        store.run();
        assertThat(results).isEqualTo(Backpressure.MESSAGES);
        runTurns();
        assertThat(transport.isPaused()).isFalse();
    }

    /** The server's thread runs the turn itself, and goes on. */
    @Test
    void whereReadingCannotBePausedTheSenderRunsTheTurn() {
        transport.canPauseReading = false;
        int[] woken = {0};
        Room room = room("a", () -> woken[0]++);
        woken[0] = 0;
        publish(room, Backpressure.MESSAGES);
        backpressure.keepPace();
        assertThat(woken[0]).isEqualTo(1);
        assertThat(backpressure.isTooFarAhead()).isFalse();
        turns.poll().run();
        assertThat(woken[0]).as("the executor finds it done").isEqualTo(1);
    }

    /** A turn that another thread runs, and that takes its time. */
    @Test
    void whereReadingCannotBePausedASenderThatIsFarAheadIsRefused() throws Exception {
        transport.canPauseReading = false;
        CountDownLatch isRunning = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        boolean[] isBusy = {false};
        Room room = room("a", () -> {
            if (isBusy[0]) {
                isRunning.countDown();
                awaitUninterrupted(mayEnd);
            }
        });
        isBusy[0] = true;
        publish(room, 1);
        Thread turn = new Thread(turns.remove());
        turn.start();
        isRunning.await();
        while (!backpressure.isTooFarAhead()) {
            publish(room, Backpressure.MESSAGES * 4);
            backpressure.keepPace(); // for a moment
            assertThat(results).isLessThan(Backpressure.MESSAGES * 32);
        }
        mayEnd.countDown();
        turn.join();
        isBusy[0] = false;
        runTurns();
        assertThat(backpressure.isTooFarAhead()).isFalse();
    }

    private static void awaitUninterrupted(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /**
     * The last of several turns that a sender waited for ends just when it is to wait again, between its decision and
     * the pause: reading was resumed first and paused then, for ever.
     */
    @Test
    void aTurnThatEndsWhileReadingIsBeingPausedDoesNotLeaveItPaused() throws Exception {
        CountDownLatch isRunning = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        boolean[] isBusy = {false};
        Room one = room("a");
        Room other = room("b", () -> {
            if (isBusy[0]) {
                isRunning.countDown();
                awaitUninterrupted(mayEnd);
            }
        });
        isBusy[0] = true;
        publish(one, 200);
        publish(other, 200);
        backpressure.keepPace();
        Runnable turnOfOne = turns.remove();
        Thread turnOfOther = new Thread(turns.remove());
        turnOfOther.start();
        isRunning.await();
        turnOfOne.run();
        assertThat(transport.isPaused()).as("both turns have begun").isFalse();

        publish(one, Backpressure.MESSAGES);
        transport.onPause = () -> {
            turns.remove().run();
            mayEnd.countDown();
            try {
                turnOfOther.join();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        };
        backpressure.keepPace();
        runTurns();
        assertThat(transport.isPaused()).isFalse();
    }
}

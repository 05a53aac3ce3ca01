package parley.session;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.Test;
import parley.delivery.FakeTransport;
import parley.protocol.RoomName;
import parley.room.Entry;
import parley.room.Format;
import parley.room.Member;
import parley.room.Overflow;
import parley.room.Room;
import parley.room.RoomRegistry;
import parley.room.Samples;
import parley.room.Start;

class PublishingTest {
    private static final int ROOMS = 18;

    private final Queue<Runnable> turns = new ArrayDeque<>();
    private final RoomRegistry registry = new RoomRegistry(
            Samples.limits(1000, 1000, Overflow.DROP_OLDEST, Duration.ZERO), ROOMS, turns::add, Clock.systemUTC());
    private final FakeTransport transport = new FakeTransport(FakeTransport.When.INSIDE_SEND, 1);
    private final Publishing publishing = new Publishing(transport);

    private Room room(int number) {
        Member.Subscriber subscriber = new Member.Subscriber() {
            @Override
            public void ready() {}

            @Override
            public void fellBehind() {}
        };
        List<Room> room = new ArrayList<>();
        RoomName name = new RoomName("room-" + number);
        Entry entry = registry.join(
                name, registry.fix(name, new Start.Last(0)), subscriber, Format.JSON, null, joined -> room.add(
                        joined.member().room()));
        assertThat(entry).isNotNull();
        return room.get(0);
    }

    /** The callbacks doubled with each room: a client in a few dozen rooms that said 256 messages ended the process. */
    @Test
    void aSenderThatWaitsForManyRoomsAsksThemOneAfterTheOther() {
        List<Room> rooms = new ArrayList<>();
        for (int i = 0; i < ROOMS; i++) {
            rooms.add(room(i));
        }
        runTurns();
        for (int i = 0; i < Publishing.MESSAGES; i++) {
            publishing.publish(rooms.get(i % ROOMS), Samples.line("Ann", "m" + i), outcome -> {});
        }
        publishing.keepPace();
        assertThat(transport.isPaused()).isTrue();
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        runTurns();
        assertThat(transport.isPaused()).isFalse();
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(4 << 20);
    }

    private void runTurns() {
        while (!turns.isEmpty()) {
            turns.remove().run();
        }
    }
}

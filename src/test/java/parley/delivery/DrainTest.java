package parley.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import parley.delivery.FakeTransport.When;

class DrainTest {
    private final Deque<String> waiting = new ArrayDeque<>();
    private final List<Throwable> failures = new ArrayList<>();
    private final Deque<Runnable> handedOver = new ArrayDeque<>();

    private final Drain.Source source = new Drain.Source() {
        @Override
        public Frame next() {
            String next = waiting.poll();
            return next == null ? null : new Frame.Text(next);
        }

        @Override
        public void sendFailed(Throwable cause) {
            failures.add(cause);
        }
    };

    private Drain drain(FakeTransport transport, int limit) {
        return new Drain(source, transport, limit, handedOver::add);
    }

    @Test
    void aFrameThatIsNotCompletedHoldsBackTheNext() {
        FakeTransport transport = new FakeTransport(When.LATER, 1);
        Drain drain = drain(transport, 1);
        waiting.addAll(List.of("a", "b", "c"));

        drain.wake();
        drain.wake();
        assertThat(transport.sent()).containsExactly("a");

        transport.completeOne(null);
        assertThat(transport.sent()).containsExactly("a", "b");
        assertThat(drain.inFlight()).isEqualTo(1);
    }

    /**
     * What was taken is no more with the source and not yet in flight: a shutdown that looked then took it for sent.
     */
    @Test
    void isNotAtRestWhileAFrameIsBeingTaken() {
        List<Boolean> atRest = new ArrayList<>();
        Drain[] drain = new Drain[1];
        Drain.Source looking = new Drain.Source() {
            @Override
            public Frame next() {
                atRest.add(drain[0].isAtRest());
                return source.next();
            }

            @Override
            public void sendFailed(Throwable cause) {
                throw new AssertionError(cause);
            }
        };
        drain[0] = new Drain(looking, new FakeTransport(When.INSIDE_SEND, 1), 1, handedOver::add);
        waiting.add("a");
        drain[0].wake();
        assertThat(atRest).isNotEmpty().containsOnly(false);
        assertThat(drain[0].isAtRest()).isTrue();
    }

    @Test
    void asManyFramesAsTheLimitMayBeInFlight() {
        FakeTransport transport = new FakeTransport(When.LATER, 3);
        Drain drain = drain(transport, 3);
        waiting.addAll(List.of("a", "b", "c", "d", "e"));

        drain.wake();
        assertThat(transport.sent()).containsExactly("a", "b", "c");
        transport.completeOne(null);
        assertThat(transport.sent()).containsExactly("a", "b", "c", "d");
    }

    /**
     * A container that completes inside the send, 10,000 times: the second send must not stand on the first one's
     * stack.
     */
    @Test
    void completionsInsideSendDoNotGrowTheStack() {
        FakeTransport transport = new FakeTransport(When.INSIDE_SEND, 1);
        Drain drain = drain(transport, 1);
        List<String> all = IntStream.range(0, 10_000).mapToObj(String::valueOf).toList();
        waiting.addAll(all);

        drain.wake();
        while (!handedOver.isEmpty()) {
            handedOver.poll().run();
        }
        assertThat(transport.sent()).isEqualTo(all);
        assertThat(transport.deepest()).isEqualTo(1);
    }

    @Test
    void aLongDrainGoesOnInTheExecutor() {
        FakeTransport transport = new FakeTransport(When.INSIDE_SEND, 1);
        Drain drain = drain(transport, 1);
        IntStream.range(0, Drain.BURST + 10).forEach(i -> waiting.add("m" + i));

        drain.wake();
        assertThat(transport.sent()).hasSize(Drain.BURST);
        assertThat(handedOver).hasSize(1);

        drain.wake(); // somebody is draining: the one in the executor
        assertThat(transport.sent()).hasSize(Drain.BURST);

        handedOver.poll().run();
        assertThat(transport.sent()).hasSize(Drain.BURST + 10);
        assertThat(handedOver).isEmpty();
    }

    @Test
    void aPingWaitsUntilNothingIsInFlightAndGoesBeforeTheNextFrame() {
        FakeTransport transport = new FakeTransport(When.LATER, 2);
        Drain drain = drain(transport, 2);
        waiting.addAll(List.of("a", "b", "c"));
        drain.wake();

        drain.ping();
        transport.completeOne(null);
        assertThat(transport.sent()).containsExactly("a", "b");
        transport.completeOne(null);
        assertThat(transport.sent()).containsExactly("a", "b", "PING", "c");
    }

    @Test
    void aPingIsInFlightLikeAFrame() {
        FakeTransport transport = new FakeTransport(When.LATER, 1);
        Drain drain = drain(transport, 1);
        drain.ping();
        waiting.add("a");
        drain.wake();
        assertThat(transport.sent()).containsExactly("PING");
        transport.completeOne(null);
        assertThat(transport.sent()).containsExactly("PING", "a");
    }

    @Test
    void aPingThatCannotBeSentNowIsMissedAndHoldsNothingBack() {
        FakeTransport transport = new FakeTransport(When.LATER, 1);
        transport.refusesPings = true;
        Drain drain = drain(transport, 1);
        waiting.add("a");
        drain.ping();
        assertThat(transport.sent()).containsExactly("a");
        assertThat(drain.inFlight()).isEqualTo(1);
        assertThat(drain.hasMissedPing()).isTrue();
        assertThat(drain.hasMissedPing()).isFalse();
    }

    @Test
    void aFailedSendIsPassedOnAndNothingFollowsIt() {
        FakeTransport transport = new FakeTransport(When.LATER, 1);
        Drain drain = drain(transport, 1);
        waiting.addAll(List.of("a", "b"));
        drain.wake();
        IOException cause = new IOException("reset");
        transport.completeOne(cause);
        assertThat(failures).containsExactly(cause);
        assertThat(transport.sent()).containsExactly("a");
    }

    @Test
    void aTransportThatThrowsIsAFailedSend() {
        FakeTransport transport = new FakeTransport(When.LATER, 1);
        transport.thrown = new IllegalStateException("TEXT_FULL_WRITING");
        Drain drain = drain(transport, 1);
        waiting.add("a");
        drain.wake();
        assertThat(failures).containsExactly(transport.thrown);
    }

    @Test
    void afterCloseNothingIsSentAndLateCompletionsChangeNothing() {
        FakeTransport transport = new FakeTransport(When.LATER, 1);
        Drain drain = drain(transport, 1);
        waiting.addAll(List.of("a", "b"));
        drain.wake();
        drain.close();
        transport.completeOne(null);
        drain.wake();
        drain.ping();
        assertThat(transport.sent()).containsExactly("a");
        assertThat(failures).isEmpty();

        Drain other = drain(transport, 1);
        waiting.add("c");
        other.wake();
        other.close();
        transport.completeOne(new IOException("too late to matter"));
        assertThat(failures).isEmpty();
    }

    @Test
    void aFrameIsStillWhenNothingMovesAndTheClientTakesNoByteOfIt() {
        FakeTransport transport = new FakeTransport(When.LATER, 1);
        Drain drain = drain(transport, 1);
        Drain.Pace idle = new Drain.Pace(0, 0);
        assertThat(drain.pace(0)).isEqualTo(idle);
        assertThat(drain.pace(1_000)).as("nothing in flight").isEqualTo(idle);

        waiting.addAll(List.of("a", "b"));
        drain.wake();
        assertThat(drain.pace(1_001)).as("first seen").isEqualTo(idle);
        assertThat(drain.pace(1_100)).isEqualTo(new Drain.Pace(99, 99));
        transport.bytesUnderWay = 10;
        assertThat(drain.pace(1_101)).as("the client takes bytes").isEqualTo(new Drain.Pace(100, 0));
        assertThat(drain.pace(1_151)).isEqualTo(new Drain.Pace(150, 50));

        transport.completeOne(null); // and the next frame follows: still one in flight, but it moved
        assertThat(drain.pace(1_152)).isEqualTo(idle);
        assertThat(drain.pace(1_252)).isEqualTo(new Drain.Pace(100, 100));
    }
}

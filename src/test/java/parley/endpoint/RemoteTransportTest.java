package parley.endpoint;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.websocket.RemoteEndpoint;
import jakarta.websocket.SendHandler;
import jakarta.websocket.SendResult;
import jakarta.websocket.Session;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import parley.delivery.Frame;
import parley.protocol.CloseCode;
import parley.session.SessionLimits;

class RemoteTransportTest {
    private static final Duration DEADLINE = Duration.ofSeconds(10);

    private final ExecutorService threads = Executors.newSingleThreadExecutor();
    private final CountDownLatch inClose = new CountDownLatch(1);
    private final CompletableFuture<Long> sendTimeout = new CompletableFuture<>();
    private final SessionLimits limits = new SessionLimits(
            1,
            DEADLINE,
            Duration.ofSeconds(25),
            Duration.ofSeconds(60),
            Duration.ofSeconds(5),
            1_000,
            1_000,
            1_000,
            1,
            1,
            0,
            Long.MAX_VALUE,
            0);
    private final List<String> sent = new ArrayList<>();
    /** What the container does with a message that is sent. */
    private Consumer<SendHandler> onSend = handler -> {};

    private final RemoteTransport transport = new RemoteTransport(session(), threads, limits);

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    @Test
    void aDropEndsACloseThatIsBlockedAndLeavesItsThreadAsItWas() throws Exception {
        Future<?> closing = threads.submit(() -> transport.close(CloseCode.TRY_AGAIN_LATER, "too slow"));
        inClose.await();
        transport.drop();
        closing.get();
        assertThat(threads.submit(() -> Thread.currentThread().isInterrupted()).get())
                .isFalse();
    }

    @Test
    void aSendIsGivenUpBehindTheDeadlineAndBeforeLibertysCloseLosesPatience() {
        assertThat(Duration.ofMillis(sendTimeout.join()).minus(DEADLINE))
                .isBetween(Duration.ofSeconds(1), Duration.ofSeconds(5));
    }

    private static Frame several(int count) {
        return Frame.of(IntStream.range(0, count)
                .mapToObj(i -> new Frame.Text(String.valueOf(i)))
                .toList());
    }

    @Test
    void severalMessagesAreSentOneAfterTheOtherAndCompletedOnce() {
        List<SendHandler> handlers = new ArrayList<>();
        onSend = handlers::add;
        List<Throwable> completions = new ArrayList<>();
        transport.send(several(3), completions::add);
        for (int i = 0; i < 3; i++) {
            assertThat(sent).hasSize(i + 1);
            assertThat(completions).isEmpty();
            handlers.get(i).onResult(new SendResult());
        }
        assertThat(sent).containsExactly("0", "1", "2");
        assertThat(completions).hasSize(1).containsOnlyNulls();
    }

    /**
     * Or a client that reads thousands of short messages, one send after the other, would seem to take nothing for all
     * that time.
     */
    @Test
    void theSweepSeesEachOfSeveralMessagesGo() {
        List<SendHandler> handlers = new ArrayList<>();
        onSend = handlers::add;
        transport.send(several(3), failure -> {});
        long before = transport.bytesUnderWay();
        for (int i = 0; i < 2; i++) {
            handlers.get(i).onResult(new SendResult());
            assertThat(transport.bytesUnderWay()).isLessThan(before);
            before = transport.bytesUnderWay();
        }
    }

    @Test
    void theStackDoesNotGrowWhereResultsComeInsideTheSend() {
        onSend = handler -> handler.onResult(new SendResult());
        AtomicInteger completions = new AtomicInteger();
        transport.send(several(100_000), failure -> completions.incrementAndGet());
        assertThat(sent).hasSize(100_000);
        assertThat(completions).hasValue(1);
    }

    @Test
    void theFirstThatFailsIsTheLastAndItsFailureIsTold() {
        IOException gone = new IOException("gone");
        onSend = handler -> handler.onResult(sent.size() == 2 ? new SendResult(gone) : new SendResult());
        List<Throwable> completions = new ArrayList<>();
        transport.send(several(3), completions::add);
        assertThat(sent).containsExactly("0", "1");
        assertThat(completions).containsExactly(gone);
    }

    @Test
    void whatALaterSendThrowsIsTold() {
        IllegalStateException thrown = new IllegalStateException("closed");
        List<SendHandler> handlers = new ArrayList<>();
        onSend = handler -> {
            if (sent.size() == 2) {
                throw thrown;
            }
            handlers.add(handler);
        };
        List<Throwable> completions = new ArrayList<>();
        transport.send(several(3), completions::add);
        handlers.get(0).onResult(new SendResult());
        assertThat(completions).containsExactly(thrown);
    }

    /** A session whose close blocks until its thread is interrupted. */
    private Session session() {
        RemoteEndpoint.Async remote = (RemoteEndpoint.Async) Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {RemoteEndpoint.Async.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("setSendTimeout")) {
                        sendTimeout.complete((Long) arguments[0]);
                    } else if (method.getName().equals("sendText")) {
                        sent.add((String) arguments[0]);
                        onSend.accept((SendHandler) arguments[1]);
                    }
                    return null;
                });
        return (Session) Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {Session.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "getAsyncRemote" -> remote;
                    case "getUserProperties" -> new HashMap<String, Object>();
                    case "close" -> {
                        inClose.countDown();
                        try {
                            new CountDownLatch(1).await();
                        } catch (InterruptedException e) {
                            Thread.currentThread().interrupt();
                        }
                        yield null;
                    }
                    default -> null;
                });
    }
}

package parley.endpoint;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.websocket.RemoteEndpoint;
import jakarta.websocket.Session;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.HashMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
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

    /** A session whose close blocks until its thread is interrupted. */
    private Session session() {
        RemoteEndpoint.Async remote = (RemoteEndpoint.Async) Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {RemoteEndpoint.Async.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("setSendTimeout")) {
                        sendTimeout.complete((Long) arguments[0]);
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

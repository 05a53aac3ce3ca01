package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.net.SocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.glassfish.grizzly.CompletionHandler;
import org.glassfish.grizzly.Connection;
import org.junit.jupiter.api.Test;
import parley.delivery.Frame;
import parley.delivery.Transport;
import parley.protocol.CloseCode;
import parley.testclient.Threads;

/** The order of frames and the close frame, with a connection that does what the test says. */
class LineTransportTest {
    private static final Frame FRAME = new Frame.Text("frame");
    private static final Transport.Completion NOBODY = failure -> {};

    private final AtomicInteger written = new AtomicInteger();
    private final CountDownLatch closed = new CountDownLatch(1);

    @SuppressWarnings("unchecked")
    private LineTransport over(InvocationHandler write) {
        return new LineTransport(
                (Connection<SocketAddress>) does(Connection.class, (proxy, method, arguments) -> {
                    throw new AssertionError("frames go past the filters");
                }),
                (LineTransport.Way) does(LineTransport.Way.class, write),
                LineTransport.Form.MESSAGES,
                (code, reason) -> closed.countDown());
    }

    private static Object does(Class<?> type, InvocationHandler what) {
        return Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, what);
    }

    @Test
    void theCloseFrameWaitsForTheWriteThatIsUnderWay() throws Exception {
        CountDownLatch writing = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        LineTransport line = over((proxy, method, arguments) -> {
            writing.countDown();
            mayEnd.await();
            written.incrementAndGet();
            return null;
        });
        CompletableFuture<Void> send = CompletableFuture.runAsync(() -> line.send(FRAME, NOBODY), Threads.EACH);
        writing.await();
        CompletableFuture<Void> close =
                CompletableFuture.runAsync(() -> line.close(CloseCode.NORMAL, ""), Threads.EACH);

        assertThatThrownBy(() -> close.get(100, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);
        assertThat(closed.getCount()).isEqualTo(1);

        mayEnd.countDown();
        send.get(20, TimeUnit.SECONDS);
        close.get(20, TimeUnit.SECONDS);
        assertThat(closed.getCount()).isZero();
    }

    @Test
    void nothingIsWrittenBehindTheCloseFrame() {
        LineTransport line = over((proxy, method, arguments) -> written.incrementAndGet());
        line.send(FRAME, NOBODY);
        line.close(CloseCode.NORMAL, "");

        assertThatThrownBy(() -> line.send(FRAME, NOBODY)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> line.ping(NOBODY)).isInstanceOf(IllegalStateException.class);
        assertThat(written).hasValue(1);
    }

    /** As it happens when a write fails at once, and the session is closed by who sends. */
    @Test
    void whoWritesMayClose() throws Exception {
        LineTransport line = over((proxy, method, arguments) -> {
            ((CompletionHandler<?>) arguments[1]).failed(new IllegalArgumentException("broken"));
            return null;
        });

        CompletableFuture.runAsync(
                        () -> line.send(FRAME, failure -> line.close(CloseCode.INTERNAL_ERROR, "")), Threads.EACH)
                .get(20, TimeUnit.SECONDS);

        assertThat(closed.getCount()).isZero();
    }
}

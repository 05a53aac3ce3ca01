package parley.web;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.WriteListener;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import parley.delivery.Frame;
import parley.delivery.StreamEvent;
import parley.delivery.Transport;
import parley.protocol.CloseCode;

/** An event stream over a servlet's answer that does what the test says. */
class ServletStreamTest {
    private static final Frame FRAME = new Frame.Events(List.of(StreamEvent.message("e:1", "{}")));

    private final List<String> calls = new ArrayList<>();
    private final List<String> told = new ArrayList<>();
    private final Transport.Completion completion = failure -> told.add(failure == null ? "taken" : "failed");

    private final class Output extends ServletOutputStream {
        boolean isReady = true;
        IOException thrown;

        @Override
        public boolean isReady() {
            calls.add(isReady ? "ready" : "not ready");
            return isReady;
        }

        @Override
        public void setWriteListener(WriteListener listener) {
            calls.add("listening");
        }

        @Override
        public void write(int one) {
            throw new AssertionError("one byte");
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            if (thrown != null) {
                throw thrown;
            }
            calls.add("write " + new String(bytes, from, length).replace("\n", "|"));
        }

        @Override
        public void flush() {
            calls.add("flush");
        }
    }

    private final Output out = new Output();
    private final ServletStream stream = ServletStream.open(async(), null, cause -> told.add("gone"));

    private AsyncContext async() {
        Object response = does(ServletResponse.class, "getOutputStream", () -> out);
        return (AsyncContext) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {AsyncContext.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("complete")) {
                        calls.add("complete");
                        throw new IllegalStateException("ended already, says the server");
                    }
                    return method.getName().equals("getResponse") ? response : null;
                });
    }

    private interface Gives {
        Object get();
    }

    private static Object does(Class<?> type, String name, Gives what) {
        return Proxy.newProxyInstance(
                type.getClassLoader(),
                new Class<?>[] {type},
                (proxy, method, arguments) -> method.getName().equals(name) ? what.get() : null);
    }

    @Test
    void nothingIsWrittenOrAskedBeforeTheServerSaysThatItCan() {
        stream.send(FRAME, completion);
        assertThat(calls).containsExactly("listening");
        stream.onWritePossible();
        assertThat(told).containsExactly("taken");
        assertThat(calls)
                .containsExactly(
                        "listening",
                        "ready",
                        "write :|",
                        "ready",
                        "flush",
                        "ready",
                        "ready",
                        "write data: {}|id: e:1||",
                        "ready",
                        "flush",
                        "ready");
    }

    @Test
    void aFrameIsTakenWhenTheServerCanBeWrittenAgain() {
        stream.onWritePossible();
        out.isReady = false;
        calls.clear();
        stream.send(FRAME, completion);
        stream.ping(completion);
        assertThat(calls).as("asked once, since the server tells").containsExactly("not ready");
        assertThat(told).isEmpty();
        out.isReady = true;
        stream.onWritePossible();
        assertThat(told).containsExactly("taken", "taken");
    }

    @Test
    void aWriteThatThrowsFailsTheFrameAndEndsTheAnswerOnce() {
        stream.onWritePossible();
        out.thrown = new IOException("reset");
        stream.send(FRAME, completion);
        stream.onError(new IOException("reset"));
        stream.onError(new IOException("reset"));
        assertThat(told).containsExactly("failed");
        assertThat(calls).filteredOn("complete"::equals).hasSize(1);
        assertThat(stream.isConnected()).isFalse();
    }

    /** Jetty tells its listener, and no write throws. */
    @Test
    void anErrorOfTheListenerFailsTheFrameThatWaits() {
        stream.onWritePossible();
        out.isReady = false;
        stream.send(FRAME, completion);
        stream.onError(new IOException("reset"));
        assertThat(told).containsExactly("failed");
    }

    @Test
    void anErrorWhileNothingIsOnItsWayIsToldToTheSession() {
        stream.onWritePossible();
        stream.onError(new IOException("reset"));
        assertThat(told).containsExactly("gone");
        stream.send(FRAME, completion);
        assertThat(calls).doesNotContain("write data: {}|id: e:1||");
    }

    @Test
    void theLastWordsComeBehindWhatIsOnItsWayAndThenTheEnd() {
        stream.onWritePossible();
        out.isReady = false;
        stream.send(FRAME, completion);
        stream.close(CloseCode.GOING_AWAY, "data: bye\n\n");
        assertThat(stream.isConnected()).isTrue();
        out.isReady = true;
        calls.clear();
        stream.onWritePossible();
        assertThat(calls)
                .filteredOn(call -> !call.equals("ready"))
                .containsExactly("write data: {}|id: e:1||", "flush", "write data: bye||", "flush", "complete");
        assertThat(stream.isConnected()).isFalse();
        assertThat(told).containsExactly("taken");
    }

    @Test
    void oneThatIsCutDoesNotWaitForTheClient() {
        stream.onWritePossible();
        out.isReady = false;
        stream.send(FRAME, completion);
        stream.close(CloseCode.TRY_AGAIN_LATER, "");
        stream.drop();
        assertThat(calls).contains("complete");
        assertThat(stream.isConnected()).isFalse();
    }
}

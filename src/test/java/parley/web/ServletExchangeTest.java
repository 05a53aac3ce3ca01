package parley.web;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import parley.door.Request;
import parley.http.Body;

/** Bodies as servers bring them. */
class ServletExchangeTest {
    private static final byte[] BODY = "{\"text\":\"hello\"}".getBytes(StandardCharsets.UTF_8);
    private static final Request ASKED = new Request("/rooms/java/messages", null, name -> null, null, null);

    private final List<Body> bodies = new ArrayList<>();

    /** As Payara has it: the whole body has come with the head, and is taken for read. */
    @Test
    void aBodyIsReadOfWhichTheServerSaysThatItIsFinished() throws Exception {
        Input input = new Input();
        exchange(input).body(1_000, bodies::add);
        input.listener.onDataAvailable();
        input.listener.onAllDataRead();
        assertThat(bodies)
                .singleElement()
                .isInstanceOfSatisfying(
                        Body.Whole.class, whole -> assertThat(whole.bytes()).isEqualTo(BODY));
    }

    private static ServletExchange exchange(Input input) {
        AsyncContext async = made(AsyncContext.class, (proxy, method, args) -> null);
        HttpServletRequest request = made(HttpServletRequest.class, (proxy, method, args) -> switch (method.getName()) {
            case "getContentLengthLong" -> (long) BODY.length;
            case "getInputStream" -> input;
            case "startAsync" -> async;
            default -> null;
        });
        HttpServletResponse response = made(HttpServletResponse.class, (proxy, method, args) -> null);
        return new ServletExchange(request, response, ASKED, new OpenExchanges(), Runnable::run);
    }

    private static <T> T made(Class<T> type, InvocationHandler does) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, does));
    }

    private static final class Input extends ServletInputStream {
        private final ByteArrayInputStream bytes = new ByteArrayInputStream(BODY);
        ReadListener listener;

        @Override
        public boolean isFinished() {
            return true;
        }

        @Override
        public boolean isReady() {
            return bytes.available() > 0;
        }

        @Override
        public void setReadListener(ReadListener with) {
            listener = with;
        }

        @Override
        public int read() throws IOException {
            return bytes.read();
        }
    }
}

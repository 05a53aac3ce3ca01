package parley.standalone;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.glassfish.grizzly.CloseListener;
import org.glassfish.grizzly.Connection;
import org.glassfish.grizzly.IOEvent;
import org.glassfish.grizzly.ReadHandler;
import org.glassfish.grizzly.http.Method;
import org.glassfish.grizzly.http.io.NIOInputStream;
import org.glassfish.grizzly.http.io.NIOOutputStream;
import org.glassfish.grizzly.http.server.Request;
import org.glassfish.grizzly.http.server.Response;
import org.glassfish.grizzly.nio.NIOConnection;
import org.jspecify.annotations.Nullable;
import parley.delivery.Transport;
import parley.http.Answer;
import parley.http.Body;
import parley.http.Exchange;

/**
 * A request on Grizzly. The selector of its connection reads the body and writes the answer, whichever thread asks for
 * that; nothing blocks it.
 *
 * <pre>
 *   SERVING ---- answered ----> ANSWERED   (written when the handler has returned)
 *      |
 *      +-------- returned ----> SUSPENDED  (written when it is answered, and resumed)
 *      |                             |
 *      +-------- streamed ----> STREAMING  (left to its transport, and never resumed)
 * </pre>
 */
final class GrizzlyExchange implements Exchange {
    private enum State {
        SERVING,
        ANSWERED,
        SUSPENDED,
        STREAMING
    }

    private final Request request;
    private final Response response;
    private final Connection<?> client;
    private final parley.door.Request asked;
    /** A client that sends its body has as long for it as for a request. */
    private final UnhandledConnections unhandled;

    private final StreamLines streams;
    private final AtomicReference<State> state = new AtomicReference<>(State.SERVING);
    private volatile @Nullable Answer answer;
    private volatile @Nullable CloseListener<?, ?> closing;

    GrizzlyExchange(
            Request request,
            Response response,
            parley.door.Request asked,
            UnhandledConnections unhandled,
            StreamLines streams) {
        this.streams = streams;
        this.request = request;
        this.response = response;
        this.client = request.getContext().getConnection();
        this.asked = asked;
        this.unhandled = unhandled;
    }

    @Override
    public String method() {
        return request.getMethod().getMethodString();
    }

    @Override
    public parley.door.Request request() {
        return asked;
    }

    @Override
    public void body(int limit, Consumer<Body> onBody) {
        if (request.getContentLengthLong() > limit) {
            onBody.accept(new Body.TooLong());
            return;
        }
        NIOInputStream in = request.getNIOInputStream();
        unhandled.answered(client);
        in.notifyAvailable(new Reading(in, limit, body -> {
            unhandled.handled(client);
            onBody.accept(body);
        }));
    }

    /** Reads a body as it comes. By the connection's selector. */
    private static final class Reading implements ReadHandler {
        private final NIOInputStream in;
        private final int limit;
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        private @Nullable Consumer<Body> onBody;

        Reading(NIOInputStream in, int limit, Consumer<Body> onBody) {
            this.in = in;
            this.limit = limit;
            this.onBody = onBody;
        }

        @Override
        public void onDataAvailable() throws IOException {
            if (take()) {
                in.notifyAvailable(this);
            }
        }

        @Override
        public void onAllDataRead() throws IOException {
            if (take()) {
                end(new Body.Whole(bytes.toByteArray()));
            }
        }

        @Override
        public void onError(Throwable cause) {
            end(new Body.Cut());
        }

        /** Takes what is there; false when that is too much. */
        private boolean take() throws IOException {
            int ready = in.readyData();
            if (bytes.size() + ready > limit) {
                end(new Body.TooLong());
                return false;
            }
            byte[] some = new byte[ready];
            int read = in.read(some);
            bytes.write(some, 0, Math.max(0, read));
            return true;
        }

        private void end(Body body) {
            Consumer<Body> then = onBody;
            onBody = null;
            if (then != null) {
                then.accept(body);
            }
        }
    }

    /** While it is suspended the connection is read: what the client sends meanwhile waits. */
    @Override
    public void whenGone(Runnable onGone) {
        CloseListener<?, ?> listener = (closed, how) -> onGone.run();
        closing = listener;
        client.addCloseListener(listener);
        StreamLines.readOn((NIOConnection) client, () -> {
            boolean isWaiting = state.get() == State.SUSPENDED && answer == null;
            if (isWaiting) {
                RequestBytes.hold(client);
            }
            return isWaiting;
        });
    }

    @Override
    public void answer(Answer with) {
        answer = with;
        if (state.compareAndSet(State.SERVING, State.ANSWERED)) {
            return;
        }
        // What Grizzly is given on the selector itself waits until something comes from a client.
        if (((NIOConnection) client).getSelectorRunner().getRunnerThread() == Thread.currentThread()) {
            writeAndResume();
        } else {
            client.executeInEventThread(IOEvent.READ, this::writeAndResume);
        }
    }

    @Override
    public Transport stream(Map<String, String> headers, Consumer<Throwable> onGone) {
        if (state.getAndSet(State.STREAMING) == State.SERVING) {
            response.suspend();
        }
        return streams.open(request, response, headers, onGone);
    }

    /** The handler has returned. By the selector that called it. */
    void returned() {
        if (state.get() == State.STREAMING) {
            return;
        }
        if (state.get() != State.ANSWERED) {
            response.suspend();
            if (state.compareAndSet(State.SERVING, State.SUSPENDED)) {
                return;
            }
            writeAndResume(); // another thread has answered meanwhile
            return;
        }
        write();
    }

    private void setHeader(String name, String value) {
        if (name.equals("Upgrade")) {
            // Past Grizzly, which leaves out the length where it sees one: the client would not know the end.
            response.getResponse().getHeaders().setValue(name).setString(value);
        } else {
            response.setHeader(name, value);
        }
    }

    private void writeAndResume() {
        if (client.isOpen()) { // else Grizzly has ended the request itself
            write();
            response.resume();
            RequestBytes.release(client);
        }
    }

    private void write() {
        Answer with = answer;
        if (with == null) {
            throw new IllegalStateException("there is no answer");
        }
        CloseListener<?, ?> listener = closing;
        if (listener != null) {
            client.removeCloseListener(listener);
        }
        try {
            response.setStatus(Statuses.of(with.status()));
            with.headers().forEach(this::setHeader);
            if (with.status() >= 200 && with.status() != 204 && with.status() != 304) {
                response.setContentLength(with.body().length);
            }
            if (request.getMethod() != Method.HEAD && with.body().length > 0) {
                NIOOutputStream out = response.getNIOOutputStream();
                out.canWrite(); // having been asked, Grizzly does not block the selector in write
                out.write(with.body());
            }
        } catch (IOException e) {
            client.terminateSilently(); // it has gone meanwhile, and Grizzly would log a stack trace
        } finally {
            unhandled.answered(client);
        }
    }
}

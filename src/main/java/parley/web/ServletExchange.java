package parley.web;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import parley.delivery.Transport;
import parley.door.Request;
import parley.http.Answer;
import parley.http.Body;
import parley.http.Exchange;

/**
 * A request on a server. One that is answered at once is answered by the thread that brought it, which may wait for the
 * client as for any page; others are asynchronous, and no thread waits.
 *
 * <pre>
 *   SERVING ---- answered ----> ANSWERED   (written when the handler has returned)
 *      |
 *      +-------- returned ----> SUSPENDED  (written when it is answered, and completed)
 *      |                             |
 *      +-------- streamed ----> STREAMING  (left to its transport)
 * </pre>
 */
final class ServletExchange implements Exchange {
    private static final Logger LOG = System.getLogger("parley.web");
    private static final int BUFFER = 8192;

    private enum State {
        SERVING,
        ANSWERED,
        SUSPENDED,
        STREAMING
    }

    private final HttpServletRequest request;
    private final HttpServletResponse response;
    private final Request asked;
    private final OpenExchanges open;
    private final Executor writing;
    private final long sinceNanos;

    private final AtomicReference<State> state = new AtomicReference<>(State.SERVING);
    private final AtomicBoolean isOver = new AtomicBoolean();
    private final AtomicReference<@Nullable Consumer<Body>> reader = new AtomicReference<>();
    private volatile @Nullable AsyncContext async;
    private volatile @Nullable Answer answer;
    private volatile @Nullable Gone gone;

    /**
     * Makes it.
     *
     * @param writing where a stream is written whose server blocks in a write
     */
    ServletExchange(
            HttpServletRequest request,
            HttpServletResponse response,
            Request asked,
            OpenExchanges open,
            Executor writing) {
        this.writing = writing;
        this.request = request;
        this.response = response;
        this.asked = asked;
        this.open = open;
        this.sinceNanos = System.nanoTime();
    }

    @Override
    public String method() {
        return request.getMethod();
    }

    @Override
    public Request request() {
        return asked;
    }

    @Override
    public void body(int limit, Consumer<Body> onBody) {
        long announced = request.getContentLengthLong();
        if (announced > limit) {
            onBody.accept(new Body.TooLong());
        } else if (announced == 0 || (announced < 0 && request.getHeader("Transfer-Encoding") == null)) {
            onBody.accept(new Body.Whole(new byte[0]));
        } else {
            reader.set(onBody);
            try {
                suspend();
                ServletInputStream in = request.getInputStream();
                in.setReadListener(new Reading(in, limit));
            } catch (IOException | IllegalStateException e) {
                LOG.log(Level.DEBUG, "a body cannot be read", e);
                endBody(new Body.Cut());
            }
        }
    }

    private void endBody(Body body) {
        Consumer<Body> then = reader.getAndSet(null);
        if (then != null) {
            then.accept(body);
        }
    }

    /** Reads a body as it comes. Called by the server, one call at a time. */
    private final class Reading implements ReadListener {
        private final ServletInputStream in;
        private final int limit;
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        Reading(ServletInputStream in, int limit) {
            this.in = in;
            this.limit = limit;
        }

        @Override
        public void onDataAvailable() throws IOException {
            byte[] buffer = new byte[BUFFER];
            // Not isFinished: on Payara it is true when all has come, and nothing has been read.
            while (reader.get() != null && in.isReady()) {
                int read = in.read(buffer);
                if (read < 0) {
                    return;
                }
                if (bytes.size() + read > limit) {
                    endBody(new Body.TooLong());
                    return;
                }
                bytes.write(buffer, 0, read);
            }
        }

        @Override
        public void onAllDataRead() {
            endBody(new Body.Whole(bytes.toByteArray()));
        }

        @Override
        public void onError(Throwable cause) {
            endBody(new Body.Cut());
        }
    }

    @Override
    public void whenGone(Runnable onGone) {
        gone = new Gone(onGone);
        listen();
    }

    /** By whichever comes last of the caller that wants to hear it and the thread that suspends; twice does no harm. */
    private void listen() {
        AsyncContext begun = async;
        Gone listener = gone;
        if (begun != null && listener != null) {
            try {
                begun.addListener(listener);
            } catch (IllegalStateException e) { // the thread that brought the request has returned to the server
                LOG.log(Level.DEBUG, "nobody hears when a client goes", e);
            }
        }
    }

    /** Hears from the server that the client has gone, or that it has given the request up. */
    private final class Gone implements AsyncListener {
        private final Runnable onGone;

        Gone(Runnable onGone) {
            this.onGone = onGone;
        }

        @Override
        public void onComplete(AsyncEvent event) {
            onGone.run(); // nothing, where it was answered
        }

        @Override
        public void onTimeout(AsyncEvent event) {
            onError(event);
        }

        @Override
        public void onError(AsyncEvent event) {
            complete();
            onGone.run();
        }

        @Override
        public void onStartAsync(AsyncEvent event) {}
    }

    @Override
    public void answer(Answer with) {
        answer = with;
        if (!state.compareAndSet(State.SERVING, State.ANSWERED)) {
            writeLater();
        }
    }

    @Override
    public Transport stream(Map<String, String> headers, Consumer<Throwable> onGone) {
        state.set(State.STREAMING);
        AsyncContext begun = async;
        if (begun == null) {
            begun = request.startAsync(request, response);
            begun.setTimeout(0); // it has no end
            async = begun;
        } else {
            open.remove(this);
        }
        response.setStatus(200);
        setHeaders(headers);
        return ServletStream.open(begun, isLiberty() ? writing : null, onGone);
    }

    /** Its classes for Jakarta EE 10 and later are in packages of another name than those before. */
    private boolean isLiberty() {
        String server = request.getClass().getName();
        return server.startsWith("io.openliberty.") || server.startsWith("com.ibm.ws.");
    }

    private void setHeaders(Map<String, String> headers) {
        headers.forEach((name, value) -> {
            if (name.equals("Content-Type")) {
                response.setContentType(value);
            } else {
                response.setHeader(name, value);
            }
        });
    }

    /** The handler has returned. By the thread that brought the request. */
    void returned() throws IOException {
        if (state.get() == State.STREAMING) {
            return;
        }
        if (state.get() == State.SERVING) {
            suspend();
            if (state.compareAndSet(State.SERVING, State.SUSPENDED)) {
                return;
            }
        }
        if (async != null) {
            writeLater();
        } else if (head()) {
            response.getOutputStream().write(body());
        }
    }

    private void suspend() {
        if (async == null) {
            AsyncContext begun = request.startAsync(request, response);
            begun.setTimeout(0); // on the sweep's clock, since a stream has no end
            async = begun;
            open.add(this);
            listen();
        }
    }

    private byte[] body() {
        Answer with = answer;
        if (with == null) {
            throw new IllegalStateException("there is no answer");
        }
        return with.body();
    }

    /** Sets status and headers; whether a body follows. */
    private boolean head() {
        Answer with = answer;
        if (with == null) {
            throw new IllegalStateException("there is no answer");
        }
        response.setStatus(with.status());
        setHeaders(with.headers());
        if (with.status() != 204 && with.status() != 304) {
            response.setContentLength(with.body().length);
        }
        return with.body().length > 0 && !request.getMethod().equals("HEAD");
    }

    private void writeLater() {
        if (isOver.get()) {
            return;
        }
        try {
            if (head()) {
                ServletOutputStream out = response.getOutputStream();
                out.setWriteListener(new Writing(out, body()));
            } else {
                complete();
            }
        } catch (IOException | IllegalStateException e) {
            LOG.log(Level.DEBUG, "an answer cannot be written", e);
            complete();
        }
    }

    /** Writes a whole answer. Called by the server, one call at a time. */
    private final class Writing implements WriteListener {
        private final ServletOutputStream out;
        private final byte[] bytes;
        private boolean isWritten;

        Writing(ServletOutputStream out, byte[] bytes) {
            this.out = out;
            this.bytes = bytes;
        }

        @Override
        public void onWritePossible() throws IOException {
            while (out.isReady()) {
                if (isWritten) {
                    complete();
                    return;
                }
                isWritten = true;
                out.write(bytes);
            }
        }

        @Override
        public void onError(Throwable cause) {
            complete();
        }
    }

    /** Ends it, at whatever point it is. */
    private void complete() {
        AsyncContext begun = async;
        if (begun != null && isOver.compareAndSet(false, true)) {
            open.remove(this);
            try {
                begun.complete();
            } catch (IllegalStateException e) {
                LOG.log(Level.DEBUG, "the server has ended a request itself", e);
            }
        }
    }

    /** Gives it up when it has taken too long: the client sends or reads too slowly. For the sweep. */
    void sweep(long now, long patienceNanos) {
        if (now - sinceNanos >= patienceNanos) {
            complete();
            endBody(new Body.Cut());
        }
    }
}

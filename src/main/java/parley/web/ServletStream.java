package parley.web;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import parley.delivery.Frame;
import parley.delivery.Transport;
import parley.protocol.CloseCode;

/**
 * An event stream over an asynchronous answer of a server. Each part is written and flushed, and {@code isReady()} is
 * asked before both: Jetty throws at a flush otherwise, and GlassFish blocks in it. The end may be told by a write that
 * throws, by either listener, or not at all, in any number; so all of them lead to one place.
 *
 * <p>A write that throws on a thread of Parley's makes Tomcat clean up on a thread of its own, which calls a listener
 * and then lets another client have the answer. So the listener returns when the call that has thrown is over, in which
 * Tomcat notes the failure in the answer last of all. Without that, the next client's stream was cut at its first
 * event.
 *
 * <p>One thread at a time writes. Whoever comes meanwhile, the server included, leaves word in {@code due} and goes.
 */
final class ServletStream implements Transport, WriteListener, AsyncListener {
    private static final Logger LOG = System.getLogger("parley.web");
    private static final long LONGEST_CALL_NANOS = 1_000_000_000L;
    private static final byte[] COMMENT = ":\n".getBytes(StandardCharsets.US_ASCII);

    /** A part of the body; the last one has nobody to tell. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Part(
            byte[] bytes, int from, int length, @Nullable Completion completion, boolean isLast) {
        static Part of(byte[] bytes, @Nullable Completion completion, boolean isLast) {
            return new Part(bytes, 0, bytes.length, completion, isLast);
        }
    }

    /** How far the part is that is being written. */
    private enum Step {
        WRITE,
        FLUSH,
        AWAIT
    }

    private final AsyncContext async;
    private final ServletOutputStream out;
    private final Executor executor;
    private final boolean mayBlock;
    /** Null when it is over: some servers keep a stream for a while, and are not to keep its session. */
    private volatile @Nullable Consumer<Throwable> onGone;

    private final Queue<Part> waiting = new ConcurrentLinkedQueue<>();
    /** How often something became due since the writing thread looked; 0 when none writes. */
    private final AtomicInteger due = new AtomicInteger();
    /**
     * Whether the server has said that it can be written, and not yet that it cannot. Before that it is not to be
     * asked.
     */
    private volatile boolean isPossible;
    /** Set by whoever hears that it is broken, or is to be cut. */
    private volatile @Nullable Throwable broken;

    /** The thread that writes; null when none does, or it is about to stop. */
    private volatile @Nullable Thread writer;

    private volatile boolean isClosing;
    /** Nothing is written any more. */
    private volatile boolean isOver;

    // Touched by the writing thread
    private @Nullable Part part;
    private Step step = Step.WRITE;

    private ServletStream(
            AsyncContext async, ServletOutputStream out, @Nullable Executor blocking, Consumer<Throwable> onGone) {
        this.async = async;
        this.out = out;
        this.mayBlock = blocking != null;
        this.executor = blocking == null ? Runnable::run : blocking;
        this.onGone = onGone;
    }

    /**
     * Starts the body of an answer whose head is set.
     *
     * @param blocking where it is written if the server blocks in a write; null where it does not
     * @param onGone called at most once, when the client has gone and no completion tells it
     */
    static ServletStream open(AsyncContext async, @Nullable Executor blocking, Consumer<Throwable> onGone) {
        try {
            ServletOutputStream out = async.getResponse().getOutputStream();
            ServletStream stream = new ServletStream(async, out, blocking, onGone);
            // The first flush sends nothing on Open Liberty, and the second what came before it.
            stream.waiting.add(Part.of(COMMENT, null, false));
            async.addListener(stream);
            out.setWriteListener(stream);
            return stream;
        } catch (IOException e) {
            throw new IllegalStateException("the answer has no body", e);
        }
    }

    @Override
    public void send(Frame frame, Completion completion) {
        ByteBuffer body = ((Frame.Events) frame).body();
        waiting.add(new Part(body.array(), body.arrayOffset() + body.position(), body.remaining(), completion, false));
        due();
    }

    @Override
    public boolean ping(Completion completion) {
        waiting.add(Part.of(COMMENT, completion, false));
        due();
        return true;
    }

    @Override
    public void close(CloseCode code, String lastWords) {
        isClosing = true;
        byte[] words = lastWords.isEmpty() ? COMMENT : lastWords.getBytes(StandardCharsets.UTF_8);
        waiting.add(Part.of(words, null, true));
        due();
    }

    @Override
    public void drop() {
        isClosing = true;
        broken = new IOException("cut");
        due();
    }

    @Override
    public boolean isConnected() {
        return !isOver;
    }

    /** The API does not tell. */
    @Override
    public long bytesUnderWay() {
        return 0;
    }

    /** There is nothing to read. */
    @Override
    public boolean pauseReading() {
        return false;
    }

    @Override
    public void resumeReading() {}

    @Override
    public void onWritePossible() {
        isPossible = true;
        due();
    }

    @Override
    public void onError(Throwable cause) {
        broken(cause);
    }

    @Override
    public void onError(AsyncEvent event) {
        broken(event.getThrowable());
    }

    @Override
    public void onTimeout(AsyncEvent event) {
        broken(null);
    }

    /** Also by {@link #end}. */
    @Override
    public void onComplete(AsyncEvent event) {
        broken(null);
    }

    @Override
    public void onStartAsync(AsyncEvent event) {}

    private void broken(@Nullable Throwable cause) {
        awaitWriter();
        if (!isOver) {
            broken =
                    cause instanceof IOException ? cause : new IOException("the server has given the stream up", cause);
            due();
        }
    }

    /** Waits until another thread has stopped writing, unless the server may block in that. */
    private void awaitWriter() {
        long began = System.nanoTime();
        while (due.get() != 0
                && writer != Thread.currentThread()
                && !mayBlock
                && System.nanoTime() - began < LONGEST_CALL_NANOS) {
            Thread.onSpinWait();
        }
    }

    private void due() {
        if (due.getAndIncrement() == 0) {
            executor.execute(this::write);
        }
    }

    private void write() {
        int seen = 1;
        do {
            writer = Thread.currentThread();
            try {
                while (goesOn()) {}
            } catch (IOException | RuntimeException e) {
                end(e instanceof IOException ? e : new IOException("the server does not take what is written", e));
            }
            writer = null;
            seen = due.addAndGet(-seen);
        } while (seen != 0);
    }

    /** Takes one step; false when there is none for now. */
    private boolean goesOn() throws IOException {
        Throwable cause = broken;
        if (isOver) {
            failWaiting(cause == null ? new IOException("the stream is over") : cause);
            return false;
        }
        if (cause != null) {
            end(cause);
            return false;
        }
        if (part == null) {
            part = waiting.poll();
            step = Step.WRITE;
        }
        Part now = part;
        if (now == null || !isReady()) {
            return false;
        }
        switch (step) {
            case WRITE -> {
                step = Step.FLUSH;
                out.write(now.bytes, now.from, now.length);
            }
            case FLUSH -> {
                step = Step.AWAIT;
                out.flush();
            }
            case AWAIT -> {
                part = null;
                if (now.isLast) {
                    end(null);
                } else if (now.completion != null) {
                    now.completion.completed(null);
                }
            }
            default -> throw new AssertionError(step);
        }
        return true;
    }

    /** Asks the server, unless it is still to say that it can be written. It may say so while it is being asked. */
    private boolean isReady() {
        if (!isPossible) {
            return false;
        }
        isPossible = false;
        boolean isReady = out.isReady();
        if (isReady) {
            isPossible = true;
        }
        return isReady;
    }

    /** Ends it once. The completions that are owed receive the cause; when none is owed, the session does. */
    private void end(@Nullable Throwable cause) {
        if (isOver) {
            return;
        }
        isOver = true;
        Consumer<Throwable> gone = onGone;
        onGone = null;
        try {
            async.complete();
        } catch (RuntimeException e) {
            LOG.log(Level.DEBUG, "the server has ended a stream itself", e);
        }
        if (cause != null && !failWaiting(cause) && !isClosing && gone != null) {
            gone.accept(cause);
        }
    }

    /** Tells those whose parts will never be taken; whether there was one. */
    private boolean failWaiting(Throwable cause) {
        boolean isTold = false;
        for (Part one = part == null ? waiting.poll() : part; one != null; one = waiting.poll()) {
            if (one.completion != null) {
                one.completion.completed(cause);
                isTold = true;
            }
        }
        part = null;
        return isTold;
    }
}

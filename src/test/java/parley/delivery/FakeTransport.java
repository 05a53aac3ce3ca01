package parley.delivery;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.function.Consumer;
import parley.protocol.CloseCode;

/** A transport that completes when it is told to, and checks that no more than the limit is in flight. Any thread. */
public final class FakeTransport implements Transport {
    /** The bytes that the client has still to take. */
    public volatile long bytesUnderWay;

    /** When frames are completed. */
    public enum When {
        INSIDE_SEND,
        LATER
    }

    private final int limit;
    public volatile When when;
    public volatile RuntimeException thrown;
    public volatile boolean refusesPings;
    public volatile boolean canPauseReading = true;
    /** What else happens just before reading is paused, by the thread that pauses it. */
    public volatile Runnable onPause = () -> {};
    /** What else happens when a frame is sent, by the thread that sends it. */
    public volatile Consumer<String> onSend = words -> {};

    private final List<String> sent = new ArrayList<>();
    private final Queue<Completion> pending = new ArrayDeque<>();
    private final List<String> closes = new ArrayList<>();
    private int drops;
    private boolean connected;
    private boolean isPaused;
    private int depth;
    private int deepest;

    public FakeTransport(When when, int limit) {
        this.when = when;
        this.limit = limit;
    }

    @Override
    public void send(Frame frame, Completion completion) {
        List<Frame> messages = frame instanceof Frame.Several several ? several.messages() : List.of(frame);
        start(completion, messages.stream().map(FakeTransport::words).toArray(String[]::new));
    }

    private static String words(Frame message) {
        if (message instanceof Frame.Binary) {
            return "binary";
        }
        return message instanceof Frame.Text text ? text.text() : message.toString();
    }

    @Override
    public boolean ping(Completion completion) {
        if (refusesPings) {
            return false;
        }
        start(completion, "PING");
        return true;
    }

    private void start(Completion completion, String... what) {
        synchronized (this) {
            if (thrown != null) {
                throw thrown;
            }
            if (pending.size() >= limit) {
                throw new AssertionError("more than " + limit + " in flight");
            }
            sent.addAll(List.of(what));
            pending.add(completion);
            deepest = Math.max(deepest, ++depth);
        }
        List.of(what).forEach(onSend);
        if (when == When.INSIDE_SEND) {
            completeOne(null);
        }
        synchronized (this) {
            depth--;
        }
    }

    /** Completes the oldest frame; false when none is in flight. */
    public boolean completeOne(Throwable failure) {
        Completion completion;
        synchronized (this) {
            completion = pending.poll();
        }
        if (completion == null) {
            return false;
        }
        completion.completed(failure);
        return true;
    }

    @Override
    public long bytesUnderWay() {
        return bytesUnderWay;
    }

    @Override
    public boolean pauseReading() {
        onPause.run();
        synchronized (this) {
            isPaused = canPauseReading;
        }
        return canPauseReading;
    }

    @Override
    public synchronized void resumeReading() {
        isPaused = false;
    }

    /** Whether the client is not read on. */
    public synchronized boolean isPaused() {
        return isPaused;
    }

    @Override
    public synchronized void close(CloseCode code, String reason) {
        closes.add(code.number() + " " + reason);
    }

    @Override
    public synchronized void drop() {
        drops++;
        connected = false;
    }

    @Override
    public synchronized boolean isConnected() {
        return connected;
    }

    public synchronized void connected(boolean now) {
        connected = now;
    }

    public synchronized List<String> sent() {
        return List.copyOf(sent);
    }

    public synchronized int sentCount() {
        return sent.size();
    }

    public synchronized List<String> closes() {
        return List.copyOf(closes);
    }

    public synchronized int drops() {
        return drops;
    }

    public synchronized int inFlight() {
        return pending.size();
    }

    /** How many sends were on one stack at most. */
    public synchronized int deepest() {
        return deepest;
    }
}

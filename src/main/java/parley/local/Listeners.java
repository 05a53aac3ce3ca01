package parley.local;

import java.lang.System.Logger;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import parley.api.RoomEvent;
import parley.api.RoomListener;
import parley.protocol.Message;
import parley.protocol.RoomName;
import parley.room.RoomWatch;

/** The application's listeners, each with what it has not been called for. Any thread. */
public final class Listeners implements RoomWatch {
    private static final Logger LOG = System.getLogger("parley.local");

    private static final int MOST_EVENTS = 10_000;
    private static final long MOST_BYTES = 8L << 20;
    /** Events that a listener gets in one go, so that listeners take turns. */
    private static final int BURST = 256;

    private final List<Line> lines = new ArrayList<>();
    private final Executor calling;
    private final FailureLog failures;
    private final LongAdder missed = new LongAdder();
    private final LongAdder failed = new LongAdder();

    /**
     * Takes the listeners.
     *
     * @param calling where they are called
     */
    public Listeners(List<RoomListener> listeners, Executor calling, LongSupplier nanoClock) {
        this.calling = calling;
        this.failures = new FailureLog(LOG, nanoClock);
        listeners.forEach(listener -> lines.add(new Line(listener)));
    }

    /** How many events were left out, in all listeners. */
    public long missedCount() {
        return missed.sum();
    }

    /** How often a listener threw. */
    public long failedCount() {
        return failed.sum();
    }

    @Override
    public void joined(RoomName room, @Nullable String name) {
        add(0, listener -> listener.joined(room.value(), name));
    }

    @Override
    public void left(RoomName room, @Nullable String name) {
        add(0, listener -> listener.left(room.value(), name));
    }

    @Override
    public void renamed(RoomName room, @Nullable String from, String to) {
        add(0, listener -> listener.renamed(room.value(), from, to));
    }

    @Override
    public void emptied(RoomName room) {
        add(0, listener -> listener.emptied(room.value()));
    }

    @Override
    public void said(RoomName room, String epoch, List<Message> messages) {
        if (!lines.isEmpty()) {
            messages.stream()
                    .filter(message -> !message.isReaction())
                    .filter(message -> !message.isKeyed()) // a listener hears what is said, and no state
                    .forEach(message -> add(message.content().bytes(), call(room, epoch, message)));
        }
    }

    private static Consumer<RoomListener> call(RoomName room, String epoch, Message message) {
        return listener -> hear(listener, Translated.event(room, epoch, message));
    }

    private static void hear(RoomListener listener, RoomEvent event) {
        if (event instanceof RoomEvent.Appended appended) {
            listener.appended(appended);
        } else if (event instanceof RoomEvent.Changed changed) {
            listener.changed(changed);
        } else {
            listener.said((RoomEvent.Said) event);
        }
    }

    private void add(int bytes, Consumer<RoomListener> call) {
        lines.forEach(line -> line.add(new Call(bytes, call)));
    }

    private record Call(int bytes, Consumer<RoomListener> to) {}

    /** What one listener has not been called for. */
    private final class Line implements Runnable {
        private final RoomListener listener;

        // Guarded by this
        private final Deque<Call> calls = new ArrayDeque<>();
        private long bytes;
        /** How many were left out behind the last one that waits. */
        private long leftOut;

        private boolean isRunning;

        Line(RoomListener listener) {
            this.listener = listener;
        }

        void add(Call call) {
            synchronized (this) {
                if (calls.size() >= MOST_EVENTS || bytes + call.bytes > MOST_BYTES) {
                    leftOut++;
                    missed.increment();
                    return;
                }
                if (leftOut > 0) {
                    long count = leftOut;
                    leftOut = 0;
                    calls.add(new Call(0, to -> to.missed(count)));
                }
                calls.add(call);
                bytes += call.bytes;
                if (isRunning) {
                    return;
                }
                isRunning = true;
            }
            calling.execute(this);
        }

        private synchronized @Nullable Call next() {
            Call next = calls.poll();
            if (next != null) {
                bytes -= next.bytes;
            } else if (leftOut > 0) {
                long count = leftOut;
                leftOut = 0;
                return new Call(0, to -> to.missed(count));
            } else {
                isRunning = false;
            }
            return next;
        }

        @Override
        public void run() {
            for (int i = 0; i < BURST; i++) {
                Call next = next();
                if (next == null) {
                    return;
                }
                try {
                    next.to.accept(listener);
                } catch (RuntimeException | Error e) {
                    failed.increment();
                    failures.log("a listener of the application threw", e);
                }
            }
            calling.execute(this);
        }
    }
}

package parley.session;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import parley.delivery.Frame;
import parley.protocol.ErrorCode;
import parley.protocol.Event;
import parley.protocol.JsonCodec;
import parley.protocol.Utf8;

/**
 * The answers of a JSON session, in the order of the commands: some at once, some when the room's store has done its
 * part. The thread that brings the messages adds, any thread gives what comes late, the draining thread takes.
 */
final class Answers {
    /** A client that makes more mistakes than that, with a burst of five times that, and keeps on, is closed. */
    private static final int ERRORS_PER_SECOND = 20;

    private final Connection connection;
    private final int batchBytes;
    private final Backlog<Supplier<String>> waiting;
    /** Set while a thread is about to wake the connection for answers that have come late. */
    private final AtomicBoolean isToBeWoken = new AtomicBoolean();

    // Touched by the thread that brings the messages
    private final Rate errors;

    /** For a connection; answers of that many bytes go into a frame, about. */
    Answers(Connection connection, int batchBytes) {
        this.connection = connection;
        this.batchBytes = batchBytes;
        this.waiting = new Backlog<>(connection.sessions().limits().backlog());
        this.errors = new Rate(ERRORS_PER_SECOND, connection.sessions().now());
    }

    /** Answers at once. */
    void add(Event event) {
        String line = JsonCodec.encode(event);
        add(() -> line, Utf8.length(line));
    }

    /** Answers at once, with a line that is made when it is sent. */
    void add(Supplier<String> line, int bytes) {
        if (!waiting.add(line, bytes)) {
            connection.end(Ending.ANSWER_BACKLOG);
        }
    }

    /** Keeps the next place for an answer that comes at once or later. */
    Later later() {
        return new Later();
    }

    /** Answers that a command was not carried out. */
    void fail(JsonCodec.Decoded command, ErrorCode code, String reason) {
        fail(new Event.Error(command.ref(), code, reason, command.room()));
    }

    /** Answers with an error. */
    void fail(Event.Error error) {
        fail(later(), error);
    }

    /** Answers with an error, in a place that was kept. */
    void fail(Later answer, Event.Error error) {
        if (errors.take(connection.sessions().now()) == Rate.Allowance.FLOODING) {
            connection.end(Ending.TOO_MANY_ERRORS);
        } else {
            answer.give(error);
        }
    }

    /**
     * An answer that comes at once, or later by a thread that must not send. It keeps its place meanwhile, since
     * answers are in the order of the commands.
     */
    final class Later {
        private final Backlog.@Nullable Place<Supplier<String>> place = waiting.reserve();
        /** Set when the command has been carried out but for its answer: whoever gives it from then on has it sent. */
        private volatile boolean isLate;

        private Later() {}

        void give(Event event) {
            give(event, () -> {});
        }

        /** Gives the answer; calls {@code whenSent} when it is sent. */
        void give(Event event, Runnable whenSent) {
            String line = JsonCodec.encode(event);
            Supplier<String> answer = () -> {
                whenSent.run();
                return line;
            };
            if (place == null || !waiting.fill(place, answer, Utf8.length(line))) {
                connection.end(Ending.ANSWER_BACKLOG);
            } else if (isLate && !isToBeWoken.getAndSet(true)) {
                connection.sessions().fanOut().execute(Answers.this::wakeOnce);
            }
        }

        /** The command has been carried out: when the answer is not there yet, it comes late. */
        void carriedOut() {
            isLate = true;
        }
    }

    /** For all answers that have come late since the last time. */
    private void wakeOnce() {
        isToBeWoken.set(false);
        connection.drain().wake();
    }

    /**
     * Returns a frame of answers, or null when there is none, or the next is still to come. For the draining thread.
     */
    @Nullable
    Frame next() {
        Supplier<String> first = waiting.poll();
        if (first == null) {
            return null;
        }
        Supplier<String> next = waiting.poll();
        if (next == null) {
            return new Frame.Text(first.get());
        }
        StringBuilder lines = new StringBuilder(first.get());
        while (next != null) {
            lines.append('\n').append(next.get());
            next = lines.length() < batchBytes ? waiting.poll() : null;
        }
        return new Frame.Text(lines.toString());
    }

    /** Whether as many wait as go into a frame. */
    boolean fillAFrame() {
        return waiting.bytes() > batchBytes;
    }

    /** The bytes of those that wait. */
    long bytes() {
        return waiting.bytes();
    }

    /** Whether none waits, nor is to come. */
    boolean isEmpty() {
        return waiting.isEmpty();
    }

    /** Lets all of them go. */
    void clear() {
        waiting.clear();
    }
}

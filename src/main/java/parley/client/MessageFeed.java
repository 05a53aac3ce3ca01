package parley.client;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The messages of a room for one subscriber, as it asks for them. {@link #offer} and {@link #end} are for the client's
 * strand; the subscriber is called on a strand of its own.
 */
final class MessageFeed implements Flow.Subscription {
    private final Flow.Subscriber<? super RoomMessage> subscriber;
    private final Executor strand;
    private final int most;
    /** How many were offered and not taken. */
    private final AtomicInteger waiting = new AtomicInteger();

    private volatile boolean isEnded;

    // On the feed's strand.
    private final Queue<RoomMessage> messages = new ArrayDeque<>();
    private long demand;
    private boolean isLast;
    private boolean isOver;
    private @Nullable Throwable failure;

    MessageFeed(Flow.Subscriber<? super RoomMessage> subscriber, Executor executor, int most) {
        this.subscriber = subscriber;
        this.strand = new Strand(executor);
        this.most = most;
        strand.execute(() -> subscriber.onSubscribe(this));
    }

    /** Whether it takes no more messages. */
    boolean isEnded() {
        return isEnded;
    }

    void offer(RoomMessage message) {
        if (isEnded) {
            return;
        }
        boolean isTooMuch = waiting.incrementAndGet() > most;
        strand.execute(() -> {
            messages.add(message);
            serve();
        });
        if (isTooMuch) {
            end(new ParleyException(
                    ParleyException.FULL, "the subscriber is more than " + most + " messages behind the room"));
        }
    }

    /** Ends it behind what was offered. */
    void end(@Nullable Throwable why) {
        if (!isEnded) {
            isEnded = true;
            strand.execute(() -> {
                isLast = true;
                failure = why;
                serve();
            });
        }
    }

    @Override
    public void request(long more) {
        strand.execute(() -> {
            if (more <= 0) {
                messages.clear();
                isLast = true;
                isEnded = true;
                failure = new IllegalArgumentException("a subscriber asks for 1 message at least, not " + more);
            } else {
                demand = demand + more < 0 ? Long.MAX_VALUE : demand + more;
            }
            serve();
        });
    }

    @Override
    public void cancel() {
        isEnded = true;
        strand.execute(() -> {
            isOver = true;
            messages.clear();
        });
    }

    private void serve() {
        try {
            while (!isOver && demand > 0 && !messages.isEmpty()) {
                demand--;
                waiting.decrementAndGet();
                subscriber.onNext(messages.remove());
            }
            if (!isOver && isLast && messages.isEmpty()) {
                isOver = true;
                if (failure == null) {
                    subscriber.onComplete();
                } else {
                    subscriber.onError(failure);
                }
            }
        } catch (RuntimeException | Error e) {
            isOver = true; // Reactive Streams, rule 2.13: a subscriber that throws has cancelled
            isEnded = true;
            messages.clear();
            throw e;
        }
    }
}

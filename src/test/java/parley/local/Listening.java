package parley.local;

import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import parley.api.RoomEvent;

/** A subscriber that keeps what it is given. Every wait has a time limit. */
class Listening implements Flow.Subscriber<RoomEvent> {
    private static final int PATIENCE_SECONDS = 20;

    private final BlockingQueue<RoomEvent> events = new LinkedBlockingQueue<>();
    private final CompletableFuture<Flow.Subscription> subscription = new CompletableFuture<>();
    private final CompletableFuture<Throwable> error = new CompletableFuture<>();
    private final CompletableFuture<Void> completed = new CompletableFuture<>();
    private final int batch;
    private int left;

    /** One that is asked by the test. */
    Listening() {
        this(0);
    }

    /** One that always asks for so many when it has been given as many. */
    Listening(int batch) {
        this.batch = batch;
    }

    @Override
    public void onSubscribe(Flow.Subscription to) {
        subscription.complete(to);
        if (batch > 0) {
            left = batch;
            to.request(batch);
        }
    }

    @Override
    public void onNext(RoomEvent event) {
        events.add(event);
        if (batch > 0 && --left == 0) {
            left = batch;
            subscription.join().request(batch);
        }
    }

    @Override
    public void onError(Throwable cause) {
        error.complete(cause);
    }

    @Override
    public void onComplete() {
        completed.complete(null);
    }

    void request(long more) {
        subscription.orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).join().request(more);
    }

    void cancel() {
        subscription.join().cancel();
    }

    RoomEvent next() {
        try {
            RoomEvent next = events.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            if (next == null) {
                throw new AssertionError("nothing came; error: " + error.getNow(null));
            }
            return next;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    Queue<RoomEvent> events() {
        return events;
    }

    Throwable error() {
        return error.orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).join();
    }

    void completed() {
        completed.orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).join();
    }
}

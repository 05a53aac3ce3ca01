package parley.local;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import parley.api.RoomEvent;
import parley.api.RoomException;
import parley.api.RoomException.Reason;
import parley.delivery.Frame;
import parley.protocol.Event;
import parley.protocol.RoomName;
import parley.room.Joined;
import parley.room.Member;

/**
 * A subscriber in a room: a member like any other, which takes its next frame when what was in the one before has been
 * taken, and more asked for. Nothing is queued but the rest of one frame.
 *
 * <p>One thread at a time calls the subscriber. A call that falls due meanwhile leaves a note in {@link #due}. Any
 * thread may call any method.
 */
final class LogSubscriber implements Member.Subscriber, Flow.Subscription, Runnable {
    private static final Logger LOG = System.getLogger("parley.local");

    /** Events that a subscriber gets in one go, so that subscribers take turns. */
    private static final int BURST = 256;

    /** How it ends: without a word because the subscriber wants that, with {@code onComplete}, or with an error. */
    private sealed interface End {
        enum Quiet implements End {
            CANCELLED,
            COMPLETED
        }

        record Failed(Throwable cause) implements End {}
    }

    private final RoomName room;
    private final Flow.Subscriber<? super RoomEvent> subscriber;
    private final Executor calling;
    private final LongSupplier nanoClock;
    private final Consumer<LogSubscriber> onEnd;

    /** How many times there was something to do since the thread that calls looked; that thread counts as one. */
    private final AtomicInteger due = new AtomicInteger();
    /** How many events the subscriber has asked for and was not given. */
    private final AtomicLong demand = new AtomicLong();
    /** Set once. */
    private final AtomicReference<@Nullable End> end = new AtomicReference<>();

    private volatile @Nullable Member member;
    private volatile @Nullable Joined joined;
    /** When it was given something last, or had all there is. Written by the thread that calls. */
    private volatile long movedAtNanos;
    /** Whether it holds events that it has not been given. Written by the thread that calls. */
    private volatile boolean holdsSome;

    // Touched by the thread that calls
    private boolean isSubscribed;
    private boolean isPlaced;
    private boolean hasEnded;
    /** What is left of the frame that was taken. */
    private final Queue<Event> taken = new ArrayDeque<>();

    private String epoch = "";

    LogSubscriber(
            RoomName room,
            Flow.Subscriber<? super RoomEvent> subscriber,
            Executor calling,
            LongSupplier nanoClock,
            Consumer<LogSubscriber> onEnd) {
        this.room = room;
        this.subscriber = subscriber;
        this.calling = calling;
        this.nanoClock = nanoClock;
        this.onEnd = onEnd;
        this.movedAtNanos = nanoClock.getAsLong();
    }

    /** It has come into the room, and may have a place already. */
    void isIn(Member in) {
        member = in;
        if (end.get() != null) {
            in.leave(); // ended while joining, and found no member to leave with
        }
        ready();
    }

    /** It has its place, or the room cannot be read. */
    void joined(@Nullable Joined now) {
        if (now == null) {
            fail(LocalRooms.unread());
        } else {
            joined = now;
            ready();
        }
    }

    @Override
    public void ready() {
        if (due.getAndIncrement() == 0) {
            calling.execute(this);
        }
    }

    @Override
    public void fellBehind() {
        fail(new RoomException(
                Reason.BEHIND,
                "the subscriber has asked for nothing for longer than room.slow-after; subscribe behind the last event"
                        + " that it has seen"));
    }

    @Override
    public boolean hasEnded() {
        return end.get() != null;
    }

    @Override
    public void request(long more) {
        if (more <= 0) {
            fail(new IllegalArgumentException("request is for 1 or more, not " + more)); // Flow.Subscription#request
            return;
        }
        demand.updateAndGet(now -> now + more < 0 ? Long.MAX_VALUE : now + more);
        ready();
    }

    @Override
    public void cancel() {
        end(End.Quiet.CANCELLED);
    }

    /** Ends it without a fault. */
    void complete() {
        end(End.Quiet.COMPLETED);
    }

    void fail(Throwable why) {
        end(new End.Failed(why));
    }

    private void end(End how) {
        if (end.compareAndSet(null, how)) {
            onEnd.accept(this);
            Member in = member;
            if (in != null) {
                in.leave();
            }
            ready();
        }
    }

    /** For the executor. */
    @Override
    public void run() {
        int seen = due.get();
        boolean isAtBurst;
        do {
            isAtBurst = call();
            seen = isAtBurst ? seen : due.addAndGet(-seen);
        } while (seen != 0 && !isAtBurst);
        if (isAtBurst) {
            calling.execute(this); // others first; what is due stays so
        }
    }

    /** Calls the subscriber with all that it may be given; true when there may be more than it is given at once. */
    private boolean call() {
        try {
            if (!isSubscribed) {
                isSubscribed = true;
                subscriber.onSubscribe(this);
            }
            for (int given = 0; given < BURST; given++) {
                if (end.get() != null || demand.get() == 0) {
                    break;
                }
                RoomEvent next = next();
                if (next == null) {
                    movedAtNanos = nanoClock.getAsLong();
                    break;
                }
                demand.decrementAndGet();
                subscriber.onNext(next);
                movedAtNanos = nanoClock.getAsLong();
                if (given == BURST - 1) {
                    return true;
                }
            }
        } catch (RuntimeException | Error e) {
            LOG.log(Level.ERROR, "a subscriber of the room " + room.value() + " threw, and is given nothing more", e);
            end(End.Quiet.CANCELLED);
        }
        lastCall();
        return false;
    }

    private void lastCall() {
        End how = end.get();
        if (how == null || hasEnded) {
            return;
        }
        hasEnded = true;
        taken.clear();
        holdsSome = false;
        try {
            if (how instanceof End.Failed failed) {
                subscriber.onError(failed.cause);
            } else if (how == End.Quiet.COMPLETED) {
                subscriber.onComplete();
            }
        } catch (RuntimeException | Error e) {
            LOG.log(Level.ERROR, "a subscriber of the room " + room.value() + " threw at its end", e);
        }
    }

    private @Nullable RoomEvent next() {
        Joined now = joined;
        if (now == null) {
            return null;
        }
        if (!isPlaced) {
            isPlaced = true;
            epoch = now.epoch();
            now.member().begin();
            return new RoomEvent.Placed(room.value(), epoch, now.after(), Boolean.TRUE.equals(now.recovered()));
        }
        if (taken.isEmpty()) {
            Frame frame = now.member().next();
            if (frame == null) {
                return null;
            }
            taken.addAll(((Frame.Direct) frame).events());
        }
        Event event = taken.remove();
        holdsSome = !taken.isEmpty();
        return translated(event);
    }

    private RoomEvent translated(Event event) {
        if (event instanceof Event.Said said) {
            return Translated.event(room, epoch, said.message());
        }
        if (event instanceof Event.Gap gap) {
            return new RoomEvent.Missed(room.value(), epoch, gap.after(), gap.before() - 1, gap.missed());
        }
        if (event instanceof Event.Joined begun) {
            epoch = begun.epoch();
            return new RoomEvent.Placed(room.value(), epoch, begun.seq(), false);
        }
        throw new AssertionError(event);
    }

    /** Looks whether there is something that it does not ask for. For the sweep. */
    void sweep(long now) {
        Member in = member;
        if (in == null || end.get() != null) {
            return;
        }
        if (holdsSome || in.isBehind()) {
            in.frameUnderWay(now - movedAtNanos);
        } else {
            movedAtNanos = now;
        }
    }
}

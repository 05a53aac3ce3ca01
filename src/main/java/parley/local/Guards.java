package parley.local;

import java.lang.System.Logger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import parley.api.MessageGuard;
import parley.api.RoomException;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.RoomName;
import parley.room.Inspection;

/** The application's guards, one after the other, each with its deadline. Any thread. */
public final class Guards implements Inspection {
    private static final Logger LOG = System.getLogger("parley.local");

    /** What came of a check, for counters. */
    public enum Result {
        ACCEPTED,
        CHANGED,
        REFUSED,
        /** Its deadline has passed. */
        LATE,
        /** It threw, or said nothing. */
        FAILED
    }

    /** A guard, with what it said of itself once. */
    private record Post(MessageGuard guard, Duration deadline, MessageGuard.Verdict otherwise) {
        static Post of(MessageGuard guard) {
            return new Post(guard, guard.deadline(), guard.otherwise());
        }
    }

    private final List<Post> posts = new ArrayList<>();
    private final int messageBytes;
    private final Executor calling;
    private final LongSupplier nanoClock;
    /** At most one for each connection, and for each request of HTTP. */
    private final Set<Check> pending = ConcurrentHashMap.newKeySet();

    private final Map<Result, LongAdder> results = new EnumMap<>(Result.class);
    private final FailureLog failures;

    /**
     * Takes the guards.
     *
     * @param messageBytes how long a message may be, changed or not
     * @param calling where the application's code is called
     */
    public Guards(List<MessageGuard> guards, int messageBytes, Executor calling, LongSupplier nanoClock) {
        guards.forEach(guard -> posts.add(Post.of(guard)));
        this.messageBytes = messageBytes;
        this.calling = calling;
        this.nanoClock = nanoClock;
        this.failures = new FailureLog(LOG, nanoClock);
        for (Result result : Result.values()) {
            results.put(result, new LongAdder());
        }
    }

    @Override
    public void inspect(RoomName room, Draft draft, Consumer<Finding> then) {
        check(room, draft, 0, then);
    }

    private void check(RoomName room, Draft draft, int index, Consumer<Finding> then) {
        if (index == posts.size()) {
            then.accept(new Passed(draft));
            return;
        }
        Check check = new Check(room, draft, index, then);
        pending.add(check);
        calling.execute(check);
    }

    /** How many checks had that result. */
    public long count(Result result) {
        LongAdder counter = results.get(result);
        return counter == null ? 0 : counter.sum();
    }

    /** Goes on without those whose deadline has passed. For the sweep. */
    public void sweep() {
        long now = nanoClock.getAsLong();
        pending.forEach(check -> check.sweep(now));
    }

    /** One guard and one message. */
    private final class Check implements Runnable {
        private final RoomName room;
        private final Draft draft;
        private final int index;
        private final Consumer<Finding> then;
        private final long until;
        private final AtomicBoolean isOver = new AtomicBoolean();

        Check(RoomName room, Draft draft, int index, Consumer<Finding> then) {
            this.room = room;
            this.draft = draft;
            this.index = index;
            this.then = then;
            this.until = nanoClock.getAsLong() + posts.get(index).deadline.toNanos();
        }

        @Override
        public void run() {
            if (isOver.get()) {
                return; // it has waited for a thread for too long
            }
            try {
                posts.get(index)
                        .guard
                        .check(new MessageGuard.Submission(
                                room.value(), draft.from(), Translated.payload(draft.content()), draft.id()))
                        .whenComplete(this::checked);
            } catch (RuntimeException | Error e) {
                fail(e);
            }
        }

        private void checked(MessageGuard.@Nullable Verdict verdict, @Nullable Throwable failure) {
            if (verdict == null) {
                fail(failure == null ? new NullPointerException("a guard said nothing of a message") : failure);
                return;
            }
            try {
                Result result = verdict instanceof MessageGuard.Accept
                        ? Result.ACCEPTED
                        : verdict instanceof MessageGuard.Change ? Result.CHANGED : Result.REFUSED;
                end(result, finding(verdict));
            } catch (RoomException e) {
                fail(e); // what it made of the message cannot be one
            }
        }

        private Finding finding(MessageGuard.Verdict verdict) {
            if (verdict instanceof MessageGuard.Refuse refuse) {
                return new Refused(refuse.reason());
            }
            if (verdict instanceof MessageGuard.Change change) {
                Content content = Translated.content(change.payload(), messageBytes);
                return new Passed(draft.with(content));
            }
            return new Passed(draft);
        }

        private void fail(Throwable cause) {
            if (!isOver.get()) {
                failures.log("a guard of the application failed at a message in the room " + room.value(), cause);
                end(Result.FAILED, otherwise());
            }
        }

        private Finding otherwise() {
            try {
                return finding(posts.get(index).otherwise);
            } catch (RoomException e) {
                return new Refused("the message could not be checked");
            }
        }

        void sweep(long now) {
            if (now - until >= 0 && !isOver.get()) {
                failures.log("a guard of the application took too long at a message in the room " + room.value(), null);
                Finding otherwise = otherwise();
                end(Result.LATE, otherwise);
            }
        }

        private void end(Result result, Finding finding) {
            if (!isOver.compareAndSet(false, true)) {
                return;
            }
            pending.remove(this);
            LongAdder counter = results.get(result);
            if (counter != null) {
                counter.increment();
            }
            if (finding instanceof Passed passed) {
                check(room, passed.draft(), index + 1, then);
            } else {
                then.accept(finding);
            }
        }
    }
}

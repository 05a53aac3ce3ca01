package parley.session;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What waits behind the frames in flight because this client alone asked for it: echoes, answers. Bounded in bytes. Any
 * thread may add, one at a time takes.
 */
final class Backlog<T> {
    /** The bytes of a waiting thing besides its content, about: so that a flood of empty messages is bounded too. */
    private static final int OVERHEAD_BYTES = 64;

    private static final VarHandle THING;

    static {
        try {
            THING = MethodHandles.lookup().findVarHandle(Place.class, "thing", Object.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** A place in the order, for a thing that is there, or comes later. */
    static final class Place<T> {
        /**
         * Written plainly before the queue publishes it, and then once by who fills it: a volatile one would cost each
         * echo a fence.
         */
        @SuppressWarnings("UnusedVariable") // read through the handle
        private @Nullable Object thing;

        /** Written before a thing that comes later is. */
        private long bytes;

        private Place(@Nullable T thing, long bytes) {
            this.thing = thing;
            this.bytes = bytes;
        }

        @SuppressWarnings("unchecked")
        private @Nullable T thing() {
            return (T) THING.getAcquire(this);
        }

        private void fill(T late) {
            THING.setVolatile(this, late); // what its giver reads next is not older
        }
    }

    private final long limit;
    private final Queue<Place<T>> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicLong bytes = new AtomicLong();

    Backlog(long limit) {
        this.limit = limit;
    }

    /** Adds a thing of that many bytes; false when it does not fit. One always fits. */
    boolean add(T thing, int size) {
        return add(new Place<>(thing, (long) size + OVERHEAD_BYTES));
    }

    /** Keeps a place for a thing that comes later, and holds up what is added behind it; null when it does not fit. */
    @Nullable
    Place<T> reserve() {
        Place<T> place = new Place<>(null, OVERHEAD_BYTES);
        return add(place) ? place : null;
    }

    private boolean add(Place<T> place) {
        long before = bytes.getAndAdd(place.bytes);
        if (before > 0 && before + place.bytes > limit) {
            return false;
        }
        waiting.add(place);
        return true;
    }

    /** Puts the thing into its place, once; false when it does not fit. */
    boolean fill(Place<T> place, T thing, int size) {
        long before = bytes.getAndAdd(size);
        if (before > OVERHEAD_BYTES && before + size > limit) {
            return false;
        }
        place.bytes += size;
        place.fill(thing);
        return true;
    }

    /** Takes the oldest, or null when there is none, or it is still to come. */
    @Nullable
    T poll() {
        Place<T> oldest = waiting.peek();
        T thing = oldest == null ? null : oldest.thing();
        if (oldest == null || thing == null) {
            return null;
        }
        waiting.poll();
        bytes.addAndGet(-oldest.bytes);
        return thing;
    }

    /** Whether nothing waits, nor is to come. */
    boolean isEmpty() {
        return waiting.isEmpty();
    }

    /** What waits, in bytes. */
    long bytes() {
        return bytes.get();
    }

    /** Lets all of it go. */
    void clear() {
        waiting.clear();
    }
}

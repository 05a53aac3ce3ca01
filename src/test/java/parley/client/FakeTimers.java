package parley.client;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A clock that stands still until a test lets time pass. Any thread. */
final class FakeTimers implements ClientTimers {
    private record Due(long at, long order, Runnable task) {}

    private final List<Due> due = new ArrayList<>();
    private long now = 1_000_000;
    private long orders;

    @Override
    public synchronized long now() {
        return now;
    }

    @Override
    public synchronized Alarm after(long millis, Runnable task) {
        Due one = new Due(now + millis, orders++, task);
        due.add(one);
        return () -> remove(one);
    }

    private synchronized void remove(Due one) {
        due.remove(one);
    }

    /** Calls what is due meanwhile, each at its time. */
    void pass(long millis) {
        long until = now() + millis;
        for (Due next = next(until); next != null; next = next(until)) {
            next.task.run();
        }
    }

    private synchronized @Nullable Due next(long until) {
        Due next = due.stream()
                .filter(one -> one.at <= until)
                .min(Comparator.comparingLong(Due::at).thenComparingLong(Due::order))
                .orElse(null);
        now = next == null ? until : next.at;
        due.remove(next);
        return next;
    }

    /** How many calls are due later. */
    synchronized int size() {
        return due.size();
    }
}

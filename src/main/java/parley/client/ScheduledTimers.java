package parley.client;

import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** The clock of the machine. Any thread. */
record ScheduledTimers(ScheduledExecutorService executor) implements ClientTimers {
    @Override
    public long now() {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
    }

    @Override
    public Alarm after(long millis, Runnable task) {
        try {
            Future<?> due = executor.schedule(task, millis, TimeUnit.MILLISECONDS);
            return () -> due.cancel(false);
        } catch (RejectedExecutionException e) {
            return Alarm.NONE; // the application has shut it down, and no client that needs it can go on
        }
    }
}

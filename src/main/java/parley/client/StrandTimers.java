package parley.client;

import java.util.concurrent.Executor;

/** Timers whose tasks run on a strand. Used on that strand: a task that was cancelled there does not run any more. */
record StrandTimers(ClientTimers timers, Executor strand) implements ClientTimers {
    private static final class Due implements Alarm {
        private Alarm inner = Alarm.NONE;
        private boolean isCancelled;

        @Override
        public void cancel() {
            isCancelled = true;
            inner.cancel();
        }
    }

    @Override
    public long now() {
        return timers.now();
    }

    @Override
    public Alarm after(long millis, Runnable task) {
        Due due = new Due();
        due.inner = timers.after(
                millis,
                () -> strand.execute(() -> {
                    if (!due.isCancelled) {
                        due.isCancelled = true;
                        task.run();
                    }
                }));
        return due;
    }
}

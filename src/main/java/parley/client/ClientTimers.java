package parley.client;

/** A clock and what it calls later. Any thread. */
interface ClientTimers {
    /** A call that is due later. */
    interface Alarm {
        /** One that nobody set. */
        Alarm NONE = () -> {};

        /** Calls nothing any more, if it has not. */
        void cancel();
    }

    /** Milliseconds since some moment, by a clock that is never set. */
    long now();

    /** Runs a task once, that many milliseconds from now. The task must not block. */
    Alarm after(long millis, Runnable task);
}

package parley.testclient;

import java.util.concurrent.Executor;

/**
 * A thread for each task that blocks. The pool that {@code CompletableFuture} takes by itself has one thread on two
 * processors, and from JDK 25 on nothing else: a second task would wait for the first, and a delayed one too.
 */
public final class Threads {
    public static final Executor EACH = task -> {
        Thread thread = new Thread(task, "background");
        thread.setDaemon(true);
        thread.start();
    };

    private Threads() {}
}

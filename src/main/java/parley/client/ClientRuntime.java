package parley.client;

import java.util.concurrent.Executor;
import java.util.function.DoubleSupplier;

/**
 * What a client runs on.
 *
 * @param work runs the client's own tasks, which never block
 * @param executor runs what the application wrote, which may block
 * @param random numbers from 0 to 1
 * @param release called when the client has been closed and its line has ended
 */
record ClientRuntime(
        Executor work,
        Executor executor,
        ClientTimers timers,
        Connector connector,
        DoubleSupplier random,
        Runnable release) {
    /** The same, which calls that besides at the end. */
    ClientRuntime andThen(Runnable atTheEnd) {
        return new ClientRuntime(work, executor, timers, connector, random, () -> {
            atTheEnd.run();
            release.run();
        });
    }
}

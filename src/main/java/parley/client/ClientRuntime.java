package parley.client;

import java.util.concurrent.Executor;
import java.util.function.DoubleSupplier;

/**
 * What a client runs on.
 *
 * @param random numbers from 0 to 1
 * @param release called when the client has been closed and its line has ended
 */
record ClientRuntime(
        Executor executor, ClientTimers timers, Connector connector, DoubleSupplier random, Runnable release) {}

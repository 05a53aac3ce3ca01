package parley.standalone;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.ClosedChannelException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import org.glassfish.grizzly.Connection;
import org.glassfish.grizzly.Grizzly;
import org.glassfish.grizzly.IOEvent;
import org.glassfish.grizzly.Transport;
import org.glassfish.grizzly.nio.transport.TCPNIOServerConnection;
import org.glassfish.grizzly.strategies.AbstractIOStrategy;
import org.glassfish.grizzly.strategies.SameThreadIOStrategy;
import org.glassfish.grizzly.threadpool.ThreadPoolConfig;
import org.jspecify.annotations.Nullable;

/**
 * Has the selectors do everything themselves, and pauses when a connection cannot be accepted. Grizzly would hear at
 * once again that a client waits, since the kernel keeps it in its queue, and spin without a word, with a selector and
 * all of its connections. Called by the selectors.
 */
final class AcceptingStrategy extends AbstractIOStrategy {
    private static final Logger LOG = System.getLogger("parley.standalone");
    private static final java.util.logging.Logger GRIZZLY_LOG = Grizzly.logger(AcceptingStrategy.class);
    private static final SameThreadIOStrategy SAME_THREAD = SameThreadIOStrategy.getInstance();
    private static final long MINUTE_NANOS = 60_000_000_000L;

    private final Runnable onFailure;
    /** Those that do not accept until the next sweep. */
    private final Queue<TCPNIOServerConnection> paused = new ConcurrentLinkedQueue<>();

    private final AtomicLong loggedAt = new AtomicLong(System.nanoTime() - MINUTE_NANOS);

    /** Makes it; {@code onFailure} is called for each connection that could not be accepted. */
    AcceptingStrategy(Runnable onFailure) {
        this.onFailure = onFailure;
    }

    @Override
    public boolean executeIoEvent(Connection connection, IOEvent event, boolean isEnabled) throws IOException {
        if (event == IOEvent.READ
                && isEnabled
                && connection.getProcessor() == connection.getTransport().getProcessor()) {
            // It still speaks HTTP. Grizzly's own strategy for one thread loses the interest in reading with a body
            // that comes in parts.
            connection.disableIOEvent(event);
            fireIOEvent(connection, event, ENABLE_INTEREST_LIFECYCLE_LISTENER, GRIZZLY_LOG);
            return true;
        }
        if (event != IOEvent.SERVER_ACCEPT || !(connection instanceof TCPNIOServerConnection server)) {
            return SAME_THREAD.executeIoEvent(connection, event, isEnabled);
        }
        try {
            server.onAccept();
        } catch (ClosedChannelException e) {
            LOG.log(Level.DEBUG, "a port that is closed", e);
        } catch (IOException e) {
            failed(server, e);
        }
        return true;
    }

    @Override
    public @Nullable Executor getThreadPoolFor(Connection connection, IOEvent event) {
        return SAME_THREAD.getThreadPoolFor(connection, event);
    }

    @Override
    public @Nullable ThreadPoolConfig createDefaultWorkerPoolConfig(Transport transport) {
        return SAME_THREAD.createDefaultWorkerPoolConfig(transport);
    }

    private void failed(TCPNIOServerConnection server, IOException why) {
        onFailure.run();
        long loggedBefore = loggedAt.get();
        long now = System.nanoTime();
        if (now - loggedBefore >= MINUTE_NANOS && loggedAt.compareAndSet(loggedBefore, now)) {
            LOG.log(
                    Level.WARNING,
                    "A connection cannot be accepted (" + why.getMessage() + "), and clients wait until it can. This is"
                            + " logged once a minute, and counted in parley_accept_failures_total.");
        }
        try {
            server.disableIOEvent(IOEvent.SERVER_ACCEPT);
            paused.add(server);
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "a port that is closed", e);
        }
    }

    /** Goes on accepting. For the sweep. */
    void resume() {
        for (TCPNIOServerConnection server = paused.poll(); server != null; server = paused.poll()) {
            try {
                server.enableIOEvent(IOEvent.SERVER_ACCEPT);
            } catch (IOException e) {
                LOG.log(Level.DEBUG, "a port that is closed", e);
            }
        }
    }
}

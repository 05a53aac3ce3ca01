package parley.app;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import parley.access.AccessSettings;
import parley.access.Tickets;
import parley.access.Tokens;
import parley.cluster.ClusterException;
import parley.cluster.ClusterSettings;
import parley.cluster.ClusterStore;
import parley.delivery.Transport;
import parley.door.Access;
import parley.door.AddressCounts;
import parley.door.Admission;
import parley.door.Request;
import parley.durable.DataException;
import parley.durable.DataSettings;
import parley.durable.DurableStore;
import parley.durable.NativeLibrary;
import parley.http.LongPolls;
import parley.http.Router;
import parley.protocol.JsonCodec;
import parley.protocol.RoomName;
import parley.room.Format;
import parley.room.MemoryStore;
import parley.room.RoomRegistry;
import parley.room.RoomStore;
import parley.session.Client;
import parley.session.Connection;
import parley.session.FirstRoom;
import parley.session.Sessions;

/**
 * The application: one object that owns the rooms, the sessions of echo and chat together, the threads and the clock.
 * Any thread may call any method.
 *
 * <p>Its threads: {@code parley-fan-out} runs the rooms' turns; {@code parley-sweep} looks after deadlines, keepalive
 * and empty rooms; {@code parley-store} writes and reads the rooms on disk; {@code parley-cluster} those of a cluster;
 * {@code parley-close}, {@code parley-ping} and {@code parley-write} are there because a container may block in a close
 * (5 to 20 seconds), in a ping or in a write.
 */
public final class Parley {
    private static final Logger LOG = System.getLogger("parley.app");

    private static final int CLOSING_THREADS = 32;
    /** How many threads that are blocked in a close are made good for. */
    private static final int MOST_BLOCKED = 1_000;

    private static final int WRITING_THREADS = 32;
    private static final int PING_THREADS = 16;
    private static final int IDLE_THREAD_SECONDS = 10;
    private static final long THREADS_END_NANOS = 1_000_000_000L;
    private static final long STUCK_THREADS_END_NANOS = 60 * THREADS_END_NANOS;
    private static final int STUCK_THREADS_MILLIS = 250;

    private final Settings settings;
    /** The threads of all pools: a pool says it has terminated when its threads are about to end. */
    private final Set<Thread> threads = ConcurrentHashMap.newKeySet();

    private final ExecutorService fanOut;
    private final ThreadPoolExecutor closing;
    private final ExecutorService writing;
    private final ExecutorService pinging;
    private final ScheduledExecutorService sweep;
    /** Null when no rooms are on disk. */
    private final @Nullable DurableStore durable;
    /** Null when this is no node of a cluster. */
    private final @Nullable ClusterStore cluster;

    private final RoomRegistry rooms;
    private final Sessions sessions;
    private final Admission admission;
    private final Metrics metrics;
    private final LongPolls polls;
    private final Router statusRoutes;
    private final Router explanations;
    private final Router routes;
    private final List<Runnable> chores = new CopyOnWriteArrayList<>();
    private final AtomicBoolean stopped = new AtomicBoolean();

    /** Starts the application. */
    public Parley(Settings settings) {
        this.settings = settings;
        this.fanOut = Executors.newFixedThreadPool(settings.fanOutThreads(), named("parley-fan-out"));
        this.closing = upTo(CLOSING_THREADS, named("parley-close"));
        this.writing = upTo(WRITING_THREADS, named("parley-write"));
        this.pinging = new ThreadPoolExecutor(
                0, PING_THREADS, IDLE_THREAD_SECONDS, TimeUnit.SECONDS, new SynchronousQueue<>(), named("parley-ping"));
        this.sweep = Executors.newSingleThreadScheduledExecutor(named("parley-sweep"));
        Clock clock = Clock.systemUTC();
        warnAboutMemory(settings.logBytes(), Runtime.getRuntime().maxMemory());
        Access access = access(settings, clock); // first, because it may say no
        this.durable = durable(settings.data(), clock);
        this.cluster = cluster(settings.cluster());
        this.metrics = new Metrics();
        this.rooms = new RoomRegistry(
                settings.room(),
                settings::room,
                settings.rooms(),
                storeOf(settings, cluster != null ? cluster : durable),
                settings.logBytes(),
                metrics,
                fanOut,
                clock,
                () -> TimeUnit.NANOSECONDS.toMillis(System.nanoTime()));
        AddressCounts addresses = new AddressCounts(settings.door().connectionsPerAddress());
        this.sessions = new Sessions(settings.session(), fanOut, closing, System::nanoTime, clock, access, addresses);
        Tickets tickets = new Tickets(settings.tickets(), System::nanoTime, clock);
        this.admission = new Admission(
                settings.origins(),
                settings.proxies(),
                access.withTickets(tickets),
                settings.door(),
                addresses,
                sessions,
                rooms);
        metrics.of(sessions, rooms, admission);
        metrics.of(tickets);
        if (durable != null) {
            metrics.of(durable);
        }
        if (cluster != null) {
            metrics.of(cluster);
        }
        chores.add(access::isReady); // has keys read in time, and not when a token needs them
        this.polls = new LongPolls(settings.session().connections(), addresses, System::nanoTime);
        metrics.of(polls);
        chores.add(polls::sweep);
        Reachable reachable = new Reachable(settings, admission, access, rooms, sessions, tickets, polls, metrics);
        this.statusRoutes = reachable.status(this::isKeeping);
        this.explanations = reachable.explanations();
        this.routes = reachable.rooms();
        long interval = sweepInterval().toMillis();
        sweep.scheduleWithFixedDelay(this::sweepOnce, interval, interval, TimeUnit.MILLISECONDS);
    }

    private static void warnAboutMemory(long logs, long heap) {
        if (logs > heap / 2) {
            LOG.log(
                    Level.WARNING,
                    "limits.log-bytes is " + logs + " bytes and the heap is at most " + heap
                            + ": messages that are kept may"
                            + " fill the memory. Lower it to half of the heap or less (0 is a quarter), or raise -Xmx.");
        }
    }

    private Access access(Settings settings, Clock clock) {
        return switch (settings.access()) {
            case ANONYMOUS -> Access.ANONYMOUS;
            case PRINCIPAL -> Access.PRINCIPAL;
            case TOKEN -> tokens(settings.tokens(), clock);
        };
    }

    private Access tokens(AccessSettings settings, Clock clock) {
        try {
            return Access.tokens(new Tokens(settings, closing, System::nanoTime, clock), this.settings.cookie());
        } catch (IllegalArgumentException e) {
            endThreads();
            throw new SettingsException(String.valueOf(e.getMessage()));
        }
    }

    private @Nullable ClusterStore cluster(@Nullable ClusterSettings settings) {
        if (settings == null) {
            return null;
        }
        try {
            return new ClusterStore(settings, named("parley-cluster"), System::nanoTime);
        } catch (ClusterException e) {
            endThreads();
            throw new SettingsException(String.valueOf(e.getMessage()));
        }
    }

    /** Where a room is kept: rooms without a retention in memory alone. */
    private static Function<RoomName, RoomStore> storeOf(Settings settings, @Nullable RoomStore beyondMemory) {
        RoomStore memory = new MemoryStore();
        return room -> beyondMemory == null || settings.room(room).retention() == null ? memory : beyondMemory;
    }

    private boolean isKeeping() {
        return (durable == null || durable.isWell()) && (cluster == null || cluster.isWell());
    }

    private @Nullable DurableStore durable(@Nullable DataSettings data, Clock clock) {
        if (data == null) {
            return null;
        }
        try {
            NativeLibrary.load(data.folder());
            return new DurableStore(
                    data, room -> settings.room(room).retention(), clock, System::nanoTime, named("parley-store"));
        } catch (DataException e) {
            endThreads();
            throw new SettingsException(String.valueOf(e.getMessage()));
        }
    }

    /** The routes of rooms, members and messages. */
    public Router routes() {
        return routes;
    }

    /** The addresses of WebSockets, for requests that are no handshakes. */
    public Router explanations() {
        return explanations;
    }

    /** The routes for operators and machines that ask how it goes. */
    public Router statusRoutes() {
        return statusRoutes;
    }

    /** The door. */
    public Admission admission() {
        return admission;
    }

    /**
     * Decides about a handshake.
     *
     * @param line the connection below, where it can be reached
     */
    public Arrival arrive(Request request, Arrival.@Nullable Line line) {
        long since = System.nanoTime();
        return new Arrival(this, request.path(), admission.judge(request), line, since);
    }

    /**
     * Opens the session of a client that has been let in, over a transport.
     *
     * @param subprotocol what client and server agreed to speak; null or empty when the client asked for nothing
     * @throws IllegalArgumentException when it has not been let in
     */
    public Connection open(Arrival arrival, Transport transport, @Nullable String subprotocol) {
        Connection opened = opened(arrival, transport, subprotocol);
        metrics.opened(System.nanoTime() - arrival.sinceNanos());
        return opened;
    }

    private Connection opened(Arrival arrival, Transport transport, @Nullable String subprotocol) {
        if (arrival.verdict() instanceof Admission.Chat chat) {
            String name = chat.name() == null ? null : chat.name().value();
            Client client = new Client("/chat/" + chat.room(), name, chat.visitor());
            Format format = JsonCodec.SUBPROTOCOL.equals(subprotocol) ? Format.JSON : Format.PLAIN;
            FirstRoom first = new FirstRoom(chat.room(), chat.name(), chat.start());
            return sessions.openChat(client, transport, rooms, first, format);
        }
        if (arrival.verdict() instanceof Admission.Echo echo) {
            return sessions.openEcho(new Client("/echo", null, echo.visitor()), transport);
        }
        throw new IllegalArgumentException("not let in: " + arrival.verdict());
    }

    /** Closes what was opened although it may not come in, on a server where the handshake could not be refused. */
    public void turnAway(Admission.Refusal refusal, Transport transport) {
        closing.execute(() -> transport.close(refusal.code(), refusal.reason()));
    }

    /** Where a transport runs a ping that may block; rejects it when too many are blocked. */
    public ExecutorService pinging() {
        return pinging;
    }

    /** Where a transport writes whose server blocks in a write. */
    public ExecutorService writing() {
        return writing;
    }

    /** The settings in force. */
    public Settings settings() {
        return settings;
    }

    /** The rooms. */
    public RoomRegistry rooms() {
        return rooms;
    }

    /** The sessions. */
    public Sessions sessions() {
        return sessions;
    }

    /** Lets nobody in any more; who is in stays. */
    public void closeDoor() {
        admission.close();
    }

    /**
     * Stops: announces it, lets nobody in, gives frames in flight their moment, closes every session with 1001, many of
     * them spread over the drain time, waits until they are gone and cuts those that are not, has what waits for the
     * disk written, ends the threads. Returns within notice, flush, drain and grace time and two seconds, about; up to
     * ten more while the disk is slow. Later calls do nothing.
     */
    public void stop() {
        if (!stopped.compareAndSet(false, true)) {
            return;
        }
        admission.announceClosing();
        int open = sessions.openCount();
        try {
            Thread.sleep(open == 0 ? 0 : settings.notice().toMillis());
            closeDoor();
            polls.close();
            sessions.endAll(settings.flush(), settings.drain());
            sweep.shutdown();
            if (!sweep.awaitTermination(1, TimeUnit.SECONDS)) {
                LOG.log(Level.WARNING, "the sweep does not end");
            }
            sessions.awaitGone(settings.grace());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            closeDoor();
            if (durable != null) {
                durable.close();
            }
            if (cluster != null) {
                cluster.close();
            }
            endThreads();
            metrics.close();
        }
        LOG.log(
                open > 0 ? Level.INFO : Level.DEBUG,
                "stopped; " + open + (open == 1 ? " connection was" : " connections were") + " told to come back");
    }

    /**
     * Ends the threads and waits a moment until they are gone: a server calls those that outlive the application a
     * leak.
     */
    private void endThreads() {
        List.of(sweep, fanOut, writing, pinging, closing).forEach(ExecutorService::shutdownNow);
        long until = System.nanoTime() + THREADS_END_NANOS;
        try {
            for (Thread thread : threads) {
                TimeUnit.NANOSECONDS.timedJoin(thread, until - System.nanoTime());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        List<Thread> stuck = threads.stream().filter(Thread::isAlive).toList();
        if (!stuck.isEmpty()) {
            Thread last = new Thread(() -> interruptUntilGone(stuck), "parley-last");
            last.setDaemon(true);
            last.start();
        }
    }

    /**
     * As the sweep would: a close that is blocked on Open Liberty looks once more whenever it is interrupted, and ends
     * some time.
     */
    private static void interruptUntilGone(List<Thread> stuck) {
        long until = System.nanoTime() + STUCK_THREADS_END_NANOS;
        try {
            while (stuck.stream().anyMatch(Thread::isAlive) && System.nanoTime() < until) {
                stuck.forEach(Thread::interrupt);
                Thread.sleep(STUCK_THREADS_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Counts a connection that the operating system would not let in. */
    public void acceptFailed() {
        metrics.acceptFailed();
    }

    /** Has something looked after along with the sessions, by the thread that sweeps. */
    public void atEachSweep(Runnable chore) {
        chores.add(chore);
    }

    private static void attempt(Runnable chore) {
        try {
            chore.run();
        } catch (RuntimeException e) {
            LOG.log(Level.ERROR, "a part of the sweep failed, and the others go on", e);
        }
    }

    private void sweepOnce() {
        try {
            chores.forEach(Parley::attempt);
            sessions.sweep();
            makeGoodForBlocked();
            rooms.sweep(System.nanoTime());
        } catch (RuntimeException | Error e) {
            LOG.log(Level.ERROR, "the sweep failed and goes on", e);
        }
    }

    /** Open Liberty does not give every thread back that closes: with 32 of those nobody would be closed any more. */
    private void makeGoodForBlocked() {
        int threads = CLOSING_THREADS + Math.min(sessions.blockedCloseCount(), MOST_BLOCKED);
        if (threads > closing.getMaximumPoolSize()) {
            closing.setMaximumPoolSize(threads); // in this order: the core is never more
            closing.setCorePoolSize(threads);
        } else if (threads < closing.getMaximumPoolSize()) {
            closing.setCorePoolSize(threads);
            closing.setMaximumPoolSize(threads);
        }
    }

    /** Often enough that a wait is at most a quarter longer than it is set to, and at least four times a second. */
    private Duration sweepInterval() {
        long shortest = Math.min(
                settings.session().sendDeadline().toMillis(),
                Math.min(
                        settings.session().pingInterval().toMillis(),
                        settings.session().closeTimeout().toMillis()));
        return Duration.ofMillis(Math.max(10, Math.min(250, shortest / 4)));
    }

    private static ThreadPoolExecutor upTo(int threads, ThreadFactory factory) {
        ThreadPoolExecutor pool = new ThreadPoolExecutor(
                threads, threads, IDLE_THREAD_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), factory);
        pool.allowCoreThreadTimeOut(true);
        // A session that opens while these threads end is closed by who opens it.
        pool.setRejectedExecutionHandler((task, ended) -> task.run());
        return pool;
    }

    private ThreadFactory named(String name) {
        AtomicInteger number = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, name + "-" + number.incrementAndGet());
            thread.setDaemon(true);
            threads.removeIf(other -> other.getState() == Thread.State.TERMINATED);
            threads.add(thread);
            return thread;
        };
    }
}

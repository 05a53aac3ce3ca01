package parley.app;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import parley.access.AccessSettings;
import parley.access.Tickets;
import parley.access.Tokens;
import parley.api.MessageGuard;
import parley.api.Rooms;
import parley.cluster.ClusterException;
import parley.cluster.ClusterSettings;
import parley.cluster.ClusterStore;
import parley.delivery.DeflateCounts;
import parley.delivery.Deflation;
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
import parley.local.Guards;
import parley.local.Listeners;
import parley.local.LocalRooms;
import parley.protocol.JsonCodec;
import parley.protocol.RoomName;
import parley.room.Format;
import parley.room.Inspection;
import parley.room.MemoryStore;
import parley.room.Openings;
import parley.room.RoomRegistry;
import parley.room.RoomStore;
import parley.room.RoomWatch;
import parley.room.TurnObserver;
import parley.session.Client;
import parley.session.Connection;
import parley.session.FirstRoom;
import parley.session.Sessions;

/**
 * The application: one object that owns the rooms, the sessions of echo and chat together, the threads and the clock.
 * Any thread may call any method.
 */
public final class Parley {
    private static final Logger LOG = System.getLogger("parley.app");
    /** How long a request waits for a room that a disk has; a node of a cluster has a setting for it. */
    private static final Duration OPENING = Duration.ofSeconds(5);

    /** How often clients are told at most of rooms that they watch without being in them. */
    private static final long WATCH_MILLIS = 250;

    private final Settings settings;
    private final Pools pools;
    /** Null when no rooms are on disk. */
    private final @Nullable DurableStore durable;
    /** Null when this is no node of a cluster. */
    private final @Nullable ClusterStore cluster;

    private final RoomRegistry rooms;
    private final Sessions sessions;
    private final LocalRooms local;
    private final Listeners listeners;
    private final Admission admission;
    private final Metrics metrics;
    private final Optional<Deflation> deflation;
    private final LongPolls polls;
    private final Openings openings;
    private final Router statusRoutes;
    private final Router explanations;
    private final Router routes;
    private final List<Runnable> chores = new CopyOnWriteArrayList<>();
    private final AtomicBoolean stopped = new AtomicBoolean();

    /** Starts the application by itself. */
    public Parley(Settings settings) {
        this(settings, Extensions.NONE);
    }

    /** Starts it in another application, with what that has of its own. */
    public Parley(Settings settings, Extensions extensions) {
        this.settings = settings;
        this.pools = new Pools(settings.fanOutThreads());
        Clock clock = Clock.systemUTC();
        warnAboutMemory(settings.logBytes(), Runtime.getRuntime().maxMemory());
        Access access = extensions.access().apply(access(settings, clock)); // first, because it may say no
        this.durable = durable(settings.data(), clock);
        this.cluster = cluster(settings.cluster(), clock);
        this.metrics = new Metrics();
        this.listeners = new Listeners(extensions.listeners(), pools.listening(), System::nanoTime);
        Inspection inspection = inspection(extensions.guards());
        MemoryStore memory = new MemoryStore();
        this.rooms = new RoomRegistry(
                settings.room(),
                settings::room,
                settings.rooms(),
                storeOf(settings, memory, cluster != null ? cluster : durable),
                settings.logBytes(),
                settings.watch(),
                observer(),
                pools.fanOut(),
                clock,
                () -> TimeUnit.NANOSECONDS.toMillis(System.nanoTime()));
        AddressCounts addresses = new AddressCounts(settings.door().connectionsPerAddress());
        this.sessions = new Sessions(
                settings.session(),
                pools.fanOut(),
                pools.closing(),
                System::nanoTime,
                clock,
                access,
                addresses,
                inspection);
        Tickets tickets = new Tickets(settings.tickets(), System::nanoTime, clock);
        this.admission = new Admission(
                settings.origins(),
                settings.proxies(),
                access.withTickets(tickets),
                settings.door(),
                addresses,
                sessions,
                rooms);
        this.openings = new Openings(settings.session().connections(), patience(settings), System::nanoTime);
        metrics.of(openings);
        chores.add(openings::sweep);
        this.local = new LocalRooms(rooms, openings, sessions, pools.calling(), System::nanoTime);
        metrics.of(sessions, rooms, admission);
        metrics.of(rooms.watching());
        metrics.of(tickets);
        metrics.of(local, listeners);
        metrics.of(memory);
        DeflateCounts counts = new DeflateCounts();
        metrics.of(counts);
        this.deflation = settings.compression() == Switch.ON
                ? Optional.of(new Deflation(settings.compressedFrom(), counts))
                : Optional.empty();
        if (durable != null) {
            durable.onTrimmed(rooms.watching()::trimmed);
            metrics.of(durable);
        }
        if (cluster != null) {
            metrics.of(cluster);
        }
        chores.add(access::isReady); // has keys read in time, and not when a token needs them
        this.polls = new LongPolls(settings.session().connections(), addresses, System::nanoTime, clock);
        metrics.of(polls);
        chores.add(polls::sweep);
        Reachable reachable =
                new Reachable(settings, admission, access, rooms, sessions, tickets, polls, openings, metrics);
        this.statusRoutes = reachable.status(this::isKeeping);
        this.explanations = reachable.explanations();
        this.routes = reachable.rooms();
        chores.add(local::sweep);
        long interval = sweepInterval().toMillis();
        pools.sweep().scheduleWithFixedDelay(this::sweepOnce, interval, interval, TimeUnit.MILLISECONDS);
        pools.sweep()
                .scheduleWithFixedDelay(
                        () -> attempt(rooms.watching()::tick), WATCH_MILLIS, WATCH_MILLIS, TimeUnit.MILLISECONDS);
        // Half the least time between two events of presence, so that it is at most a half longer.
        long soon = settings.presenceInterval().toMillis() / 2;
        if (soon < interval / 2) {
            pools.sweep().scheduleWithFixedDelay(this::tellPresence, soon, soon, TimeUnit.MILLISECONDS);
        }
    }

    private void tellPresence() {
        attempt(() -> rooms.tellPresence(System.nanoTime()));
    }

    private TurnObserver observer() {
        return new TurnObserver() {
            @Override
            public RoomWatch watch() {
                return listeners;
            }

            @Override
            public void turned(long tookNanos, long sincePublishedNanos) {
                metrics.turned(tookNanos, sincePublishedNanos);
            }
        };
    }

    private Inspection inspection(List<MessageGuard> guards) {
        if (guards.isEmpty()) {
            return Inspection.NONE;
        }
        Guards all = new Guards(guards, settings.session().messageBytes(), pools.calling(), System::nanoTime);
        chores.add(all::sweep);
        metrics.of(all);
        return all;
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
            return Access.tokens(
                    new Tokens(settings, pools.closing(), System::nanoTime, clock), this.settings.cookie());
        } catch (IllegalArgumentException e) {
            pools.end();
            throw new SettingsException(String.valueOf(e.getMessage()));
        }
    }

    private @Nullable ClusterStore cluster(@Nullable ClusterSettings settings, Clock clock) {
        if (settings == null) {
            return null;
        }
        try {
            return new ClusterStore(settings, pools.named("parley-cluster"), clock, System::nanoTime);
        } catch (ClusterException e) {
            pools.end();
            throw new SettingsException(String.valueOf(e.getMessage()));
        }
    }

    /** Where a room is kept: rooms without a retention in memory alone. */
    private static Function<RoomName, RoomStore> storeOf(
            Settings settings, RoomStore memory, @Nullable RoomStore beyondMemory) {
        return room -> beyondMemory == null || settings.room(room).retention() == null ? memory : beyondMemory;
    }

    /** How long a request waits for a room to be opened: as long as a message may wait to be acknowledged. */
    private static Duration patience(Settings settings) {
        ClusterSettings nodes = settings.cluster();
        return nodes == null ? OPENING : nodes.deadline();
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
                    data,
                    room -> settings.room(room).retention(),
                    clock,
                    System::nanoTime,
                    pools.named("parley-store"));
        } catch (DataException e) {
            pools.end();
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
        pools.closing().execute(() -> transport.close(refusal.code(), refusal.reason()));
    }

    /** Where a transport runs a ping that may block; rejects it when too many are blocked. */
    public ExecutorService pinging() {
        return pools.pinging();
    }

    /** Where a transport writes whose server blocks in a write. */
    public ExecutorService writing() {
        return pools.writing();
    }

    /** What compresses messages, where that is not the server's; empty when they are not compressed. */
    public Optional<Deflation> deflation() {
        return deflation;
    }

    /** The settings in force. */
    public Settings settings() {
        return settings;
    }

    /** The rooms. */
    public RoomRegistry rooms() {
        return rooms;
    }

    /** The rooms, for the application that this is in. */
    public Rooms local() {
        return local;
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
            openings.close();
            local.stop();
            sessions.endAll(settings.flush(), settings.drain());
            pools.sweep().shutdown();
            if (!pools.sweep().awaitTermination(1, TimeUnit.SECONDS)) {
                LOG.log(Level.WARNING, "the sweep does not end");
            }
            sessions.awaitGone(settings.grace());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            closeDoor();
            local.stop();
            if (durable != null) {
                durable.close();
            }
            if (cluster != null) {
                cluster.close();
            }
            pools.end();
            metrics.close();
        }
        LOG.log(
                open > 0 ? Level.INFO : Level.DEBUG,
                "stopped; " + open + (open == 1 ? " connection was" : " connections were") + " told to come back");
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
            pools.makeGoodForBlocked(sessions.blockedCloseCount());
            rooms.sweep(System.nanoTime());
        } catch (RuntimeException | Error e) {
            LOG.log(Level.ERROR, "the sweep failed and goes on", e);
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
}

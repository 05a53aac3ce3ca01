package parley.app;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import parley.access.Tickets;
import parley.cluster.ClusterStore;
import parley.delivery.DeflateCounts;
import parley.door.Admission;
import parley.door.Cause;
import parley.durable.DurableStore;
import parley.http.LongPolls;
import parley.http.Router;
import parley.local.Guards;
import parley.local.Listeners;
import parley.local.LocalRooms;
import parley.room.KeyTotals;
import parley.room.MemoryStore;
import parley.room.Openings;
import parley.room.RoomRegistry;
import parley.room.TurnObserver;
import parley.room.Watching;
import parley.session.Ending;
import parley.session.Sessions;

/**
 * What Parley tells of itself in numbers, in the form that Prometheus reads. Any thread.
 *
 * <p>Most of it is counted elsewhere anyway and only read here. There is none for each room or client, whose number is
 * up to clients.
 */
public final class Metrics implements TurnObserver, Router.Observer {
    /** In microseconds: what is of interest between a turn of a small room and a server that stands still. */
    private static final Duration[] BUCKETS = LongStream.of(
                    100,
                    250,
                    500,
                    1_000,
                    2_500,
                    5_000,
                    10_000,
                    25_000,
                    50_000,
                    100_000,
                    250_000,
                    500_000,
                    1_000_000,
                    2_500_000,
                    5_000_000,
                    10_000_000)
            .mapToObj(micros -> Duration.ofNanos(micros * 1000))
            .toArray(Duration[]::new);

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final JvmGcMetrics garbage = new JvmGcMetrics();
    private final Timer turns = timer("parley.turn", "How long a room's turn takes.");
    private final Timer fanOut = timer(
            "parley.publish.to.last.send",
            "From the oldest message of a turn being published to the turn's last frame being handed over.");
    private final Timer handshakes =
            timer("parley.handshake", "From a handshake being asked for to its session being open.");

    private final Counter acceptFailures;

    Metrics() {
        acceptFailures = Counter.builder("parley.accept.failures")
                .description("TCP connections that could not be accepted, for want of open files mostly.")
                .register(registry);
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        new FileDescriptorMetrics().bindTo(registry);
        garbage.bindTo(registry);
    }

    private Timer timer(String name, String meaning) {
        return Timer.builder(name)
                .description(meaning)
                .serviceLevelObjectives(BUCKETS)
                .register(registry);
    }

    /** Reads from there on what these count. Called once. */
    void of(Sessions sessions, RoomRegistry rooms, Admission admission) {
        gauge("parley.ready", "1 when new clients are let in.", admission, door -> door.isOpen() ? 1 : 0);
        gauge("parley.sessions", "Sessions that are open.", sessions, Sessions::openCount);
        gauge("parley.sessions.events", "Open sessions that read event streams.", sessions, Sessions::readerCount);
        gauge("parley.sessions.limit", "Sessions that there may be.", sessions, Sessions::mostOpen);
        counter("parley.sessions.opened", "Sessions opened.", sessions, Sessions::openedCount);
        for (Ending why : Ending.values()) {
            FunctionCounter.builder("parley.sessions.ended", sessions, all -> all.endedCount(why))
                    .description("Sessions ended, by why and by the close code that goes with it.")
                    .tag("reason", word(why))
                    .tag("code", String.valueOf(why.code().number()))
                    .register(registry);
        }
        for (Cause cause : Cause.values()) {
            FunctionCounter.builder("parley.handshakes.refused", admission, door -> door.refusedCount(cause))
                    .description("Handshakes refused, by why.")
                    .tag("cause", word(cause))
                    .register(registry);
        }
        gauge("parley.rooms", "Rooms that there are.", rooms, RoomRegistry::roomCount);
        gauge("parley.messages.open", "Messages that still grow, in all rooms.", rooms, RoomRegistry::openMessages);
        gauge("parley.members", "Members of all rooms.", rooms, RoomRegistry::memberCount);
        counter(
                "parley.messages.published",
                "Messages published.",
                rooms,
                all -> all.counts().published());
        counter(
                "parley.messages.offered",
                "Messages times members they are for.",
                rooms,
                all -> all.counts().offered());
        counter(
                "parley.messages.delivered",
                "Messages handed to members' connections.",
                rooms,
                all -> all.counts().delivered());
        counter(
                "parley.messages.missed",
                "Messages that members missed: too far behind, or gone before they took them.",
                rooms,
                all -> all.counts().missed());
        counter("parley.frames.sent", "Frames started.", sessions, Sessions::frameCount);
        counter(
                "parley.commands.limited",
                "Commands not carried out because their sender was over its rate.",
                sessions,
                Sessions::limitedCount);
        gauge("parley.frames.in.flight", "Frames that clients have not taken yet.", sessions, Sessions::inFlight);
        Gauge.builder("parley.member.lag", rooms, RoomRegistry::largestLag)
                .description("How far the slowest member is behind.")
                .baseUnit("messages")
                .register(registry);
        bytes("parley.log", "Bytes of the messages that memory keeps in all rooms.", rooms, RoomRegistry::logBytes);
        bytes("parley.log.limit", "How many of these there may be.", rooms, RoomRegistry::logLimit);
        bytes(
                "parley.states",
                "Bytes of the states that members show in rooms.",
                rooms,
                all -> all.presence().states().bytes());
        bytes(
                "parley.away",
                "Bytes of the members that are away, in all rooms.",
                rooms,
                all -> all.presence().aways().bytes());
        counter(
                "parley.reactions",
                "Reactions set and taken back.",
                rooms,
                all -> all.counts().reactions());
        counter("parley.marks.raised", "Read marks raised by users.", rooms, RoomRegistry::markCount);
        gauge("parley.keys", "Keys that have a value, in rooms in memory.", rooms.keys(), KeyTotals::count);
        bytes("parley.keys.values", "Bytes of these values, among those of the log.", rooms.keys(), KeyTotals::bytes);
        counter(
                "parley.keys.conflicts",
                "Values not set, since another was there than if said.",
                rooms.keys(),
                KeyTotals::conflictCount);
        counter(
                "parley.keys.refused",
                "Values not set, since a room or the server keeps as many as it may.",
                rooms.keys(),
                KeyTotals::refusedCount);
        bytes(
                "parley.held",
                "Bytes of unfinished messages, and of echoes and answers that clients have not read.",
                sessions,
                Sessions::heldBytes);
        bytes("parley.held.limit", "How many of these there may be.", sessions, Sessions::heldLimit);
        counter(
                "parley.rooms.forgotten",
                "How often a room had to let its messages go for others to keep theirs.",
                rooms,
                RoomRegistry::forgottenCount);
    }

    /** And of rooms that clients watch without being in them. */
    void of(Watching watching) {
        gauge("parley.watchers", "Clients that watch rooms without being in them.", watching, Watching::watcherCount);
        gauge(
                "parley.watched",
                "Rooms that they watch, a room counted once for each of them.",
                watching,
                Watching::watchedCount);
        gauge("parley.watched.rooms", "Different rooms that they watch.", watching, Watching::roomCount);
        gauge("parley.watched.held", "Rooms that are kept open for them.", watching, Watching::heldCount);
        gauge("parley.watched.marks", "Read marks that are kept for them.", watching, Watching::markCount);
        bytes("parley.watched.last", "Bytes of the last messages of these rooms.", watching, Watching::lastBytes);
    }

    /** And of tickets. */
    void of(Tickets tickets) {
        counter("parley.tickets.made", "Tickets made.", tickets, Tickets::madeCount);
        counter("parley.tickets.taken", "Tickets that opened a connection.", tickets, Tickets::takenCount);
    }

    /** And of rooms in memory. */
    void of(MemoryStore memory) {
        bytes("parley.marks", "Bytes of the read marks of rooms in memory.", memory, MemoryStore::markBytes);
    }

    /** And of compression. */
    void of(DeflateCounts counts) {
        counter(
                "parley.deflate.messages",
                "Messages that were compressed, once for all clients that share one.",
                counts,
                DeflateCounts::messages);
        byteCounter("parley.deflate.before", "Their bytes before.", counts, DeflateCounts::plain);
        byteCounter("parley.deflate.after", "Their bytes after.", counts, DeflateCounts::compressed);
        byteCounter("parley.inflate.before", "Compressed bytes that came.", counts, DeflateCounts::received);
        byteCounter("parley.inflate.after", "Bytes that were in them.", counts, DeflateCounts::inflated);
        gauge("parley.inflaters", "Decompressors that connections hold.", counts, DeflateCounts::inflaters);
    }

    /** And of requests that wait. */
    void of(LongPolls polls) {
        gauge("parley.polls", "Requests that wait for messages.", polls, LongPolls::openCount);
    }

    void of(Openings openings) {
        gauge(
                "parley.openings",
                "Requests and calls of the application that wait for a room to be opened.",
                openings,
                Openings::openCount);
    }

    /** And of the rooms on disk, where there are any. */
    void of(DurableStore store) {
        gauge("parley.stored.rooms", "Rooms that are kept on disk.", store, DurableStore::roomCount);
        gauge("parley.stored.marks", "Read marks that are kept on disk.", store, DurableStore::markCount);
        bytes("parley.stored", "Bytes of their messages.", store, DurableStore::bytes);
        bytes("parley.store.waiting", "What waits for the disk.", store, DurableStore::waitingBytes);
        counter("parley.store.commits", "How often messages were written, together.", store, DurableStore::commitCount);
        counter("parley.store.failures", "How often they could not be.", store, DurableStore::failureCount);
    }

    /** And of the cluster, where there is one. */
    void of(ClusterStore cluster) {
        gauge(
                "parley.cluster.up",
                "1 when messages can be stored in the cluster.",
                cluster,
                all -> all.isWell() ? 1 : 0);
        gauge("parley.cluster.nodes", "Nodes of the cluster, this one included.", cluster, ClusterStore::nodeCount);
        gauge("parley.cluster.rooms", "Rooms of the cluster that this node follows.", cluster, ClusterStore::roomCount);
        bytes("parley.cluster.waiting", "What waits to be stored in the cluster.", cluster, ClusterStore::waitingBytes);
        counter("parley.cluster.stored", "Messages said here and stored.", cluster, ClusterStore::storedCount);
        counter(
                "parley.cluster.refused",
                "Messages said here that were not stored, or not in time.",
                cluster,
                ClusterStore::refusedCount);
        counter("parley.cluster.heard", "Messages that came by.", cluster, ClusterStore::heardCount);
        counter(
                "parley.cluster.filled",
                "Messages missed on the way and read from the streams.",
                cluster,
                ClusterStore::filledCount);
        counter(
                "parley.cluster.unreadable",
                "Messages in streams and from other nodes that this node does not understand.",
                cluster,
                ClusterStore::unreadableCount);
        counter(
                "parley.cluster.given.twice",
                "Messages said here and stored under numbers that their rooms had reached before.",
                cluster,
                ClusterStore::givenTwiceCount);
        counter("parley.cluster.disconnects", "How often NATS was gone.", cluster, ClusterStore::disconnectCount);
    }

    /** And of its guards, where it has any. */
    void of(Guards guards) {
        for (Guards.Result result : Guards.Result.values()) {
            FunctionCounter.builder("parley.guards.checks", guards, all -> all.count(result))
                    .description("Messages that guards of the application looked at, by what came of it.")
                    .tag("result", word(result))
                    .register(registry);
        }
    }

    /** And of the application that this is in. */
    void of(LocalRooms local, Listeners listeners) {
        gauge(
                "parley.subscribers",
                "Subscribers of the application that Parley is in.",
                local,
                LocalRooms::subscriberCount);
        counter(
                "parley.listeners.missed",
                "Events that listeners of the application were not called for, because they are slow.",
                listeners,
                Listeners::missedCount);
        counter(
                "parley.listeners.failures",
                "How often a listener of the application threw.",
                listeners,
                Listeners::failedCount);
    }

    private <T> void gauge(String name, String meaning, T of, ToDoubleFunction<T> value) {
        Gauge.builder(name, of, value).description(meaning).register(registry);
    }

    private <T> void bytes(String name, String meaning, T of, ToDoubleFunction<T> value) {
        Gauge.builder(name, of, value).description(meaning).baseUnit("bytes").register(registry);
    }

    private <T> void counter(String name, String meaning, T of, ToDoubleFunction<T> value) {
        FunctionCounter.builder(name, of, value).description(meaning).register(registry);
    }

    private <T> void byteCounter(String name, String meaning, T of, ToDoubleFunction<T> value) {
        FunctionCounter.builder(name, of, value)
                .description(meaning)
                .baseUnit("bytes")
                .register(registry);
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    @Override
    public void turned(long tookNanos, long sincePublishedNanos) {
        turns.record(Duration.ofNanos(tookNanos));
        if (sincePublishedNanos >= 0) {
            fanOut.record(Duration.ofNanos(sincePublishedNanos));
        }
    }

    @Override
    public void answered(String method, String route, int status) {
        Counter.builder("parley.http.requests")
                .description("Requests of HTTP that were answered, by method, route and status.")
                .tag("method", method)
                .tag("route", route)
                .tag("status", String.valueOf(status))
                .register(registry)
                .increment();
    }

    /** A connection could not be accepted. */
    void acceptFailed() {
        acceptFailures.increment();
    }

    /** The names of all that is counted. */
    Stream<Meter.Id> ids() {
        return registry.getMeters().stream().map(Meter::getId);
    }

    /** A session is open that was asked for so long ago. */
    void opened(long tookNanos) {
        handshakes.record(Duration.ofNanos(tookNanos));
    }

    /** All of it, as Prometheus reads it. */
    String scrape() {
        return registry.scrape();
    }

    /** Lets go of the virtual machine, which would keep this otherwise. */
    void close() {
        garbage.close();
        registry.close();
    }
}

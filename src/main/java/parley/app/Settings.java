package parley.app;

import static java.time.Duration.ofDays;
import static java.time.Duration.ofHours;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;

import com.typesafe.config.Config;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import parley.delivery.Overflow;
import parley.room.RoomLimits;
import parley.session.Origins;
import parley.session.SessionLimits;

/** All settings with their effective values. Made by {@link SettingsSources}, checked when made. Immutable. */
public final class Settings {
    private static final long KIB = 1024;
    private static final long MIB = 1024 * KIB;
    private static final long GIB = 1024 * MIB;

    private static final Setting<String> HOST = new Setting<>(
            "listen.host",
            "127.0.0.1",
            "an address or host name of this machine, without brackets; 0.0.0.0 for all",
            "Where to listen. Only when Parley runs by itself.",
            Settings::host);
    private static final Setting<Integer> PORT = Setting.number(
            "listen.port",
            8080,
            0,
            65535,
            "(0 = any free one)",
            "The port to listen on. Only when Parley runs by itself.");
    private static final Setting<String> CONTEXT = new Setting<>(
            "listen.context",
            "/",
            "a path such as / or /parley, of letters, digits, '.', '_', '-'",
            "The path that all addresses begin with. Only when Parley runs by itself; a server names it itself.",
            Settings::context);
    private static final Setting<Origins> ORIGINS = new Setting<>(
            "origins",
            "",
            "patterns " + Origins.RULE + "; several separated by commas",
            "Pages that may connect besides those of the same host. Clients without an Origin header may always.",
            (config, key) -> new Origins(list(config, key)));

    private static final Setting<Integer> IN_FLIGHT = Setting.number(
            "session.in-flight",
            1,
            1,
            64,
            "frames",
            "Frames that may be on their way to one client without being taken. More than 1 works only where the server"
                    + " queues frames itself (standalone, WildFly, GlassFish, Payara, Jetty); Tomcat and Liberty refuse.");
    private static final Setting<Duration> SEND_DEADLINE = Setting.time(
            "session.send-deadline",
            "10s",
            ofMillis(100),
            ofMinutes(10),
            "100ms to 10m",
            "How long a frame may stay untaken before the client is closed with 1013.");
    private static final Setting<Duration> PING_INTERVAL = Setting.time(
            "session.ping-interval",
            "25s",
            ofMillis(100),
            ofHours(1),
            "100ms to 1h",
            "How often each client is pinged.");
    private static final Setting<Duration> IDLE_TIMEOUT = Setting.time(
            "session.idle-timeout",
            "60s",
            ofMillis(200),
            ofHours(3),
            "200ms to 3h, more than session.ping-interval",
            "How long a client may be silent, pongs counting, before it is closed with 1001.");
    private static final Setting<Duration> CLOSE_TIMEOUT = Setting.time(
            "session.close-timeout",
            "5s",
            ofMillis(100),
            ofMinutes(1),
            "100ms to 1m",
            "How long a closed connection may take to go away before it is cut. On a server as far as the server lets it.");

    private static final Setting<Integer> HISTORY =
            Setting.number("room.history", 1000, 1, 1_000_000, "messages", "Messages a room keeps.");
    private static final Setting<Long> HISTORY_BYTES = Setting.bytes(
            "room.history-bytes",
            "1MiB",
            KIB,
            "1KiB",
            GIB,
            "1GiB, not less than limits.message-bytes",
            "What the messages kept may weigh: their text in UTF-8 and 96 bytes each.");
    private static final Setting<Integer> WINDOW = Setting.number(
            "room.window",
            256,
            1,
            1_000_000,
            "messages, not more than room.history",
            "How many messages a member may be behind what is live before room.policy applies.");
    private static final Setting<Overflow> POLICY = Setting.choice(
            "room.policy",
            Overflow.DROP_OLDEST,
            Overflow.class,
            "What becomes of a member behind its window. drop-oldest: it goes on with the newest messages that fill the"
                    + " window. drop-newest: it gets the window it fell behind with and misses what came after. latest: it"
                    + " goes on with the newest message alone. disconnect: it is closed with 1013.");
    private static final Setting<Duration> LINGER = Setting.time(
            "room.linger",
            "1m",
            Duration.ZERO,
            ofDays(30),
            "0s to 30d",
            "How long a room stays after its last member left; not at all when there are as many rooms as limits.rooms.");
    private static final Setting<Long> BATCH_BYTES = Setting.bytes(
            "room.batch-bytes",
            "64KiB",
            1,
            "1B",
            16 * MIB,
            "16MiB",
            "What messages joined into one frame for JSON clients may weigh, and a page of history; a longer message goes"
                    + " alone.");
    private static final Setting<Integer> NAMES = Setting.number(
            "room.presence-names",
            1000,
            0,
            100_000,
            "names",
            "Names that presence and who tell JSON clients at most. In a room with more, presence tells the number of"
                    + " members alone.");

    private static final Setting<Long> MESSAGE_BYTES = Setting.bytes(
            "limits.message-bytes",
            "64KiB",
            1,
            "1B",
            16 * MIB,
            "16MiB",
            "The longest message, text in UTF-8 or binary; a longer one closes with 1009, or is answered with too-large in"
                    + " JSON.");
    private static final Setting<Long> COMMAND_BYTES = Setting.bytes(
            "limits.command-bytes",
            "256KiB",
            1,
            "1B",
            64 * MIB,
            "64MiB, not less than limits.message-bytes",
            "The longest WebSocket message of a JSON client, which may hold several commands; a longer one closes with 1009.");
    private static final Setting<Long> BACKLOG = Setting.bytes(
            "limits.backlog",
            "1MiB",
            1,
            "1B",
            GIB,
            "1GiB, not less than limits.message-bytes",
            "Bytes of echoes, or of answers to JSON commands, that may wait for a client to read; a client that sends on is"
                    + " closed with 1013.");
    private static final Setting<Integer> CONNECTIONS = Setting.number(
            "limits.connections",
            10_000,
            1,
            10_000_000,
            "connections",
            "Connections at once, of /echo and /chat together; one more is refused with 503 or closed with 1013.");
    private static final Setting<Integer> ROOMS = Setting.number(
            "limits.rooms",
            10_000,
            1,
            10_000_000,
            "rooms",
            "Rooms at once; who would make one more is closed with 1013, or answered with too-many-rooms in JSON.");
    private static final Setting<Integer> ROOMS_PER_CONNECTION = Setting.number(
            "limits.rooms-per-connection",
            100,
            1,
            10_000,
            "rooms",
            "Rooms that one JSON client may be in at once; one more is answered with too-many-rooms.");
    private static final Setting<Integer> COMMANDS = Setting.number(
            "limits.commands-per-second",
            1000,
            0,
            1_000_000,
            "commands a second, 0 = no limit",
            "Commands a second one connection may give (in plain text each message is one), with a burst of five times"
                    + " that; more are not carried out, and who keeps on for 5s is closed with 1008.");

    private static final Setting<Integer> FAN_OUT_THREADS = Setting.number(
            "fan-out.threads", 0, 0, 256, "threads (0 = as many as processors)", "Threads that run the rooms' turns.");
    private static final Setting<Duration> FLUSH = Setting.time(
            "shutdown.flush",
            "1s",
            Duration.ZERO,
            ofMinutes(1),
            "0s to 1m",
            "How long a shutdown lets frames in flight arrive before it closes the connections with 1001.");
    private static final Setting<Duration> GRACE = Setting.time(
            "shutdown.grace",
            "5s",
            Duration.ZERO,
            ofMinutes(5),
            "0s to 5m",
            "How long a shutdown then waits for the connections to go before it cuts them.");

    /** Every setting there is, in the order of the reference. */
    static final List<Setting<?>> ALL = List.of(
            HOST,
            PORT,
            CONTEXT,
            ORIGINS,
            IN_FLIGHT,
            SEND_DEADLINE,
            PING_INTERVAL,
            IDLE_TIMEOUT,
            CLOSE_TIMEOUT,
            HISTORY,
            HISTORY_BYTES,
            WINDOW,
            POLICY,
            LINGER,
            BATCH_BYTES,
            NAMES,
            MESSAGE_BYTES,
            COMMAND_BYTES,
            BACKLOG,
            CONNECTIONS,
            ROOMS,
            ROOMS_PER_CONNECTION,
            COMMANDS,
            FAN_OUT_THREADS,
            FLUSH,
            GRACE);

    private final Config config;
    private final SessionLimits session;
    private final RoomLimits room;

    /**
     * Checks and takes the values.
     *
     * @throws SettingsException naming the first that cannot be
     */
    Settings(Config config) {
        this.config = config;
        ALL.forEach(setting -> setting.read(config));
        need(value(IDLE_TIMEOUT).compareTo(value(PING_INTERVAL)) > 0, IDLE_TIMEOUT, "longer than", PING_INTERVAL);
        need(value(WINDOW) <= value(HISTORY), WINDOW, "at most", HISTORY);
        need(value(HISTORY_BYTES) >= value(MESSAGE_BYTES), HISTORY_BYTES, "at least", MESSAGE_BYTES);
        need(value(COMMAND_BYTES) >= value(MESSAGE_BYTES), COMMAND_BYTES, "at least", MESSAGE_BYTES);
        need(value(BACKLOG) >= value(MESSAGE_BYTES), BACKLOG, "at least", MESSAGE_BYTES);
        this.session = new SessionLimits(
                value(IN_FLIGHT),
                value(SEND_DEADLINE),
                value(PING_INTERVAL),
                value(IDLE_TIMEOUT),
                value(CLOSE_TIMEOUT),
                value(MESSAGE_BYTES).intValue(),
                value(COMMAND_BYTES).intValue(),
                value(BACKLOG),
                value(ROOMS_PER_CONNECTION),
                value(CONNECTIONS),
                value(COMMANDS));
        this.room = new RoomLimits(
                value(HISTORY),
                value(HISTORY_BYTES),
                value(WINDOW),
                value(POLICY),
                value(LINGER),
                value(BATCH_BYTES).intValue(),
                value(NAMES));
    }

    /** Where to listen, when Parley runs by itself. */
    public String host() {
        return value(HOST);
    }

    /** The port to listen on, 0 for any free one. */
    public int port() {
        return value(PORT);
    }

    /** The path that all addresses begin with: {@code ""} for the root, else with a slash before and none behind. */
    public String context() {
        return value(CONTEXT);
    }

    /** The pages that may connect. */
    public Origins origins() {
        return value(ORIGINS);
    }

    /** What each session may do. */
    public SessionLimits session() {
        return session;
    }

    /** What each room keeps. */
    public RoomLimits room() {
        return room;
    }

    /** How many rooms there may be. */
    public int rooms() {
        return value(ROOMS);
    }

    /** How many threads run turns. */
    public int fanOutThreads() {
        int threads = value(FAN_OUT_THREADS);
        return threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    }

    /** How long frames in flight get at a shutdown. */
    public Duration flush() {
        return value(FLUSH);
    }

    /** How long connections get to go at a shutdown. */
    public Duration grace() {
        return value(GRACE);
    }

    /** Says every setting with its value and where that came from, a line each. */
    public Stream<String> describe() {
        return ALL.stream()
                .map(setting -> setting.key() + " = " + shown(setting) + "  # "
                        + config.getValue(setting.key()).origin().description());
    }

    private String shown(Setting<?> setting) {
        Object value = config.getValue(setting.key()).unwrapped();
        return value instanceof List<?> several
                ? String.join(",", several.stream().map(String::valueOf).toList())
                : "\"" + value + "\"";
    }

    private <T> T value(Setting<T> setting) {
        return setting.read(config);
    }

    private void need(boolean holds, Setting<?> setting, String relation, Setting<?> other) {
        if (!holds) {
            throw new SettingsException(
                    "Setting '" + setting.key() + "' is '" + config.getString(setting.key()) + "' and must be "
                            + relation + " '" + other.key() + "', which is '" + config.getString(other.key()) + "'.");
        }
    }

    private static String host(Config config, String key) {
        String host = config.getString(key);
        if (!host.matches("[A-Za-z0-9._:%-]+")) {
            throw new IllegalArgumentException();
        }
        return host;
    }

    private static String context(Config config, String key) {
        String path = config.getString(key);
        if (!path.matches("/|(/[A-Za-z0-9._-]+)+/?") || path.matches(".*/\\.\\.?(/.*)?")) {
            throw new IllegalArgumentException();
        }
        return path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
    }

    private static List<String> list(Config config, String key) {
        List<String> parts = config.getValue(key).unwrapped() instanceof List<?>
                ? config.getStringList(key)
                : List.of(config.getString(key).split(","));
        return parts.stream().map(String::strip).filter(part -> !part.isEmpty()).toList();
    }
}

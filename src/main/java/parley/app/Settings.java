package parley.app;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import parley.access.AccessSettings;
import parley.access.TicketSettings;
import parley.cluster.ClusterSettings;
import parley.door.DoorLimits;
import parley.door.Origins;
import parley.door.Proxies;
import parley.durable.DataSettings;
import parley.protocol.RoomName;
import parley.protocol.RoomPattern;
import parley.protocol.Userinfo;
import parley.room.RoomLimits;
import parley.room.WatchLimits;
import parley.session.SessionLimits;

/** All settings with their effective values. Made by {@link SettingsSources}, checked when made. Immutable. */
public final class Settings {
    /** Below this key: patterns of rooms, each with settings of {@code room} that are others there. */
    static final String ROOMS = "rooms";

    private static final long HEAP_FOR_LOGS = 4;

    /** The part of what logs may keep that last messages of watched rooms may have besides. */
    private static final long LOGS_FOR_WATCHED = 8;

    /** The part of the heap that clients may make the server hold, by default. */
    private static final int HEAP_FOR_HELD = 8;

    private record Override(RoomPattern pattern, RoomLimits limits) {}

    private final Config config;
    private final SessionLimits session;
    private final RoomLimits room;
    /** The most particular first. */
    private final List<Override> overrides = new ArrayList<>();

    /**
     * Checks and takes the values.
     *
     * @throws SettingsException naming the first that cannot be
     */
    Settings(Config config) {
        this.config = config;
        Keys.ALL.forEach(setting -> setting.read(config));
        need(
                value(Keys.IDLE_TIMEOUT).compareTo(value(Keys.PING_INTERVAL)) > 0,
                Keys.IDLE_TIMEOUT,
                "longer than",
                Keys.PING_INTERVAL);
        need(
                value(Keys.COMMAND_BYTES) >= value(Keys.MESSAGE_BYTES),
                Keys.COMMAND_BYTES,
                "at least",
                Keys.MESSAGE_BYTES);
        need(value(Keys.BACKLOG) >= value(Keys.MESSAGE_BYTES), Keys.BACKLOG, "at least", Keys.MESSAGE_BYTES);
        long bytes = value(Keys.BYTES);
        need(bytes == 0 || bytes >= value(Keys.COMMAND_BYTES), Keys.BYTES, "0 or at least", Keys.COMMAND_BYTES);
        this.session = new SessionLimits(
                value(Keys.IN_FLIGHT),
                value(Keys.SEND_DEADLINE),
                value(Keys.PING_INTERVAL),
                value(Keys.IDLE_TIMEOUT),
                value(Keys.CLOSE_TIMEOUT),
                value(Keys.MESSAGE_BYTES).intValue(),
                value(Keys.COMMAND_BYTES).intValue(),
                value(Keys.BACKLOG),
                value(Keys.ROOMS_PER_CONNECTION),
                value(Keys.CONNECTIONS),
                value(Keys.COMMANDS),
                heldBytes(),
                bytes);
        long logs = value(Keys.LOG_BYTES);
        need(
                logs == 0 || logs >= value(RoomKeys.HISTORY_BYTES),
                Keys.LOG_BYTES,
                "0 or at least",
                RoomKeys.HISTORY_BYTES);
        need(
                value(Keys.WATCHED_ROOMS_IN_ALL) >= value(Keys.WATCHED_ROOMS),
                Keys.WATCHED_ROOMS_IN_ALL,
                "at least",
                Keys.WATCHED_ROOMS);
        this.room = RoomKeys.limits(config);
        need(
                value(StorageKeys.DATA_WAITING) >= value(Keys.MESSAGE_BYTES),
                StorageKeys.DATA_WAITING,
                "at least",
                Keys.MESSAGE_BYTES);
        StorageKeys.check(config);
        readOverrides();
        checkTls();
        AccessKeys.check(config);
    }

    private long heldBytes() {
        long bytes = value(Keys.HELD_BYTES);
        need(bytes == 0 || bytes >= value(Keys.COMMAND_BYTES), Keys.HELD_BYTES, "0 or at least", Keys.COMMAND_BYTES);
        return bytes == 0
                ? Math.max(value(Keys.COMMAND_BYTES), Runtime.getRuntime().maxMemory() / HEAP_FOR_HELD)
                : bytes;
    }

    private void readOverrides() {
        if (!config.hasPath(ROOMS)) {
            return;
        }
        for (Map.Entry<String, ConfigValue> entry : config.getObject(ROOMS).entrySet()) {
            RoomPattern pattern = RoomPattern.parse(entry.getKey());
            if (pattern == null || !(entry.getValue() instanceof ConfigObject values)) {
                throw new SettingsException("'" + ROOMS + "' cannot have '" + entry.getKey() + "' ("
                        + entry.getValue().origin().description() + "): allowed is " + ROOMS
                        + ".\"<pattern>\" { settings of room }, the pattern " + RoomPattern.RULE + ".");
            }
            Config effective = values.atKey("room").withFallback(config);
            Keys.ALL.forEach(setting -> setting.read(effective));
            overrides.add(new Override(pattern, RoomKeys.limits(effective)));
        }
        overrides.sort(Comparator.comparing(Override::pattern));
    }

    private void checkTls() {
        boolean hasCertificate = !value(Keys.CERTIFICATE).isEmpty();
        if (hasCertificate == value(Keys.KEY).isEmpty()) {
            throw new SettingsException(
                    "'" + Keys.CERTIFICATE.key() + "' and '" + Keys.KEY.key() + "' go together: set both.");
        }
        if (hasCertificate && !value(Keys.KEYSTORE).isEmpty()) {
            throw new SettingsException("'" + Keys.CERTIFICATE.key() + "' and '" + Keys.KEYSTORE.key()
                    + "' both name a certificate: set one of them.");
        }
    }

    /** Where to listen, when Parley runs by itself. */
    public String host() {
        return value(Keys.HOST);
    }

    /** The port to listen on, 0 for any free one. */
    public int port() {
        return value(Keys.PORT);
    }

    /** The path that all addresses begin with: {@code ""} for the root, else with a slash before and none behind. */
    public String context() {
        return value(Keys.CONTEXT);
    }

    /** How many bytes the kernel buffers to send to a client. */
    public int sendBuffer() {
        return value(Keys.SEND_BUFFER).intValue();
    }

    /** Whether messages are compressed for clients that offer it, when Parley runs by itself. */
    public Switch compression() {
        return value(Keys.COMPRESSION);
    }

    /** From how many bytes on. */
    public int compressedFrom() {
        return value(Keys.COMPRESSED_FROM).intValue();
    }

    /** The pages that may connect. */
    public Origins origins() {
        return value(Keys.ORIGINS);
    }

    /** What each session may do. */
    public SessionLimits session() {
        return session;
    }

    /** The least time between two events of presence, in any room. */
    public Duration presenceInterval() {
        return overrides.stream()
                .map(override -> override.limits().presenceInterval())
                .reduce(room.presenceInterval(), (one, other) -> one.compareTo(other) < 0 ? one : other);
    }

    /** What a room of that name keeps and allows. */
    public RoomLimits room(RoomName name) {
        for (Override override : overrides) {
            if (override.pattern.matches(name)) {
                return override.limits;
            }
        }
        return room;
    }

    /** What a room keeps and allows for which there is nothing particular. */
    public RoomLimits room() {
        return room;
    }

    /** Where rooms are kept that survive the process; null for nowhere. */
    public @Nullable DataSettings data() {
        return StorageKeys.data(config);
    }

    /** The cluster that this is a node of; null for none. */
    public @Nullable ClusterSettings cluster() {
        return StorageKeys.cluster(config);
    }

    /** What all rooms may keep together, in bytes. */
    public long logBytes() {
        long bytes = value(Keys.LOG_BYTES);
        return bytes == 0 ? Runtime.getRuntime().maxMemory() / HEAP_FOR_LOGS : bytes;
    }

    /** The proxies that are believed. */
    public Proxies proxies() {
        return new Proxies(value(Keys.PROXIES), value(Keys.PROXY_HEADER));
    }

    /** What the door lets in. */
    public DoorLimits door() {
        return new DoorLimits(value(Keys.HANDSHAKES), value(Keys.HANDSHAKES_PER_ADDRESS), value(Keys.PER_ADDRESS));
    }

    /** How many TCP connections may be without a handshake, when Parley runs by itself. */
    public int handshaking() {
        return value(Keys.HANDSHAKING);
    }

    /** How long they may. */
    public Duration handshakeTimeout() {
        return value(Keys.HANDSHAKE_TIMEOUT);
    }

    /** Who may enter. */
    public AccessMode access() {
        return value(AccessKeys.ACCESS);
    }

    /** What tokens are checked with. */
    public AccessSettings tokens() {
        return AccessKeys.tokens(config);
    }

    /** How tickets are made. */
    public TicketSettings tickets() {
        return AccessKeys.tickets(config);
    }

    /** The name of the cookie that may have a token; empty for none. */
    public String cookie() {
        return value(AccessKeys.COOKIE);
    }

    /** Who may do what over HTTP, and how. */
    public HttpSettings http() {
        return HttpSettings.of(config);
    }

    /** The certificate and those above it, in PEM; null for none. */
    public @Nullable Path certificate() {
        return file(Keys.CERTIFICATE);
    }

    /** Its private key, in PEM; null for none. */
    public @Nullable Path privateKey() {
        return file(Keys.KEY);
    }

    /** Both in PKCS #12; null for none. */
    public @Nullable Path keystore() {
        return file(Keys.KEYSTORE);
    }

    /** The password of the keystore. */
    public String keystorePassword() {
        return value(Keys.KEYSTORE_PASSWORD);
    }

    /** The versions of TLS to speak. */
    public List<String> tlsProtocols() {
        return value(Keys.PROTOCOLS);
    }

    /** Who may read how it goes. */
    public StatusFor statusFor() {
        return value(Keys.STATUS_FOR);
    }

    /** Where to listen for who asks how it goes, when that has a port of its own. */
    public String statusHost() {
        return value(Keys.STATUS_HOST);
    }

    /** The port for who asks how it goes; 0 for none of its own. */
    public int statusPort() {
        return value(Keys.STATUS_PORT);
    }

    /** Where to listen for backends, when they have a port of their own. */
    public String httpHost() {
        return value(Keys.HTTP_HOST);
    }

    /** The port for backends; 0 for none of its own. */
    public int httpPort() {
        return value(Keys.HTTP_PORT);
    }

    /** How log lines look. */
    public LogFormat logFormat() {
        return value(Keys.LOG_FORMAT);
    }

    /** How long a shutdown is announced before it begins. */
    public Duration notice() {
        return value(Keys.NOTICE);
    }

    /** Over how long a shutdown spreads the closing. */
    public Duration drain() {
        return value(Keys.DRAIN);
    }

    private @Nullable Path file(Setting<String> setting) {
        return file(config, setting);
    }

    static @Nullable Path file(Config config, Setting<String> setting) {
        String name = setting.read(config);
        return name.isEmpty() ? null : Path.of(name);
    }

    /** How many rooms there may be. */
    public int rooms() {
        return value(Keys.ROOMS);
    }

    /** How much clients may watch without being in rooms. */
    public WatchLimits watch() {
        int held = Math.max(1, rooms() / 2); // the others are for those that are in rooms
        return new WatchLimits(
                value(Keys.WATCHED_ROOMS),
                value(Keys.WATCHED_ROOMS_IN_ALL),
                held,
                rooms() - rooms() / 10,
                logBytes() / LOGS_FOR_WATCHED);
    }

    /** How many threads run turns. */
    public int fanOutThreads() {
        int threads = value(Keys.FAN_OUT_THREADS);
        return threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    }

    /** How long frames in flight get at a shutdown. */
    public Duration flush() {
        return value(Keys.FLUSH);
    }

    /** How long connections get to go at a shutdown. */
    public Duration grace() {
        return value(Keys.GRACE);
    }

    /** Returns the same with lower limits on connections. */
    public Settings lowered(int connections, int handshaking, String why) {
        return new Settings(config.withValue(
                        Keys.CONNECTIONS.key(), ConfigValueFactory.fromAnyRef(String.valueOf(connections), why))
                .withValue(Keys.HANDSHAKING.key(), ConfigValueFactory.fromAnyRef(String.valueOf(handshaking), why)));
    }

    /** Says every setting with its value and where that came from, a line each; secrets are not shown. */
    public Stream<String> describe() {
        Stream<String> particular = config.hasPath(ROOMS)
                ? config.getConfig(ROOMS).entrySet().stream()
                        .map(entry -> ROOMS + "." + entry.getKey() + " = " + shown(entry.getValue()) + "  # "
                                + entry.getValue().origin().description())
                        .sorted()
                : Stream.of();
        return Stream.concat(
                Keys.ALL.stream()
                        .map(setting -> setting.key() + " = " + shown(setting) + "  # "
                                + config.getValue(setting.key()).origin().description()),
                particular);
    }

    private String shown(Setting<?> setting) {
        ConfigValue value = config.getValue(setting.key());
        boolean isHidden = setting.isSecret() && !value.unwrapped().equals("");
        return isHidden ? "\"" + Setting.MASK + "\"" : shown(value);
    }

    private static String shown(ConfigValue value) {
        return Userinfo.masked(
                value.unwrapped() instanceof List<?> several
                        ? String.join(",", several.stream().map(String::valueOf).toList())
                        : "\"" + value.unwrapped() + "\"");
    }

    private <T> T value(Setting<T> setting) {
        return setting.read(config);
    }

    private void need(boolean holds, Setting<?> setting, String relation, Setting<?> other) {
        need(config, holds, setting, relation, other);
    }

    static void need(Config config, boolean holds, Setting<?> setting, String relation, Setting<?> other) {
        if (!holds) {
            throw new SettingsException("Setting '" + setting.key() + "' is '" + config.getString(setting.key()) + "' ("
                    + config.getValue(setting.key()).origin().description() + ") and must be "
                    + relation + " '" + other.key() + "', which is '" + config.getString(other.key()) + "'.");
        }
    }
}

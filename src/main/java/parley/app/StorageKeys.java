package parley.app;

import static java.time.Duration.ofDays;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;

import com.typesafe.config.Config;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import parley.cluster.ClusterSettings;
import parley.durable.DataSettings;

/** The settings of where rooms are kept: on disk, in a cluster ({@link Keys}). */
final class StorageKeys {
    private static final long KIB = 1024;
    private static final long MIB = 1024 * KIB;
    private static final long GIB = 1024 * MIB;

    static final Setting<String> DATA = Setting.text(
            "data.folder",
            "a folder; none for rooms in memory alone",
            "The folder for rooms that survive the process. One Parley at a time uses it.");
    static final Setting<DataSettings.Sync> SYNC = Setting.choice(
            "data.sync",
            DataSettings.Sync.ALWAYS,
            DataSettings.Sync.class,
            "What an ack means. always: the message is on the disk, and survives the loss of power. interval: it is"
                    + " with the operating system and survives the end of the process; the loss of power after"
                    + " data.interval, and all rooms begin another epoch then.");
    static final Setting<Duration> INTERVAL = Setting.time(
            "data.interval",
            "1s",
            ofMillis(10),
            ofMinutes(1),
            "10ms to 1m",
            "How often written messages are synchronized to the disk, with data.sync=interval: the loss of"
                    + " power can cost the messages of that time.");
    static final Setting<Long> DATA_BYTES = Setting.bytes(
            "data.bytes",
            "16GiB",
            MIB,
            "1MiB",
            1024 * 1024 * GIB,
            "1048576GiB, not less than room.kept-bytes",
            "Bytes of the messages of all rooms on disk: their texts, names and, twice, ids in UTF-8, and 96"
                    + " bytes each; and of values of keys, half of it at most. Beyond that the rooms in which nothing was"
                    + " published for the longest time give way first, without their values; with a sixteenth more,"
                    + " messages are answered with unavailable.");
    static final Setting<Integer> DATA_ROOMS = Setting.number(
            "data.rooms",
            1_000_000,
            1,
            1_000_000_000,
            "rooms",
            "Rooms on disk. Beyond that the rooms in which nothing was published for the longest time give"
                    + " way. With a sixteenth more, messages in new rooms are answered with unavailable.");
    static final Setting<Long> DATA_WAITING = Setting.bytes(
            "data.waiting",
            "64MiB",
            MIB,
            "1MiB",
            16 * GIB,
            "16GiB, not less than limits.message-bytes",
            "Bytes that may wait for the disk, counted as in data.bytes. Beyond that messages are answered"
                    + " with unavailable, and plain clients closed with 1013.");

    static final Setting<NatsAddresses> NATS = new Setting<>(
            "nats.url",
            "",
            "addresses such as nats://10.0.0.1:4222 or tls://user:password@nats.example.com, several separated"
                    + " by commas; none for no cluster",
            "Servers of NATS with JetStream, through which any number of Parleys are one. Not together with"
                    + " data.folder. A login may stand in the addresses, the same in all, in place of the three"
                    + " settings below.",
            StorageKeys::servers);
    static final Setting<String> NATS_NAME = new Setting<>(
            "nats.name",
            "parley",
            "1 to 32 letters, digits, '-', '_'",
            "The name of the cluster. Its streams and subjects begin with it; nodes of another name are another"
                    + " cluster.",
            (config, key) -> matching(config.getString(key), "[A-Za-z0-9_-]{1,32}"));
    static final Setting<String> NATS_CREDENTIALS = Setting.text(
            "nats.credentials",
            "a file of NATS's, .creds; none",
            "The file with the token and the key for the login to NATS.");
    static final Setting<String> NATS_USER =
            Setting.text("nats.user", "a name; none", "The user for the login to NATS, with nats.password.");
    static final Setting<String> NATS_PASSWORD =
            Setting.secret("nats.password", "a password; none", "The password of nats.user.");
    static final Setting<String> NATS_TOKEN =
            Setting.secret("nats.token", "a token; none", "A token for the login to NATS, in place of a user.");
    static final Setting<String> NATS_TRUST = Setting.text(
            "nats.truststore",
            "a file in PKCS #12; none for the authorities that Java trusts",
            "The certificates to trust with tls:// addresses.");
    static final Setting<String> NATS_TRUST_PASSWORD =
            Setting.secret("nats.truststore-password", "a password; none", "The password of nats.truststore.");
    static final Setting<Integer> NATS_STREAMS = Setting.number(
            "nats.streams",
            4,
            1,
            1_000,
            "streams",
            "Streams that rooms are spread over. The same on all nodes, and for the life of the cluster.");
    static final Setting<Integer> NATS_REPLICAS = Setting.number(
            "nats.replicas",
            1,
            1,
            5,
            "servers",
            "Replicas of each stream; 3 survives the loss of one server of NATS. As with all stream limits,"
                    + " the node started last decides.");
    static final Setting<Integer> NATS_KEPT = Setting.number(
            "nats.kept",
            100_000,
            1,
            1_000_000_000,
            "messages, not less than room.history",
            "Messages of a room that are kept in the cluster; the oldest are removed.");
    static final Setting<Long> NATS_BYTES = Setting.bytes(
            "nats.bytes",
            "0",
            0,
            "0",
            1024 * 1024 * GIB,
            "1048576GiB, 0 = any",
            "Bytes of a stream, on each server of NATS that keeps it; the oldest messages of any room in it"
                    + " are removed.");
    static final Setting<Duration> NATS_AGE = Setting.time(
            "nats.kept-age",
            "0s",
            Duration.ZERO,
            ofDays(3650),
            "0s to 3650d, 0 = any age, else not less than nats.again",
            "The age at which messages in the cluster are removed.");
    static final Setting<Duration> NATS_AGAIN = Setting.time(
            "nats.again",
            "2m",
            ofSeconds(10),
            ofDays(1),
            "10s to 1d, at least twice nats.deadline",
            "How long the cluster knows a message by its id, so that it is not published again. NATS keeps"
                    + " the ids in memory: more costs memory there.");
    static final Setting<Duration> NATS_DEADLINE = Setting.time(
            "nats.deadline",
            "5s",
            ofMillis(100),
            ofMinutes(1),
            "100ms to 1m",
            "How long a message may wait to be stored. After that it is answered with unavailable, and plain"
                    + " clients are closed with 1013.");
    static final Setting<Long> NATS_WAITING = Setting.bytes(
            "nats.waiting",
            "64MiB",
            MIB,
            "1MiB",
            16 * GIB,
            "16GiB, not less than limits.message-bytes",
            "Bytes that may wait for the cluster. Beyond that messages are answered as with nats.deadline.");
    static final Setting<Duration> NATS_NODE_TIMEOUT = Setting.time(
            "nats.node-timeout",
            "5s",
            ofSeconds(2),
            ofMinutes(10),
            "2s to 10m",
            "How long a node may be silent before its members count as gone: more bears longer pauses, less"
                    + " notices a lost node sooner.");

    static final List<Setting<?>> ALL = List.of(
            DATA,
            SYNC,
            INTERVAL,
            DATA_BYTES,
            DATA_ROOMS,
            DATA_WAITING,
            NATS,
            NATS_NAME,
            NATS_CREDENTIALS,
            NATS_USER,
            NATS_PASSWORD,
            NATS_TOKEN,
            NATS_TRUST,
            NATS_TRUST_PASSWORD,
            NATS_STREAMS,
            NATS_REPLICAS,
            NATS_KEPT,
            NATS_BYTES,
            NATS_AGE,
            NATS_AGAIN,
            NATS_DEADLINE,
            NATS_WAITING,
            NATS_NODE_TIMEOUT);

    private StorageKeys() {}

    private static NatsAddresses servers(Config config, String key) {
        return NatsAddresses.parse(Keys.list(config, key));
    }

    private static String matching(String value, String pattern) {
        if (!value.matches(pattern)) {
            throw new IllegalArgumentException();
        }
        return value;
    }

    /** Whether what was set goes together. */
    static void check(Config config) {
        if (NATS.read(config).servers().isEmpty()) {
            return;
        }
        if (!DATA.read(config).isEmpty()) {
            throw new SettingsException(
                    "'" + NATS.key() + "' and '" + DATA.key() + "' both say where rooms are kept: set one of them.");
        }
        Settings.need(
                config,
                NATS_WAITING.read(config) >= Keys.MESSAGE_BYTES.read(config),
                NATS_WAITING,
                "at least",
                Keys.MESSAGE_BYTES);
        Settings.need(
                config,
                NATS_AGAIN.read(config).compareTo(NATS_DEADLINE.read(config).multipliedBy(2)) >= 0,
                NATS_AGAIN,
                "at least twice",
                NATS_DEADLINE);
        Duration age = NATS_AGE.read(config);
        Settings.need(
                config,
                age.isZero() || age.compareTo(NATS_AGAIN.read(config)) >= 0,
                NATS_AGE,
                "0s or at least",
                NATS_AGAIN);
        long logins = Stream.of(NATS_CREDENTIALS, NATS_USER, NATS_TOKEN)
                .filter(key -> !key.read(config).isEmpty())
                .count();
        if (logins > 0 && NATS.read(config).haveLogin()) {
            throw new SettingsException("'" + NATS.key() + "' has a login in its addresses, and another setting says"
                    + " who logs in to NATS too: take one of them out.");
        }
        if (logins > 1) {
            throw new SettingsException("'" + NATS_CREDENTIALS.key() + "', '" + NATS_USER.key() + "' and '"
                    + NATS_TOKEN.key() + "' each say who logs in to NATS: set one of them.");
        }
    }

    /** Where rooms are kept that survive the process; null for nowhere. */
    static @Nullable DataSettings data(Config config) {
        String folder = DATA.read(config);
        return folder.isEmpty()
                ? null
                : new DataSettings(
                        Path.of(folder),
                        SYNC.read(config),
                        INTERVAL.read(config),
                        DATA_BYTES.read(config),
                        DATA_ROOMS.read(config),
                        DATA_WAITING.read(config));
    }

    /** The cluster that this is a node of; null for none. */
    static @Nullable ClusterSettings cluster(Config config) {
        NatsAddresses nats = NATS.read(config);
        return nats.servers().isEmpty()
                ? null
                : new ClusterSettings(
                        nats.servers(),
                        NATS_NAME.read(config),
                        new ClusterSettings.Login(
                                Settings.file(config, NATS_CREDENTIALS),
                                nats.user().isEmpty() ? NATS_USER.read(config) : nats.user(),
                                nats.user().isEmpty() ? NATS_PASSWORD.read(config) : nats.password(),
                                nats.token().isEmpty() ? NATS_TOKEN.read(config) : nats.token(),
                                Settings.file(config, NATS_TRUST),
                                NATS_TRUST_PASSWORD.read(config)),
                        NATS_STREAMS.read(config),
                        NATS_REPLICAS.read(config),
                        new ClusterSettings.Kept(
                                NATS_KEPT.read(config),
                                NATS_BYTES.read(config),
                                NATS_AGE.read(config),
                                NATS_AGAIN.read(config)),
                        NATS_DEADLINE.read(config),
                        NATS_WAITING.read(config),
                        Keys.MESSAGE_BYTES.read(config),
                        NATS_NODE_TIMEOUT.read(config));
    }
}

package parley.app;

import static java.time.Duration.ofDays;
import static java.time.Duration.ofHours;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;

import com.typesafe.config.Config;
import java.time.Duration;
import java.util.List;
import parley.door.Origins;
import parley.door.Proxies;
import parley.durable.DataSettings;
import parley.protocol.Utf8;
import parley.room.Overflow;

/** The table of all settings, which is the reference: {@code docs/settings.md} is compared with it. */
final class Keys {
    private static final long KIB = 1024;
    private static final long MIB = 1024 * KIB;
    private static final long GIB = 1024 * MIB;
    private static final int SHORTEST_API_KEY = 32;

    static final Setting<String> HOST = new Setting<>(
            "listen.host",
            "127.0.0.1",
            "an address or host name of this machine, without brackets; 0.0.0.0 for all",
            "Where to listen. Only when Parley runs by itself.",
            Keys::host);
    static final Setting<Integer> PORT = Setting.number(
            "listen.port",
            8080,
            0,
            65535,
            "(0 = any free one)",
            "The port to listen on. Only when Parley runs by itself.");
    static final Setting<String> CONTEXT = new Setting<>(
            "listen.context",
            "/",
            "a path such as / or /parley, of letters, digits, '.', '_', '-'",
            "The path that all addresses begin with. Only when Parley runs by itself; a server names it itself.",
            Keys::context);
    static final Setting<Long> SEND_BUFFER = Setting.bytes(
            "listen.send-buffer",
            "64KiB",
            4 * KIB,
            "4KiB",
            64L << 20,
            "64MiB",
            "How many bytes the kernel buffers to send to a client: less notices sooner that a client reads slowly, more lets"
                    + " a client far away read faster (a buffer a round trip). Only when Parley runs by itself.");
    static final Setting<Origins> ORIGINS = new Setting<>(
            "origins",
            "",
            "patterns " + Origins.RULE + "; several separated by commas",
            "Pages that may connect besides those of the same host. Clients without an Origin header may always.",
            (config, key) -> new Origins(list(config, key)));
    static final Setting<List<String>> PROXIES = new Setting<>(
            "trusted-proxies",
            "127.0.0.0/8,::1",
            "addresses and networks such as 10.0.0.0/8, several separated by commas; empty for none",
            "Proxies that are believed when they say where a client connects from.",
            Keys::networks);
    static final Setting<Proxies.Header> PROXY_HEADER = Setting.choice(
            "trusted-header",
            Proxies.Header.X_FORWARDED_FOR,
            Proxies.Header.class,
            "The header in which they say it, and which they must write: one that they only pass on is the client's word.");

    static final Setting<String> CERTIFICATE = Setting.text(
            "listen.tls.certificate",
            "a PEM file with the certificate and those between it and the root; none for no TLS",
            "The certificate, read again when the file changes. Only when Parley runs by itself.");
    static final Setting<String> KEY = Setting.text(
            "listen.tls.key",
            "a PEM file with a private key in PKCS #8, SEC 1 or PKCS #1, without a password",
            "Its private key.");
    static final Setting<String> KEYSTORE = Setting.text(
            "listen.tls.keystore",
            "a PKCS #12 file",
            "Certificate and private key in one file, in place of the two above; read again when it changes.");
    static final Setting<String> KEYSTORE_PASSWORD =
            Setting.secret("listen.tls.password", "text", "The password of the keystore.");
    static final Setting<List<String>> PROTOCOLS = new Setting<>(
            "listen.tls.protocols",
            "TLSv1.3,TLSv1.2",
            "TLSv1.3, TLSv1.2",
            "The versions of TLS to speak.",
            Keys::protocols);

    static final Setting<AccessMode> ACCESS = Setting.choice(
            "access.mode",
            AccessMode.ANONYMOUS,
            AccessMode.class,
            "Who may enter. anonymous: everybody. token: who brings a JSON Web Token. principal: whom the server has"
                    + " authenticated; only on a server.");
    static final Setting<String> SECRET = Setting.secret(
            "access.secret",
            "at least 32 bytes of text",
            "The secret that tokens are signed with (HS256, HS384, HS512).");
    static final Setting<String> PUBLIC_KEY = Setting.text(
            "access.public-key",
            "a PEM file",
            "The public key to check tokens with: of RSA (RS256, PS256 and so on), of the curves P-256, P-384, P-521"
                    + " (ES256 and so on) or Ed25519 (EdDSA).");
    static final Setting<String> JWKS = Setting.text(
            "access.jwks",
            "a file, or an address with http or https",
            "A set of public keys (RFC 7517) to check tokens with.");
    static final Setting<Duration> JWKS_REFRESH = Setting.time(
            "access.jwks-refresh",
            "10m",
            ofSeconds(1),
            ofDays(1),
            "1s to 1d",
            "How long a set of keys is used before it is read again. A token with a key that is not in it makes it be"
                    + " read at once, at most every 10s.");
    static final Setting<String> ISSUER =
            Setting.text("access.issuer", "text; none for any", "What a token's iss has to be.");
    static final Setting<String> AUDIENCE =
            Setting.text("access.audience", "text; none for any", "What a token's aud has to name.");
    static final Setting<Duration> LEEWAY = Setting.time(
            "access.leeway",
            "30s",
            Duration.ZERO,
            ofMinutes(10),
            "0s to 10m",
            "How far the clocks of who signs tokens and of this machine may be apart.");

    static final Setting<String> API_KEY = new Setting<>(
            "access.api-key",
            "",
            "at least 32 bytes of text, as 'openssl rand -base64 48' makes them; none for no such key",
            "A key for backends. A client that sends it in the header Authorization: Bearer may do everything over HTTP, on"
                    + " behalf of any name. It does not open WebSockets.",
            true,
            Keys::apiKey);
    static final Setting<HttpPublish> HTTP_PUBLISH = Setting.choice(
            "http.publish",
            HttpPublish.AUTHORIZED,
            HttpPublish.class,
            "Which clients may publish over HTTP with access.mode=anonymous. authorized: those with access.api-key. everyone:"
                    + " all. In the other modes the token or the login decides.");
    static final Setting<Integer> REQUESTS_PER_ADDRESS = Setting.number(
            "limits.requests-per-second-per-address",
            200,
            0,
            1_000_000,
            "requests a second, 0 = no limit",
            "HTTP requests for rooms, members and messages a second from one address, and with tokens of one name, with a"
                    + " burst of five times that. Each message of a body with several counts as one. More are refused with"
                    + " 429. Requests with access.api-key have no limit.");

    private static String apiKey(Config config, String key) {
        String value = config.getString(key);
        if (!value.isEmpty() && Utf8.length(value) < SHORTEST_API_KEY) {
            throw new IllegalArgumentException("it is too short");
        }
        return value;
    }

    static final Setting<Integer> IN_FLIGHT = Setting.number(
            "session.in-flight",
            1,
            1,
            64,
            "frames",
            "Frames that may be on their way to one client without being taken. More than 1 works only where the server"
                    + " queues frames itself (standalone, WildFly, GlassFish, Payara, Jetty); Tomcat and Liberty refuse.");
    static final Setting<Duration> SEND_DEADLINE = Setting.time(
            "session.send-deadline",
            "10s",
            ofMillis(100),
            ofMinutes(10),
            "100ms to 10m",
            "How long a frame may stay untaken before the client is closed with 1013.");
    static final Setting<Duration> PING_INTERVAL = Setting.time(
            "session.ping-interval",
            "25s",
            ofMillis(100),
            ofHours(1),
            "100ms to 1h",
            "How often each client is pinged.");
    static final Setting<Duration> IDLE_TIMEOUT = Setting.time(
            "session.idle-timeout",
            "60s",
            ofMillis(200),
            ofHours(3),
            "200ms to 3h, more than session.ping-interval",
            "How long a client may be silent, pongs counting, before it is closed with 1001.");
    static final Setting<Duration> CLOSE_TIMEOUT = Setting.time(
            "session.close-timeout",
            "5s",
            ofMillis(100),
            ofMinutes(1),
            "100ms to 1m",
            "How long a closed connection may take to go away before it is cut. On a server as far as the server lets it.");

    static final Setting<Integer> HISTORY =
            Setting.number("room.history", 1000, 1, 1_000_000, "messages", "Messages a room keeps.");
    static final Setting<Long> HISTORY_BYTES = Setting.bytes(
            "room.history-bytes",
            "1MiB",
            KIB,
            "1KiB",
            GIB,
            "1GiB, not less than limits.message-bytes",
            "What the messages kept may weigh: their text in UTF-8 and 96 bytes each.");
    static final Setting<Long> BACKLOG_BYTES = Setting.bytes(
            "room.backlog-bytes",
            "8MiB",
            KIB,
            "1KiB",
            GIB,
            "1GiB",
            "How many bytes a room keeps at most of messages that members have still to take, beyond room.history and"
                    + " room.history-bytes: more lets members that read catch up after longer bursts, less saves memory."
                    + " Never less than room.history-bytes.");
    static final Setting<Duration> SLOW_AFTER = Setting.time(
            "room.slow-after",
            "3s",
            ofMillis(100),
            ofMinutes(10),
            "100ms to 10m",
            "How long a frame may be under way to a member before the member is behind and room.policy applies: more"
                    + " spares clients on slow lines, less frees memory sooner.");
    static final Setting<Integer> WINDOW = Setting.number(
            "room.window",
            0,
            0,
            1_000_000,
            "messages, not more than room.history, 0 = any number",
            "How many messages a member may be behind before room.policy applies, however fast it reads.");
    static final Setting<Overflow> POLICY = Setting.choice(
            "room.policy",
            Overflow.DROP_OLDEST,
            Overflow.class,
            "What happens to a member that is behind. drop-oldest: it misses the messages that the room does not keep in"
                    + " memory any more, or that exceed room.window. drop-newest: it gets the messages it fell behind with"
                    + " and misses the ones after them. latest: it goes on with the newest message alone. disconnect: it is"
                    + " closed with 1013.");
    static final Setting<Duration> LINGER = Setting.time(
            "room.linger",
            "1m",
            Duration.ZERO,
            ofDays(30),
            "0s to 30d",
            "How long a room stays after its last member left and the last message was published; not at all when there are as many rooms as limits.rooms.");
    static final Setting<Long> BATCH_BYTES = Setting.bytes(
            "room.batch-bytes",
            "64KiB",
            1,
            "1B",
            16 * MIB,
            "16MiB",
            "What messages joined into one frame for JSON clients may weigh, and a page of history; a longer message goes"
                    + " alone.");
    static final Setting<Integer> NAMES = Setting.number(
            "room.presence-names",
            1000,
            0,
            100_000,
            "names",
            "Names that presence and who tell JSON clients at most. In a room with more, presence tells the number of"
                    + " members alone.");
    static final Setting<Integer> MEMBERS = Setting.number(
            "room.members",
            100_000,
            1,
            10_000_000,
            "members",
            "Members of a room at once; one more is closed with 1013, or answered with room-full in JSON.");

    static final Setting<Storage> KEEP = Setting.choice(
            "room.keep",
            Storage.DISK,
            Storage.class,
            "Where messages are kept. disk: in the data folder or in the cluster's streams, if there is one of them, besides"
                    + " the newest in memory; they survive the process. memory: only there; what is on disk from before stays"
                    + " there until rooms give way, and in a cluster the room is another on each node.");
    static final Setting<Integer> KEPT = Setting.number(
            "room.kept",
            100_000,
            1,
            1_000_000_000,
            "messages, not less than room.history",
            "Messages of a room that are kept on disk; up to a sixteenth more, since the oldest go some at a time.");
    static final Setting<Long> KEPT_BYTES = Setting.bytes(
            "room.kept-bytes",
            "128MiB",
            KIB,
            "1KiB",
            1024 * GIB,
            "1024GiB, not less than room.history-bytes",
            "What the messages of a room may weigh on disk; up to a sixteenth more.");
    static final Setting<Duration> KEPT_AGE = Setting.time(
            "room.kept-age",
            "0s",
            Duration.ZERO,
            ofDays(3650),
            "0s to 3650d, 0 = any age",
            "How old messages on disk may become. Up to 200 rooms a second are looked at for older ones.");

    static final Setting<String> DATA = Setting.text(
            "data.folder",
            "a folder; none for rooms in memory alone",
            "Where rooms are kept that survive the process. For one Parley at a time.");
    static final Setting<DataSettings.Sync> SYNC = Setting.choice(
            "data.sync",
            DataSettings.Sync.ALWAYS,
            DataSettings.Sync.class,
            "What an ack means. always: the message is on the disk, and survives the loss of power. interval: it is with the"
                    + " operating system and survives the end of the process; the loss of power after data.interval, and all"
                    + " rooms begin another epoch then.");
    static final Setting<Duration> INTERVAL = Setting.time(
            "data.interval",
            "1s",
            ofMillis(10),
            ofMinutes(1),
            "10ms to 1m",
            "How often what was written is made sure to be on the disk, with data.sync=interval.");
    static final Setting<Long> DATA_BYTES = Setting.bytes(
            "data.bytes",
            "16GiB",
            MIB,
            "1MiB",
            1024 * 1024 * GIB,
            "1048576GiB, not less than room.kept-bytes",
            "What the messages of all rooms may weigh on disk: their texts, names and, twice, ids in UTF-8, and 96 bytes each."
                    + " Beyond that the rooms in which nothing was said for the longest time give way first; with a sixteenth"
                    + " more, messages are answered with unavailable.");
    static final Setting<Integer> DATA_ROOMS = Setting.number(
            "data.rooms",
            1_000_000,
            1,
            1_000_000_000,
            "rooms",
            "Rooms that are kept on disk; beyond that those give way in which nothing was said for the longest time. With a"
                    + " sixteenth more, messages in new rooms are answered with unavailable.");
    static final Setting<Long> DATA_WAITING = Setting.bytes(
            "data.waiting",
            "64MiB",
            MIB,
            "1MiB",
            16 * GIB,
            "16GiB, not less than limits.message-bytes",
            "What may wait for the disk, counted as in data.bytes; more is answered with unavailable, or closed with 1013 in"
                    + " plain text.");

    static final Setting<NatsAddresses> NATS = new Setting<>(
            "nats.url",
            "",
            "addresses such as nats://10.0.0.1:4222 or tls://user:password@nats.example.com, several separated"
                    + " by commas; none for no cluster",
            "Servers of NATS with JetStream, through which any number of Parleys are one. Not together with data.folder."
                    + " A login may stand in the addresses, the same in all, in place of the three settings below.",
            Keys::servers);
    static final Setting<String> NATS_NAME = new Setting<>(
            "nats.name",
            "parley",
            "1 to 32 letters, digits, '-', '_'",
            "What the cluster is called, which its streams and subjects begin with: nodes of another name are another cluster.",
            (config, key) -> matching(config.getString(key), "[A-Za-z0-9_-]{1,32}"));
    static final Setting<String> NATS_CREDENTIALS = Setting.text(
            "nats.credentials",
            "a file of NATS's, .creds; none",
            "The token and the key with which to log in to NATS.");
    static final Setting<String> NATS_USER =
            Setting.text("nats.user", "a name; none", "The user with whom to log in to NATS, with nats.password.");
    static final Setting<String> NATS_PASSWORD =
            Setting.secret("nats.password", "a password; none", "The user's password.");
    static final Setting<String> NATS_TOKEN =
            Setting.secret("nats.token", "a token; none", "A token with which to log in to NATS, in place of a user.");
    static final Setting<String> NATS_TRUST = Setting.text(
            "nats.truststore",
            "a file in PKCS #12; none for the authorities that Java trusts",
            "The certificates to trust with tls:// addresses.");
    static final Setting<String> NATS_TRUST_PASSWORD =
            Setting.secret("nats.truststore-password", "a password; none", "The password of that file.");
    static final Setting<Integer> NATS_STREAMS = Setting.number(
            "nats.streams",
            4,
            1,
            1_000,
            "streams",
            "Streams that rooms are spread over. The same on all nodes and for the life of the cluster.");
    static final Setting<Integer> NATS_REPLICAS = Setting.number(
            "nats.replicas",
            1,
            1,
            5,
            "servers",
            "Servers of NATS that keep each stream: with 3 one may be lost. As all limits of streams, that of the node which"
                    + " was started last holds.");
    static final Setting<Integer> NATS_KEPT = Setting.number(
            "nats.kept",
            100_000,
            1,
            1_000_000_000,
            "messages, not less than room.history",
            "Messages of a room that are kept in the cluster; the oldest go.");
    static final Setting<Long> NATS_BYTES = Setting.bytes(
            "nats.bytes",
            "0",
            0,
            "0",
            1024 * 1024 * GIB,
            "1048576GiB, 0 = any",
            "What a stream may weigh, on each server of NATS that keeps it; the oldest messages of any room in it go.");
    static final Setting<Duration> NATS_AGE = Setting.time(
            "nats.kept-age",
            "0s",
            Duration.ZERO,
            ofDays(3650),
            "0s to 3650d, 0 = any age, else not less than nats.again",
            "How old messages in the cluster may become.");
    static final Setting<Duration> NATS_AGAIN = Setting.time(
            "nats.again",
            "2m",
            ofSeconds(10),
            ofDays(1),
            "10s to 1d, at least twice nats.deadline",
            "How long the cluster knows a message by its id, so that it is not published again. NATS keeps the ids in memory.");
    static final Setting<Duration> NATS_DEADLINE = Setting.time(
            "nats.deadline",
            "5s",
            ofMillis(100),
            ofMinutes(1),
            "100ms to 1m",
            "How long a message may wait to be stored; then it is answered with unavailable, or closed with 1013 in plain text.");
    static final Setting<Long> NATS_WAITING = Setting.bytes(
            "nats.waiting",
            "64MiB",
            MIB,
            "1MiB",
            16 * GIB,
            "16GiB, not less than limits.message-bytes",
            "What may wait for the cluster; more is answered as above.");
    static final Setting<Duration> NATS_NODE_TIMEOUT = Setting.time(
            "nats.node-timeout",
            "5s",
            ofSeconds(2),
            ofMinutes(10),
            "2s to 10m",
            "How long a node may be silent until those in it are taken to have left their rooms.");

    static final Setting<Long> MESSAGE_BYTES = Setting.bytes(
            "limits.message-bytes",
            "64KiB",
            1,
            "1B",
            16 * MIB,
            "16MiB",
            "The longest message, text in UTF-8 or binary; a longer one closes with 1009, or is answered with too-large in"
                    + " JSON.");
    static final Setting<Long> COMMAND_BYTES = Setting.bytes(
            "limits.command-bytes",
            "256KiB",
            1,
            "1B",
            64 * MIB,
            "64MiB, not less than limits.message-bytes",
            "The longest WebSocket message of a JSON client, which may hold several commands; a longer one closes with 1009.");
    static final Setting<Long> BACKLOG = Setting.bytes(
            "limits.backlog",
            "1MiB",
            1,
            "1B",
            GIB,
            "1GiB, not less than limits.message-bytes",
            "Bytes of echoes, or of answers to JSON commands, that may wait for a client to read; a client that sends on is"
                    + " closed with 1013.");
    static final Setting<Integer> CONNECTIONS = Setting.number(
            "limits.connections",
            10_000,
            1,
            10_000_000,
            "connections",
            "Connections at once, of /echo and /chat together; one more is refused with 503 or closed with 1013.");
    static final Setting<Integer> PER_ADDRESS = Setting.number(
            "limits.connections-per-address",
            1000,
            0,
            10_000_000,
            "connections, 0 = no limit",
            "Connections at once from one address (of IPv6, from one /64); one more is refused with 429 or closed with"
                    + " 1013. A proxy is one address unless it is among trusted-proxies.");
    static final Setting<Integer> HANDSHAKES = Setting.number(
            "limits.handshakes-per-second",
            5000,
            0,
            1_000_000,
            "handshakes a second, 0 = no limit",
            "Handshakes a second in all, with a burst of five times that; more are refused with 503.");
    static final Setting<Integer> HANDSHAKES_PER_ADDRESS = Setting.number(
            "limits.handshakes-per-second-per-address",
            200,
            0,
            1_000_000,
            "handshakes a second, 0 = no limit",
            "The same from one address, as limits.connections-per-address counts it; more are refused with 429.");
    static final Setting<Integer> HANDSHAKING = Setting.number(
            "limits.handshaking",
            2000,
            1,
            10_000_000,
            "connections",
            "TCP connections at once that have not made a handshake, as browsers reading the page; the oldest is closed"
                    + " for one more. Only when Parley runs by itself.");
    static final Setting<Duration> HANDSHAKE_TIMEOUT = Setting.time(
            "limits.handshake-timeout",
            "10s",
            ofMillis(100),
            ofMinutes(5),
            "100ms to 5m",
            "How long a TCP connection may take for a request, TLS included, and stay without another before it is"
                    + " closed. Only when Parley runs by itself.");
    static final Setting<Integer> ROOMS = Setting.number(
            "limits.rooms",
            10_000,
            1,
            10_000_000,
            "rooms",
            "Rooms at once; who would make one more is closed with 1013, or answered with too-many-rooms in JSON.");
    static final Setting<Integer> ROOMS_PER_CONNECTION = Setting.number(
            "limits.rooms-per-connection",
            100,
            1,
            10_000,
            "rooms",
            "Rooms that one JSON client may be in at once; one more is answered with too-many-rooms.");
    static final Setting<Integer> COMMANDS = Setting.number(
            "limits.commands-per-second",
            1000,
            0,
            1_000_000,
            "commands a second, 0 = no limit",
            "Commands a second one connection may give (in plain text each message is one), with a burst of five times"
                    + " that; more are not carried out, and who keeps on for 5s is closed with 1008.");
    static final Setting<Long> BYTES = Setting.bytes(
            "limits.bytes-per-second",
            "1MiB",
            0,
            "0",
            GIB,
            "1GiB, not less than limits.command-bytes, 0 = no limit",
            "Bytes a second of messages and commands from one connection in rooms, with a burst of five times that; dealt"
                    + " with like too many commands.");
    static final Setting<Long> HELD_BYTES = Setting.bytes(
            "limits.held-bytes",
            "0",
            0,
            "0",
            1024 * GIB,
            "1024GiB, not less than limits.command-bytes, 0 = an eighth of the heap",
            "How many bytes all clients together make the server hold: messages whose end has not come, echoes and answers"
                    + " that are not read. Beyond that the clients that hold most and longest are closed with 1013.");
    static final Setting<Long> LOG_BYTES = Setting.bytes(
            "limits.log-bytes",
            "0",
            0,
            "0",
            1024 * GIB,
            "1024GiB, not less than room.history-bytes, 0 = a quarter of the heap",
            "How many bytes the messages have that memory keeps in all rooms. Beyond that rooms forget what no member"
                    + " needs, first those in which nothing was said for the longest time; if that is not enough, all they"
                    + " keep, first those that keep most.");

    static final Setting<Integer> FAN_OUT_THREADS = Setting.number(
            "fan-out.threads", 0, 0, 256, "threads (0 = as many as processors)", "Threads that run the rooms' turns.");
    static final Setting<Duration> EVENTS_RETRY = Setting.time(
            "events.retry",
            "2s",
            ofMillis(100),
            ofMinutes(5),
            "100ms to 5m",
            "When a client of an event stream comes back whose connection was lost: each is told a random time between half"
                    + " of this and one and a half, so that clients of a server that died do not come all at once.");
    static final Setting<Duration> NOTICE = Setting.time(
            "shutdown.notice",
            "0s",
            Duration.ZERO,
            ofMinutes(5),
            "0s to 5m",
            "How long a shutdown lets new clients in while /health/ready says 503 already, so that load balancers look"
                    + " elsewhere first. Not when nobody is connected.");
    static final Setting<Duration> DRAIN = Setting.time(
            "shutdown.drain",
            "10s",
            Duration.ZERO,
            ofMinutes(10),
            "0s to 10m",
            "Over how long a shutdown spreads the closing of many connections; a few are closed at once, up to a hundred"
                    + " a second.");
    static final Setting<Duration> FLUSH = Setting.time(
            "shutdown.flush",
            "1s",
            Duration.ZERO,
            ofMinutes(1),
            "0s to 1m",
            "How long a shutdown lets frames in flight arrive before it closes the connections with 1001.");
    static final Setting<Duration> GRACE = Setting.time(
            "shutdown.grace",
            "5s",
            Duration.ZERO,
            ofMinutes(5),
            "0s to 5m",
            "How long a shutdown then waits for the connections to go before it cuts them.");

    static final Setting<StatusFor> STATUS_FOR = Setting.choice(
            "status.for",
            StatusFor.LOOPBACK,
            StatusFor.class,
            "Who may read /metrics, and so see something on /status.html: this machine, or everyone. /health/live and /health/ready are for"
                    + " everyone.");
    static final Setting<String> STATUS_HOST =
            new Setting<>("status.host", "127.0.0.1", "as listen.host", "Where to listen for status.port.", Keys::host);
    static final Setting<Integer> STATUS_PORT = Setting.number(
            "status.port",
            0,
            0,
            65535,
            "(0 = none)",
            "A port of its own for /health, /metrics and /status.html, which are then not on listen.port. Only when Parley"
                    + " runs by itself.");
    static final Setting<LogFormat> LOG_FORMAT = Setting.choice(
            "log.format",
            LogFormat.PLAIN,
            LogFormat.class,
            "One line an event, plain or as a JSON object. Only when Parley runs by itself.");

    /** Every setting there is, in the order of the reference. */
    static final List<Setting<?>> ALL = List.of(
            HOST,
            PORT,
            CONTEXT,
            SEND_BUFFER,
            ORIGINS,
            PROXIES,
            PROXY_HEADER,
            CERTIFICATE,
            KEY,
            KEYSTORE,
            KEYSTORE_PASSWORD,
            PROTOCOLS,
            ACCESS,
            SECRET,
            PUBLIC_KEY,
            JWKS,
            JWKS_REFRESH,
            ISSUER,
            AUDIENCE,
            LEEWAY,
            API_KEY,
            HTTP_PUBLISH,
            IN_FLIGHT,
            SEND_DEADLINE,
            PING_INTERVAL,
            IDLE_TIMEOUT,
            CLOSE_TIMEOUT,
            HISTORY,
            HISTORY_BYTES,
            BACKLOG_BYTES,
            SLOW_AFTER,
            WINDOW,
            POLICY,
            LINGER,
            BATCH_BYTES,
            NAMES,
            MEMBERS,
            KEEP,
            KEPT,
            KEPT_BYTES,
            KEPT_AGE,
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
            NATS_NODE_TIMEOUT,
            MESSAGE_BYTES,
            COMMAND_BYTES,
            BACKLOG,
            CONNECTIONS,
            PER_ADDRESS,
            HANDSHAKES,
            HANDSHAKES_PER_ADDRESS,
            REQUESTS_PER_ADDRESS,
            HANDSHAKING,
            HANDSHAKE_TIMEOUT,
            ROOMS,
            ROOMS_PER_CONNECTION,
            COMMANDS,
            BYTES,
            HELD_BYTES,
            LOG_BYTES,
            FAN_OUT_THREADS,
            EVENTS_RETRY,
            NOTICE,
            DRAIN,
            FLUSH,
            GRACE,
            STATUS_FOR,
            STATUS_HOST,
            STATUS_PORT,
            LOG_FORMAT);

    private Keys() {}

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

    private static NatsAddresses servers(Config config, String key) {
        return NatsAddresses.parse(list(config, key));
    }

    private static String matching(String value, String pattern) {
        if (!value.matches(pattern)) {
            throw new IllegalArgumentException();
        }
        return value;
    }

    private static List<String> list(Config config, String key) {
        List<String> parts = config.getValue(key).unwrapped() instanceof List<?>
                ? config.getStringList(key)
                : List.of(config.getString(key).split(","));
        return parts.stream().map(String::strip).filter(part -> !part.isEmpty()).toList();
    }

    private static List<String> networks(Config config, String key) {
        List<String> networks = list(config, key);
        Proxies unused = new Proxies(networks, Proxies.Header.X_FORWARDED_FOR); // says which of them is none
        return networks;
    }

    private static List<String> protocols(Config config, String key) {
        List<String> protocols = list(config, key);
        if (protocols.isEmpty() || !List.of("TLSv1.3", "TLSv1.2").containsAll(protocols)) {
            throw new IllegalArgumentException();
        }
        return protocols;
    }
}

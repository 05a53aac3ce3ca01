package parley.app;

import static java.time.Duration.ofHours;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;

import com.typesafe.config.Config;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import parley.door.Origins;
import parley.door.Proxies;

/**
 * The table of all settings, which is the reference: {@code docs/settings.md} is compared with it. Those of rooms and
 * of where they are kept have tables of their own.
 */
final class Keys {
    private static final long KIB = 1024;
    private static final long MIB = 1024 * KIB;
    private static final long GIB = 1024 * MIB;

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
            "How many bytes the kernel buffers to send to a client: less notices sooner that a client reads slowly,"
                    + " more lets a client far away read faster (a buffer a round trip). Only when Parley runs by"
                    + " itself.");
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
            "Proxies whose word about a client's address counts. Any other client could forge it.",
            Keys::networks);
    static final Setting<Proxies.Header> PROXY_HEADER = Setting.choice(
            "trusted-header",
            Proxies.Header.X_FORWARDED_FOR,
            Proxies.Header.class,
            "The header that trusted proxies set. They must overwrite it: one that is only forwarded lets"
                    + " clients forge their address.");

    static final Setting<String> CERTIFICATE = Setting.text(
            "listen.tls.certificate",
            "a PEM file with the certificate and those between it and the root; none for no TLS",
            "The certificate, read again when the file changes. Only when Parley runs by itself.");
    static final Setting<String> KEY = Setting.text(
            "listen.tls.key",
            "a PEM file with a private key in PKCS #8, SEC 1 or PKCS #1, without a password",
            "The private key of listen.tls.certificate.");
    static final Setting<String> KEYSTORE = Setting.text(
            "listen.tls.keystore",
            "a PKCS #12 file",
            "Certificate and private key in one file, in place of the two above; read again when it changes.");
    static final Setting<String> KEYSTORE_PASSWORD =
            Setting.secret("listen.tls.password", "text", "The password of listen.tls.keystore.");
    static final Setting<List<String>> PROTOCOLS = new Setting<>(
            "listen.tls.protocols",
            "TLSv1.3,TLSv1.2",
            "TLSv1.3, TLSv1.2",
            "The versions of TLS that clients may use.",
            Keys::protocols);

    static final Setting<Integer> REQUESTS_PER_ADDRESS = Setting.number(
            "limits.requests-per-second-per-address",
            200,
            0,
            1_000_000,
            "requests a second, 0 = no limit",
            "HTTP requests for rooms, members and messages a second from one address, and with tokens of one name,"
                    + " with a burst of five times that. Each message of a body with several counts as one. More are"
                    + " refused with 429. Requests with access.api-key have no limit.");

    static final Setting<Integer> IN_FLIGHT = Setting.number(
            "session.in-flight",
            1,
            1,
            64,
            "frames",
            "Frames that may be on their way to one client without being taken. More than 1 works only where the"
                    + " server queues frames itself (standalone, WildFly, GlassFish, Payara, Jetty); Tomcat and"
                    + " Liberty refuse.");
    static final Setting<Duration> SEND_DEADLINE = Setting.time(
            "session.send-deadline",
            "10s",
            ofMillis(100),
            ofMinutes(10),
            "100ms to 10m",
            "How long a frame may stay untaken before the client is closed with 1013: more spares clients on"
                    + " bad lines, less frees their memory sooner.");
    static final Setting<Duration> PING_INTERVAL = Setting.time(
            "session.ping-interval",
            "25s",
            ofMillis(100),
            ofHours(1),
            "100ms to 1h",
            "How often each client is pinged: less notices lost connections sooner and keeps proxies from"
                    + " closing idle ones.");
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
            "How long a closed connection may take to go away before it is cut. Some servers take longer,"
                    + " whatever is set.");

    static final Setting<Switch> COMPRESSION = Setting.choice(
            "session.compression",
            Switch.ON,
            Switch.class,
            "Whether messages are compressed to and from clients that offer permessage-deflate, as browsers do: bytes"
                    + " for CPU. Only when Parley runs by itself; servers have settings of their own.");
    static final Setting<Long> COMPRESSED_FROM = Setting.bytes(
            "session.compressed-from",
            "256B",
            0,
            "0",
            16 * MIB,
            "16MiB",
            "The shortest WebSocket message that is compressed: less saves little for its CPU.");

    static final Setting<Long> MESSAGE_BYTES = Setting.bytes(
            "limits.message-bytes",
            "64KiB",
            1,
            "1B",
            16 * MIB,
            "16MiB",
            "The longest message, text in UTF-8 or binary. A longer one closes the connection with 1009, or"
                    + " is answered with too-large in JSON.");
    static final Setting<Long> COMMAND_BYTES = Setting.bytes(
            "limits.command-bytes",
            "256KiB",
            1,
            "1B",
            64 * MIB,
            "64MiB, not less than limits.message-bytes",
            "The longest WebSocket message of a JSON client, which may hold several commands. A longer one"
                    + " closes the connection with 1009.");
    static final Setting<Long> BACKLOG = Setting.bytes(
            "limits.backlog",
            "1MiB",
            1,
            "1B",
            GIB,
            "1GiB, not less than limits.message-bytes",
            "Bytes of echoes, or of answers to JSON commands, that may wait for a client to read. A client"
                    + " that goes on sending is closed with 1013.");
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
            "TCP connections at once that have not made a handshake, such as browsers that read the page. The"
                    + " oldest is closed for one more. Only when Parley runs by itself.");
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
            "Rooms at once. A client that would make one more is closed with 1013, or answered with"
                    + " too-many-rooms in JSON.");
    static final Setting<Integer> ROOMS_PER_CONNECTION = Setting.number(
            "limits.rooms-per-connection",
            100,
            1,
            10_000,
            "rooms",
            "Rooms that one JSON client may be in at once; one more is answered with too-many-rooms.");
    static final Setting<Integer> WATCHED_ROOMS = Setting.number(
            "limits.watched-rooms",
            1000,
            1,
            10_000,
            "rooms",
            "Rooms that one client may watch without being in them, each pattern counted as one; more are answered"
                    + " with too-many-rooms, and of those that fit a pattern the rest is left out.");
    static final Setting<Integer> WATCHED_ROOMS_IN_ALL = Setting.number(
            "limits.watched-rooms-in-all",
            200_000,
            1,
            100_000_000,
            "rooms, not less than limits.watched-rooms",
            "Rooms that all clients may watch together, a room counted once for each of them; about 300 bytes of"
                    + " memory each.");
    static final Setting<Integer> COMMANDS = Setting.number(
            "limits.commands-per-second",
            1000,
            0,
            1_000_000,
            "commands a second, 0 = no limit",
            "Commands a second of one connection (in plain text each message is one), with a burst of five"
                    + " times that. More are not carried out, and a client that keeps on for 5s is closed with 1008.");
    static final Setting<Long> BYTES = Setting.bytes(
            "limits.bytes-per-second",
            "1MiB",
            0,
            "0",
            GIB,
            "1GiB, not less than limits.command-bytes, 0 = no limit",
            "Bytes a second of messages and commands from one connection in rooms, and of what its compressed messages"
                    + " become on /echo too, with a burst of five times that. Beyond that commands are treated as with"
                    + " limits.commands-per-second.");
    static final Setting<Long> HELD_BYTES = Setting.bytes(
            "limits.held-bytes",
            "0",
            0,
            "0",
            1024 * GIB,
            "1024GiB, not less than limits.command-bytes, 0 = an eighth of the heap",
            "Bytes that all clients together make the server hold: unfinished messages, and echoes and"
                    + " answers that are not read. Beyond that the clients that hold most and longest are closed with"
                    + " 1013.");
    static final Setting<Long> LOG_BYTES = Setting.bytes(
            "limits.log-bytes",
            "0",
            0,
            "0",
            1024 * GIB,
            "1024GiB, not less than room.history-bytes, 0 = a quarter of the heap",
            "Bytes of the messages that memory keeps in all rooms. Beyond that rooms forget messages that no"
                    + " member needs, first the rooms in which nothing was published for the longest time; if that is"
                    + " not enough, all they keep, first the rooms that keep most.");

    static final Setting<Integer> FAN_OUT_THREADS = Setting.number(
            "fan-out.threads",
            0,
            0,
            256,
            "threads (0 = as many as processors)",
            "Threads that run the rooms' turns, which send to members.");
    static final Setting<Duration> EVENTS_RETRY = Setting.time(
            "events.retry",
            "2s",
            ofMillis(100),
            ofMinutes(5),
            "100ms to 5m",
            "When a client of an event stream comes back whose connection was lost: each receives a random time"
                    + " between half of this and one and a half, so that clients of a server that died do not come"
                    + " all at once.");
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
            "The time over which a shutdown spreads the closing of many connections: more is gentler on the"
                    + " servers that they come back to. Up to a hundred are closed at once each second.");
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
            "Which clients may read /metrics, which /status.html shows: this machine's, or all. /health/live and"
                    + " /health/ready are for everyone.");
    static final Setting<String> STATUS_HOST =
            new Setting<>("status.host", "127.0.0.1", "as listen.host", "Where to listen for status.port.", Keys::host);
    static final Setting<Integer> STATUS_PORT = Setting.number(
            "status.port",
            0,
            0,
            65535,
            "(0 = none)",
            "A port of its own for /health, /metrics and /status.html, which are then not on listen.port. Only when"
                    + " Parley runs by itself.");
    static final Setting<String> HTTP_HOST =
            new Setting<>("http.host", "127.0.0.1", "as listen.host", "Where to listen for http.port.", Keys::host);
    static final Setting<Integer> HTTP_PORT = Setting.number(
            "http.port",
            0,
            0,
            65535,
            "(0 = none)",
            "A port of its own for all that docs/http.md describes, which is then not on listen.port: for backends"
                    + " alone. Pages that read event streams, or fall back from WebSocket, need it on listen.port. Only"
                    + " when Parley runs by itself.");
    static final Setting<LogFormat> LOG_FORMAT = Setting.choice(
            "log.format",
            LogFormat.PLAIN,
            LogFormat.class,
            "The format of the log, a line for each event: plain, or a JSON object. Only when Parley runs by"
                    + " itself.");

    /** Every setting there is, in the order of the reference. */
    static final List<Setting<?>> ALL = Stream.of(
                    List.<Setting<?>>of(
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
                            PROTOCOLS),
                    AccessKeys.ALL,
                    List.<Setting<?>>of(
                            IN_FLIGHT,
                            SEND_DEADLINE,
                            PING_INTERVAL,
                            IDLE_TIMEOUT,
                            CLOSE_TIMEOUT,
                            COMPRESSION,
                            COMPRESSED_FROM),
                    RoomKeys.ALL,
                    StorageKeys.ALL,
                    List.<Setting<?>>of(
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
                            WATCHED_ROOMS,
                            WATCHED_ROOMS_IN_ALL,
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
                            HTTP_HOST,
                            HTTP_PORT,
                            LOG_FORMAT))
            .<Setting<?>>flatMap(List::stream)
            .toList();

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

    static List<String> list(Config config, String key) {
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

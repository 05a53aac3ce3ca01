package parley.bench;

import java.util.Locale;

/** What a measurement tells. */
enum Metric {
    CPU("CPU", "us", "server CPU a delivery (user and system)"),
    MEMBER_CPU("CPU a member", "us/s", "server CPU a member and second (user and system)"),
    EVENTS("events", "/s", "events of presence a member and second"),
    EVENT_BYTES("bytes", "KB/s", "bytes of these a member and second"),
    NATS_CPU("NATS's CPU", "us", "CPU of NATS a delivery"),
    BOTH_CPU("both", "us", "CPU of Parley and NATS a delivery"),
    MESSAGE_CPU("CPU a message", "us", "server CPU a message that was published (user and system)"),
    WIRE("bytes", "B", "bytes on the wire a delivery"),
    RATE("deliveries", "/s", "deliveries a second"),
    SENT("messages", "/s", "messages sent a second"),
    RATIO("delivered", "%", "of what the messages sent should have made, how much arrived"),
    P50("p50", "us", "latency"),
    P90("p90", "us", "latency"),
    P99("p99", "us", "latency"),
    P999("p99.9", "us", "latency"),
    MAX("max", "us", "latency"),
    HANDSHAKES("handshakes", "/s", "handshakes a second"),
    HANDSHAKE_CPU("CPU a handshake", "us", "server CPU a handshake"),
    CONNECTION_RSS("resident", "KB each", "resident memory a connection"),
    CONNECTION_HEAP("live heap", "KB each", "live heap a connection, after a collection"),
    CLIENT_RSS("resident", "KB each", "resident memory of a client"),
    CLIENT_HEAP("live heap", "KB each", "live heap of a client, after a collection"),
    CLIENTS("clients", "/s", "clients let into the room a second"),
    THREADS("threads", "", "threads of the clients' JVM, all that it has"),
    PEAK_THREADS("most threads", "", "the same while messages are said"),
    ODD("odd", "", "messages that came twice or in another order"),
    IDLE_CPU("CPU", "%", "of a core while all connections are idle"),
    JOINS("joins", "/s", "joins a second"),
    RSS("resident", "MB", "resident memory of the server"),
    CLOSED("closed", "", "connections that the server ended"),
    LOST("lost", "", "times a sender gave up waiting for its own message"),
    LOAD("load", "%", "of its core, used by the load generator");

    final String title;
    final String unit;
    final String meaning;

    Metric(String title, String unit, String meaning) {
        this.title = title;
        this.unit = unit;
        this.meaning = meaning;
    }

    /** Three digits that count, and no more than that. */
    static String format(double value) {
        double size = Math.abs(value);
        if (size >= 1000) {
            return String.format(Locale.ROOT, "%,.0f", value);
        }
        if (size >= 100 || size == Math.rint(size)) {
            return String.format(Locale.ROOT, "%.0f", value);
        }
        if (size >= 10) {
            return String.format(Locale.ROOT, "%.1f", value);
        }
        return String.format(Locale.ROOT, size >= 1 ? "%.2f" : "%.3f", value);
    }
}

package parley.bench;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** How a server is spoken to: addresses, subprotocol, what is sent first, what a message looks like. */
enum Dialect {
    /** A text frame is a message, and arrives as it was sent. */
    PLAIN(null, false),
    /** {@code parley.v1.json}. */
    JSON("parley.v1.json", false),
    /** The same, with compression offered as browsers do; what is sent is not compressed. */
    DEFLATE("parley.v1.json", false),
    /** The same for senders, and event streams for those that read alone. */
    EVENTS("parley.v1.json", false),
    /** {@code parley.v1.json}, with a state in place of each message. */
    STATES("parley.v1.json", false) {
        @Override
        String before(String room, int length) {
            return "{\"type\":\"state\",\"room\":\"" + room + "\",\"state\":{\"x\":\"";
        }

        @Override
        String after() {
            return "\"}}";
        }
    },
    /** The same with a name. */
    RENAMES("parley.v1.json", false) {
        @Override
        String before(String room, int length) {
            return "{\"type\":\"rename\",\"name\":\"";
        }
    },
    /** The same with a piece of one message in place of each message: the first of its room. */
    PIECES("parley.v1.json", false) {
        @Override
        String hello(String room) {
            return "{\"type\":\"say\",\"room\":\"" + room + "\",\"text\":\"\",\"final\":false}";
        }

        @Override
        String before(String room, int length) {
            return "{\"type\":\"append\",\"room\":\"" + room + "\",\"seq\":1,\"text\":\"";
        }
    },
    /** A request of HTTP for each message: {@link Requests}. */
    REQUESTS(null, false),
    /** A publication to a stream of JetStream in memory for each message: {@link Requests}. */
    JETSTREAM(null, false),
    /** The same to a stream in files. */
    JETSTREAM_DISK(null, false),
    /** The NATS protocol over WebSocket: a room is a subject. */
    NATS(null, true) {
        @Override
        String hello(String room) {
            return "CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":true}\r\nSUB " + room + " 1\r\n";
        }

        @Override
        String before(String room, int length) {
            return "PUB " + room + " " + length + "\r\n";
        }

        @Override
        String after() {
            return "\r\n";
        }
    };

    final @Nullable String subprotocol;
    final boolean binary;

    Dialect(@Nullable String subprotocol, boolean binary) {
        this.subprotocol = subprotocol;
        this.binary = binary;
    }

    /** What a client sends when it is connected. */
    String hello(String room) {
        return "";
    }

    /** What stands before the text of a message. */
    String before(String room, int length) {
        return subprotocol == null ? "" : "{\"type\":\"say\",\"room\":\"" + room + "\",\"text\":\"";
    }

    /** What stands behind it. */
    String after() {
        return subprotocol == null ? "" : "\"}";
    }

    /** Asks for a room as an event stream. */
    static byte[] stream(String room, int port) {
        return ("GET /rooms/" + room + "/events HTTP/1.1\r\nHost: 127.0.0.1:" + port + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
    }

    /** The key is the one of RFC 6455 for everybody: the bound answers with its counterpart and computes nothing. */
    byte[] handshake(String path, int port) {
        String asked = (subprotocol == null ? "" : "Sec-WebSocket-Protocol: " + subprotocol + "\r\n")
                + (this == DEFLATE ? "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n" : "");
        return ("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + port
                        + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" + asked
                        + "\r\n")
                .getBytes(StandardCharsets.US_ASCII);
    }
}

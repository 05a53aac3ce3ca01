package parley.testclient;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import javax.net.ssl.SSLSocketFactory;

/**
 * Reads an event stream by hand over a socket, as browsers do (WHATWG HTML section 9.2), compressed or not, and can stop
 * reading, or reset. Every read has a time limit.
 */
public final class EventReader implements AutoCloseable {
    private static final int PATIENCE_MILLIS = 20_000;
    private static final String HERE = "127.0.0.1";

    /** Closed past TLS, which would wait until the other end has closed it too. */
    private final Socket tcp;

    private final InputStream in;
    private final int status;
    private final Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    /** What is in the body, without chunks and compression. */
    private final InputStream content;

    private int comments;
    private String lastLine = "";

    /**
     * An event.
     *
     * @param id empty when it had none
     * @param retry empty when it had none
     */
    public record Event(String id, String type, String data, String retry) {
        /** The type, and the id where there is one. */
        @Override
        public String toString() {
            return type + (id.isEmpty() ? "" : " " + id);
        }
    }

    private EventReader(Layer layer, Place place, String request) throws IOException {
        tcp = new Socket();
        if (place.receiveBuffer > 0) {
            tcp.setReceiveBufferSize(place.receiveBuffer);
        }
        tcp.setSoTimeout(PATIENCE_MILLIS);
        tcp.bind(new InetSocketAddress(place.from, 0));
        tcp.connect(new InetSocketAddress(HERE, place.port), PATIENCE_MILLIS);
        Socket socket = layer.over(tcp);
        socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
        in = new BufferedInputStream(socket.getInputStream());
        status = Integer.parseInt(rawLine().split(" ")[1]);
        for (String line = rawLine(); !line.isEmpty(); line = rawLine()) {
            String[] parts = line.split(": *", 2);
            headers.put(parts[0], parts[1]);
        }
        boolean isChunked = header("Transfer-Encoding").toLowerCase(Locale.ROOT).contains("chunked");
        InputStream body = isChunked ? new Chunks() : in;
        content = header("Content-Encoding").equals("gzip") ? new Inflated(body) : body;
    }

    /** What goes over a TCP connection: itself, or TLS. */
    private interface Layer {
        Socket over(Socket tcp) throws IOException;

        static Layer of(SSLSocketFactory tls, int port) {
            return tcp -> tls.createSocket(tcp, HERE, port, true);
        }
    }

    /**
     * From where to where a connection goes.
     *
     * @param from the client's address, one of this machine's
     * @param receiveBuffer in bytes; 0 for the system's
     */
    private record Place(String from, int port, int receiveBuffer) {}

    /** A body in chunks (RFC 9112 section 7.1). A read returns what is there, and waits only when that is nothing. */
    private final class Chunks extends InputStream {
        private int leftOfChunk;
        private boolean isOver;

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            if (leftOfChunk == 0 && !isOver) {
                String size = rawLine();
                leftOfChunk = Integer.parseInt(size.isEmpty() ? rawLine() : size, 16);
                isOver = leftOfChunk == 0;
            }
            if (isOver) {
                return -1;
            }
            int count = in.read(bytes, offset, Math.min(length, leftOfChunk));
            if (count < 0) {
                throw new EOFException("cut in a chunk");
            }
            leftOfChunk -= count;
            return count;
        }
    }

    /** Begins with the first byte that is read: what is compressed has no beginning before there is something in it. */
    private static final class Inflated extends InputStream {
        private final InputStream compressed;
        private GZIPInputStream plain;

        Inflated(InputStream compressed) {
            this.compressed = compressed;
        }

        private InputStream plain() throws IOException {
            if (plain == null) {
                plain = new GZIPInputStream(compressed);
            }
            return plain;
        }

        @Override
        public int read() throws IOException {
            return plain().read();
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            return plain().read(bytes, offset, length);
        }
    }

    /** Asks for a stream. */
    public static EventReader open(int port, String target, String... lines) throws IOException {
        return ask(port, "GET", target, "HTTP/1.1", 0, lines);
    }

    /** The same with a receive buffer of that many bytes. */
    public static EventReader slow(int port, String target, int receiveBuffer) throws IOException {
        return ask(port, "GET", target, "HTTP/1.1", receiveBuffer);
    }

    /** The same in words of the test's own. */
    public static EventReader ask(
            int port, String method, String target, String protocol, int receiveBuffer, String... lines)
            throws IOException {
        Place place = new Place(HERE, port, receiveBuffer);
        return ask(tcp -> tcp, place, method + " " + target + " " + protocol, lines);
    }

    /** Asks for a stream over TLS, from an address of this machine. */
    public static EventReader from(String address, SSLSocketFactory tls, int port, String target, String... lines)
            throws IOException {
        return ask(Layer.of(tls, port), new Place(address, port, 0), "GET " + target + " HTTP/1.1", lines);
    }

    /** The same from 127.0.0.1, with a receive buffer of that many bytes. */
    public static EventReader slow(SSLSocketFactory tls, int port, String target, int receiveBuffer)
            throws IOException {
        return ask(Layer.of(tls, port), new Place(HERE, port, receiveBuffer), "GET " + target + " HTTP/1.1");
    }

    private static EventReader ask(Layer layer, Place place, String request, String... lines) throws IOException {
        StringBuilder head =
                new StringBuilder(request + "\r\nHost: localhost:" + place.port + "\r\nAccept: text/event-stream\r\n");
        Stream.of(lines).forEach(line -> head.append(line).append("\r\n"));
        return new EventReader(layer, place, head.append("\r\n").toString());
    }

    public int status() {
        return status;
    }

    /** What a header says; empty when there is none. */
    public String header(String name) {
        return headers.getOrDefault(name, "");
    }

    /** How many comments have been passed over so far. */
    public int comments() {
        return comments;
    }

    /** The next event; fails at the end of the stream. */
    public Event next() throws IOException {
        Event event = nextOrEnd();
        if (event == null) {
            throw new EOFException("the stream is over after " + comments + " comments");
        }
        return event;
    }

    /** The next event of that type. */
    public Event next(String type) throws IOException {
        Event event = next();
        while (!event.type.equals(type)) {
            event = next();
        }
        return event;
    }

    /** The ids of as many messages, whatever comes between. */
    public List<String> messages(int count) throws IOException {
        List<String> ids = new ArrayList<>();
        while (ids.size() < count) {
            ids.add(next("message").id);
        }
        return ids;
    }

    /** All that comes before the end, in short. */
    public List<String> toEnd() throws IOException {
        List<String> all = new ArrayList<>();
        for (Event event = nextOrEnd(); event != null; event = nextOrEnd()) {
            all.add(event.toString());
        }
        return all;
    }

    /** Reads on until a comment comes. */
    public void awaitComment() throws IOException {
        int before = comments;
        while (comments == before) {
            String line = line();
            if (line == null) {
                throw new EOFException("the stream is over after " + comments + " comments");
            }
            count(line);
        }
    }

    private void count(String line) {
        if (line.startsWith(":")) {
            comments++;
        }
    }

    /** Null at the end. */
    private Event nextOrEnd() throws IOException {
        String id = "";
        String type = "message";
        String retry = "";
        StringBuilder data = new StringBuilder();
        for (String line = line(); line != null; line = line()) {
            count(line);
            if (line.isEmpty()) {
                if (data.length() > 0) {
                    return new Event(id, type, data.substring(1), retry);
                }
            } else if (line.startsWith("id: ")) {
                id = line.substring(4);
            } else if (line.startsWith("event: ")) {
                type = line.substring(7);
            } else if (line.startsWith("retry: ")) {
                retry = line.substring(7);
            } else if (line.startsWith("data: ")) {
                data.append('\n').append(line.substring(6));
            } else if (!line.startsWith(":")) {
                throw new IOException("no line of an event stream: " + line);
            }
        }
        return null;
    }

    /** The rest of a body that is no stream. */
    public String body() throws IOException {
        StringBuilder body = new StringBuilder();
        int length = Integer.parseInt(headers.getOrDefault("Content-Length", "-1"));
        for (int read = 0; length < 0 || read < length; read++) {
            int next = content.read();
            if (next < 0) {
                break;
            }
            body.append((char) next);
        }
        return body.toString();
    }

    private String line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int next = content.read(); next >= 0; next = content.read()) {
            if (next == '\n') {
                lastLine = line.toString(StandardCharsets.UTF_8);
                return lastLine;
            }
            line.write(next);
        }
        return null;
    }

    private String rawLine() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next = in.read(); next != '\n'; next = in.read()) {
            if (next < 0) {
                throw new EOFException(
                        "cut after '" + line + "', headers " + headers + ", last line '" + lastLine + "'");
            }
            line.append((char) next);
        }
        return line.toString().strip();
    }

    /** Closes with a reset, as a process does that is killed with something unread. */
    public void reset() throws IOException {
        tcp.setSoLinger(true, 0);
        tcp.close();
    }

    @Override
    public void close() throws IOException {
        tcp.close();
    }
}

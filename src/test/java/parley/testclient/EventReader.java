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

/**
 * Reads an event stream by hand over a socket, as browsers do (WHATWG HTML section 9.2), and can stop reading, or
 * reset. Every read has a time limit.
 */
public final class EventReader implements AutoCloseable {
    private static final int PATIENCE_MILLIS = 20_000;

    private final Socket socket;
    private final InputStream in;
    private final int status;
    private final Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    private final boolean isChunked;
    private int leftOfChunk;
    private boolean isOver;
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

    private EventReader(int port, String request, int receiveBuffer) throws IOException {
        socket = new Socket();
        if (receiveBuffer > 0) {
            socket.setReceiveBufferSize(receiveBuffer);
        }
        socket.setSoTimeout(PATIENCE_MILLIS);
        socket.connect(new InetSocketAddress("127.0.0.1", port), PATIENCE_MILLIS);
        socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
        in = new BufferedInputStream(socket.getInputStream());
        status = Integer.parseInt(rawLine().split(" ")[1]);
        for (String line = rawLine(); !line.isEmpty(); line = rawLine()) {
            String[] parts = line.split(": *", 2);
            headers.put(parts[0], parts[1]);
        }
        isChunked = headers.getOrDefault("Transfer-Encoding", "")
                .toLowerCase(Locale.ROOT)
                .contains("chunked");
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
        StringBuilder request = new StringBuilder(method + " " + target + " " + protocol + "\r\nHost: localhost:" + port
                + "\r\nAccept: text/event-stream\r\n");
        Stream.of(lines).forEach(line -> request.append(line).append("\r\n"));
        return new EventReader(port, request.append("\r\n").toString(), receiveBuffer);
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
            int next = isChunked ? unchunked() : in.read();
            if (next < 0) {
                break;
            }
            body.append((char) next);
        }
        return body.toString();
    }

    private String line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int next = unchunked(); next >= 0; next = unchunked()) {
            if (next == '\n') {
                lastLine = line.toString(StandardCharsets.UTF_8);
                return lastLine;
            }
            line.write(next);
        }
        return null;
    }

    private int unchunked() throws IOException {
        if (!isChunked) {
            return in.read();
        }
        if (leftOfChunk == 0 && !isOver) {
            String size = rawLine();
            leftOfChunk = Integer.parseInt(size.isEmpty() ? rawLine() : size, 16);
            isOver = leftOfChunk == 0;
        }
        if (isOver) {
            return -1;
        }
        leftOfChunk--;
        int next = in.read();
        if (next < 0) {
            throw new EOFException("cut in a chunk");
        }
        return next;
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
        socket.setSoLinger(true, 0);
        socket.close();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}

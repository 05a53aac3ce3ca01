package parley.standalone;

import java.io.EOFException;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.glassfish.grizzly.Buffer;
import org.glassfish.grizzly.CloseListener;
import org.glassfish.grizzly.Connection;
import org.glassfish.grizzly.EmptyCompletionHandler;
import org.glassfish.grizzly.IOEvent;
import org.glassfish.grizzly.WriteResult;
import org.glassfish.grizzly.filterchain.BaseFilter;
import org.glassfish.grizzly.filterchain.FilterChain;
import org.glassfish.grizzly.filterchain.FilterChainContext;
import org.glassfish.grizzly.filterchain.NextAction;
import org.glassfish.grizzly.http.Protocol;
import org.glassfish.grizzly.http.server.Request;
import org.glassfish.grizzly.http.server.Response;
import org.glassfish.grizzly.memory.Buffers;
import org.glassfish.grizzly.nio.NIOConnection;
import org.glassfish.grizzly.nio.NIOTransport;
import parley.delivery.Transport;

/**
 * Connections whose answer goes on: each leaves HTTP as those of WebSocket do, so that all readers at the same place in
 * a room are written the same bytes. Here end their chains; what a client sends behind its request is thrown away, and
 * reading on tells at once when it goes. Called by the selectors.
 */
final class StreamLines extends BaseFilter {
    /** RFC 9110 section 5.6.7. */
    private static final DateTimeFormatter DATE = DateTimeFormatter.ofPattern(
                    "EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.US)
            .withZone(ZoneOffset.UTC);

    private final int sendBuffer;
    /** For each chain of HTTP the one that its connections change to. */
    private final Map<FilterChain, FilterChain> chains = new ConcurrentHashMap<>();

    /**
     * Makes the end of their chains.
     *
     * @param sendBuffer how many bytes the kernel takes for a client
     */
    StreamLines(int sendBuffer) {
        this.sendBuffer = sendBuffer;
    }

    /** Answers a request, which is suspended: in chunks, or until the connection is closed for a client of HTTP/1.0. */
    Transport open(Request request, Response response, Map<String, String> headers, Consumer<Throwable> onGone) {
        Connection<SocketAddress> tcp = tcp(request.getContext().getConnection());
        boolean isChunked = request.getProtocol() == Protocol.HTTP_1_1;
        headers.forEach(response::setHeader);
        String head = head(response, isChunked);
        LineTransport.boundSendBuffer(tcp, sendBuffer);
        tcp.setProcessor(chains.computeIfAbsent(
                request.getContext().getFilterChain(), http -> FrameFilter.withoutHttp(http, this)));
        readOn((NIOConnection) (Connection<?>) tcp, () -> true);
        LineTransport.Way way = LineTransport.Way.to(tcp, request.isSecure());
        write(way, head.getBytes(StandardCharsets.ISO_8859_1), () -> {});
        tcp.addCloseListener(
                (CloseListener<?, ?>) (closed, how) -> onGone.accept(new EOFException("the client has gone")));
        return new LineTransport(
                tcp,
                way,
                isChunked ? LineTransport.Form.CHUNKS : LineTransport.Form.BODY,
                (code, lastWords) -> end(tcp, way, isChunked, lastWords));
    }

    @SuppressWarnings("unchecked") // of TCP, as all are here
    private static Connection<SocketAddress> tcp(Connection<?> connection) {
        return (Connection<SocketAddress>) connection;
    }

    private static String head(Response response, boolean isChunked) {
        StringBuilder head = new StringBuilder("HTTP/1.1 200 OK\r\nDate: ")
                .append(DATE.format(Instant.now()))
                .append("\r\nConnection: close\r\n");
        if (isChunked) {
            head.append("Transfer-Encoding: chunked\r\n");
        }
        if (response.getContentType() != null) {
            head.append("Content-Type: ").append(response.getContentType()).append("\r\n");
        }
        for (String name : response.getHeaderNames()) {
            if (!name.equalsIgnoreCase("Content-Type")) {
                head.append(name).append(": ").append(response.getHeader(name)).append("\r\n");
            }
        }
        return head.append("\r\n").toString();
    }

    /**
     * Has the selector go on reading. Behind what it does right now: when it has suspended the request it stops.
     *
     * @param isToBe asked by the selector
     */
    static void readOn(NIOConnection tcp, BooleanSupplier isToBe) {
        ((NIOTransport) tcp.getTransport())
                .getSelectorHandler()
                .enque(
                        tcp.getSelectorRunner(),
                        () -> {
                            if (tcp.isOpen() && isToBe.getAsBoolean()) {
                                tcp.enableIOEvent(IOEvent.READ);
                            }
                            return true;
                        },
                        null);
    }

    private static void end(Connection<SocketAddress> tcp, LineTransport.Way way, boolean isChunked, String lastWords) {
        if (tcp.isOpen()) {
            // Never nothing: it is closed when what was written before has gone, and this behind it.
            String words = lastWords.isEmpty() ? ":\n" : lastWords;
            byte[] bytes = words.getBytes(StandardCharsets.UTF_8);
            String size = Integer.toHexString(bytes.length);
            String chunks = size + "\r\n" + words + "\r\n0\r\n\r\n"; // RFC 9112 section 7.1
            write(way, isChunked ? chunks.getBytes(StandardCharsets.UTF_8) : bytes, tcp::closeSilently);
        }
    }

    private static void write(LineTransport.Way way, byte[] bytes, Runnable then) {
        way.write(Buffers.wrap(null, bytes), new EmptyCompletionHandler<WriteResult<Buffer, SocketAddress>>() {
            @Override
            public void completed(WriteResult<Buffer, SocketAddress> result) {
                then.run();
            }

            @Override
            public void failed(Throwable cause) {
                then.run();
            }
        });
    }

    @Override
    public NextAction handleRead(FilterChainContext ctx) {
        Buffer bytes = ctx.getMessage();
        bytes.tryDispose();
        return ctx.getStopAction();
    }
}

package parley.bench;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.HdrHistogram.Histogram;

/**
 * The clients of one measurement that publish over HTTP: each sends a request, and the next when that has been answered.
 * For one thread.
 */
final class Requests implements AutoCloseable {
    private static final int LONGEST_ANSWER = 16 << 10;
    private static final long LONGEST_LATENCY = TimeUnit.MINUTES.toNanos(2);
    private static final Pattern LENGTH = Pattern.compile("\r\ncontent-length: *(\\d+)\r\n");

    private final InetSocketAddress server;
    private final Selector selector = Selector.open();
    private final Consumer<SelectionKey> ready = this::ready;
    private final List<Client> clients = new ArrayList<>();
    private final Histogram latency = new Histogram(1000, LONGEST_LATENCY, 3);

    private long from = Long.MAX_VALUE;
    private long to = Long.MAX_VALUE;
    private long answers;
    private String complaint = "";

    /** One client: its connection is another one when the server has ended the last. */
    private static final class Client {
        final ByteBuffer request;
        final ByteBuffer in = ByteBuffer.allocate(LONGEST_ANSWER);
        SocketChannel channel;
        long sentAt;

        Client(ByteBuffer request, SocketChannel channel) {
            this.request = request;
            this.channel = channel;
        }
    }

    Requests(Scenario scenario, int port) throws IOException {
        server = new InetSocketAddress("127.0.0.1", port);
        for (int i = 0; i < scenario.senders(); i++) {
            String body = "{\"text\":\"" + "x".repeat(scenario.size()) + "\"}";
            String request = "POST /rooms/" + Scenario.roomName(scenario.roomOf(i)) + "/messages HTTP/1.1\r\nHost: "
                    + "127.0.0.1:" + port + "\r\nContent-Type: application/json\r\nContent-Length: " + body.length()
                    + "\r\n\r\n" + body;
            byte[] bytes = request.getBytes(StandardCharsets.US_ASCII);
            Client client = new Client(
                    ByteBuffer.allocateDirect(bytes.length).put(bytes).flip(), SocketChannel.open());
            clients.add(client);
            connect(client);
        }
    }

    private void connect(Client client) throws IOException {
        client.channel.configureBlocking(false);
        client.channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        client.channel.register(selector, SelectionKey.OP_CONNECT, client);
        if (client.channel.connect(server)) {
            begin(client);
        }
    }

    private void begin(Client client) throws IOException {
        client.channel.keyFor(selector).interestOps(SelectionKey.OP_READ);
        send(client);
    }

    /** What is sent is so little that a socket takes it as a whole. */
    private static void send(Client client) throws IOException {
        client.sentAt = System.nanoTime();
        client.channel.write(client.request.rewind());
        if (client.request.hasRemaining()) {
            throw new IOException("a request was not taken as a whole");
        }
    }

    /** Counts the answers that come from now on, for so long. */
    void count(long nanos) {
        from = System.nanoTime();
        to = from + nanos;
    }

    /** Sends and reads for so long. */
    void talk(long nanos) throws IOException {
        long end = System.nanoTime() + nanos;
        while (System.nanoTime() < end) {
            selector.select(ready, 1);
            if (!complaint.isEmpty()) {
                throw new IOException(complaint);
            }
        }
    }

    private void ready(SelectionKey key) {
        Client client = (Client) key.attachment();
        try {
            if (key.isConnectable()) {
                client.channel.finishConnect();
                begin(client);
            } else if (client.channel.read(client.in) < 0) {
                reconnect(client); // as servers do after some hundred requests; what has no answer is sent again
            } else {
                read(client);
            }
        } catch (IOException e) {
            complaint = e.toString();
        }
    }

    private void reconnect(Client client) throws IOException {
        client.channel.close();
        client.in.clear();
        client.channel = SocketChannel.open();
        connect(client);
    }

    private void read(Client client) throws IOException {
        String answer = new String(client.in.array(), 0, client.in.position(), StandardCharsets.ISO_8859_1);
        int body = answer.indexOf("\r\n\r\n") + 4;
        if (body < 4) {
            return;
        }
        String head = answer.substring(0, body).toLowerCase(Locale.ROOT);
        if (!head.startsWith("http/1.1 201")) {
            throw new IOException("refused: " + answer.lines().findFirst().orElse(""));
        }
        Matcher length = LENGTH.matcher(head);
        boolean isWhole = length.find()
                ? answer.length() - body >= Integer.parseInt(length.group(1))
                : answer.endsWith("\r\n0\r\n\r\n");
        if (!isWhole) {
            return;
        }
        long now = System.nanoTime();
        if (now >= from && now < to) {
            answers++;
            latency.recordValue(Math.min(now - client.sentAt, LONGEST_LATENCY));
        }
        client.in.clear();
        if (head.contains("\r\nconnection: close\r\n")) {
            reconnect(client);
        } else {
            send(client);
        }
    }

    /** How many messages were kept, in the time counted. */
    long answers() {
        return answers;
    }

    Histogram latency() {
        return latency;
    }

    @Override
    public void close() throws IOException {
        for (Client client : clients) {
            client.channel.close();
        }
        selector.close();
    }
}

package parley.bench;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.HdrHistogram.Histogram;

/**
 * The clients of one measurement that publish by requests: each sends one, and the next when that has been answered.
 * For one thread.
 */
final class Requests implements AutoCloseable {
    private static final int LONGEST_ANSWER = 16 << 10;
    private static final long LONGEST_LATENCY = TimeUnit.MINUTES.toNanos(2);

    private final InetSocketAddress server;
    private final Publishing publishing;
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
        final ByteBuffer hello;
        final ByteBuffer request;
        final ByteBuffer in = ByteBuffer.allocate(LONGEST_ANSWER);
        SocketChannel channel;
        long sentAt;

        Client(ByteBuffer hello, ByteBuffer request, SocketChannel channel) {
            this.hello = hello;
            this.request = request;
            this.channel = channel;
        }
    }

    Requests(Scenario scenario, int port, Publishing publishing) throws IOException {
        server = new InetSocketAddress("127.0.0.1", port);
        this.publishing = publishing;
        for (int i = 0; i < scenario.senders(); i++) {
            String room = Scenario.roomName(scenario.roomOf(i));
            ByteBuffer hello = direct(publishing.hello(i));
            ByteBuffer request = direct(publishing.request(i, room, scenario.size()));
            Client client = new Client(hello, request, SocketChannel.open());
            clients.add(client);
            connect(client);
        }
    }

    private static ByteBuffer direct(byte[] bytes) {
        return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
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
        write(client, client.hello);
        send(client);
    }

    private static void send(Client client) throws IOException {
        client.sentAt = System.nanoTime();
        write(client, client.request);
    }

    /** What is sent is so little that a socket takes it as a whole. */
    private static void write(Client client, ByteBuffer bytes) throws IOException {
        client.channel.write(bytes.rewind());
        if (bytes.hasRemaining()) {
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
        Publishing.Heard heard = publishing.read(client.in.flip(), client.channel);
        client.in.compact();
        if (heard == Publishing.Heard.NOTHING) {
            if (!client.in.hasRemaining()) {
                throw new IOException("an answer longer than " + LONGEST_ANSWER + " bytes");
            }
            return;
        }
        long now = System.nanoTime();
        if (now >= from && now < to) {
            answers++;
            latency.recordValue(Math.min(now - client.sentAt, LONGEST_LATENCY));
        }
        if (heard == Publishing.Heard.KEPT_AND_ENDS) {
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

package parley.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** The clients of one measurement: all connections, what they send, and the count of what comes. For one thread. */
final class Load implements AutoCloseable, Marks.Sink {
    static final int LONGEST_FRAME = 4 << 20;

    private static final int ONE_READ = 256 << 10;
    private static final int AT_ONCE = 100;
    private static final long OPENING_NANOS = TimeUnit.SECONDS.toNanos(60);
    /** A sender in a closed loop whose message is lost would wait for ever. */
    private static final long LOST_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final long STAY_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long LONGEST_LATENCY = TimeUnit.MINUTES.toNanos(2);
    private static final long NANOS_A_MILLI = TimeUnit.MILLISECONDS.toNanos(1);
    private static final int FROZEN_BUFFER = 8192;
    private static final byte[] SWITCHING = "HTTP/1.1 101".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] STREAMING = "HTTP/1.1 200".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] PRESENCE = "{\"type\":\"presence\"".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] NORMAL_CLOSURE = {3, (byte) 232};

    private final Scenario scenario;
    private final Dialect dialect;
    /** The nodes that members are shared out among; most servers are one. */
    private final InetSocketAddress[] nodes;

    /** By room: one, or those that are said one after the other. */
    private final Outgoing[][] messages;

    private int saidBefore;
    private final ByteBuffer[][] handshakes;
    /**
     * A handshake for each node of a client that resumes from an epoch which the room has not: it gets all that is
     * kept.
     */
    private final ByteBuffer[] resuming;

    /** Requests for event streams, by node and room. */
    private final ByteBuffer[][] streams;

    private final int[] readersOf;
    private final Selector selector = Selector.open();
    private final Consumer<SelectionKey> ready = this::ready;
    private final ByteBuffer in =
            ByteBuffer.allocateDirect(LONGEST_FRAME + ONE_READ).order(ByteOrder.LITTLE_ENDIAN);
    private final FrameReader frames = new FrameReader();
    private final Inflater inflater = new Inflater(true);
    private final byte[] compressed = new byte[ONE_READ];
    private final ByteBuffer inflated = ByteBuffer.allocateDirect(LONGEST_FRAME).order(ByteOrder.LITTLE_ENDIAN);
    private final ChunkReader chunks = new ChunkReader();
    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    private final List<Client> members = new ArrayList<>();
    private final Deque<Client> guests = new ArrayDeque<>();
    private final Histogram latency = new Histogram(1000, LONGEST_LATENCY, 3);

    private int opening;
    private int open;
    private int closed;
    private int refused;
    private String complaint = "";

    /**
     * What is counted: what arrives from 'from' to 'to', and what became of the messages that were sent in that time.
     */
    private long from = Long.MAX_VALUE;

    private long to = Long.MAX_VALUE;
    private long deliveries;
    private long wireBytes;
    private long expected;
    private long arrived;
    private long sent;
    private long joined;
    private long lost;
    private long idleNanos;
    private long presenceEvents;
    private long presenceBytes;

    /** The client that is being read, and when. */
    private @Nullable Client reading;

    private long readAt;

    private enum State {
        CONNECTING,
        ASKING,
        OPEN,
        LEAVING,
        CLOSED
    }

    /** One connection. */
    private static final class Client {
        final int index;
        final int room;
        final int node;
        final boolean frozen;
        /** Whether it reads an event stream. */
        final boolean isStream;

        final SocketChannel channel;
        State state = State.CONNECTING;
        /** The beginning of a frame that has not come as a whole. */
        byte @Nullable [] rest;
        /** What the socket has not taken. */
        @Nullable
        ByteBuffer unsent;

        int outstanding;
        long heard;
        long leaves;

        Client(int index, int room, int node, boolean frozen, boolean isStream, SocketChannel channel) {
            this.index = index;
            this.room = room;
            this.node = node;
            this.frozen = frozen;
            this.isStream = isStream;
            this.channel = channel;
        }
    }

    Load(Scenario scenario, Dialect dialect, int... ports) throws IOException {
        this.scenario = scenario;
        this.dialect = switch (scenario.kind()) {
            case ECHO -> Dialect.PLAIN;
            case STATES -> Dialect.STATES;
            case RENAMES -> Dialect.RENAMES;
            case GROWS -> Dialect.PIECES;
            default -> dialect;
        };
        nodes = Arrays.stream(ports)
                .mapToObj(port -> new InetSocketAddress("127.0.0.1", port))
                .toArray(InetSocketAddress[]::new);
        messages = new Outgoing[scenario.rooms()][];
        handshakes = new ByteBuffer[ports.length][scenario.rooms()];
        streams = new ByteBuffer[ports.length][scenario.rooms()];
        resuming = new ByteBuffer[ports.length];
        for (int node = 0; node < ports.length; node++) {
            String path = "/chat/" + Scenario.roomName(0) + "?after=0&epoch=none";
            resuming[node] = direct(this.dialect.handshake(path, ports[node]));
        }
        readersOf = new int[scenario.rooms()];
        for (int room = 0; room < messages.length; room++) {
            String name = Scenario.roomName(room);
            messages[room] = messagesOf(name);
            String path = scenario.kind() == Scenario.Kind.ECHO ? Scenario.ECHO_PATH : "/chat/" + name;
            for (int node = 0; node < ports.length; node++) {
                handshakes[node][room] = direct(this.dialect.handshake(path, ports[node]));
                streams[node][room] = direct(Dialect.stream(name, ports[node]));
            }
        }
    }

    private Outgoing[] messagesOf(String room) throws IOException {
        if (scenario.kind() != Scenario.Kind.CHAT) {
            return new Outgoing[] {new Outgoing(dialect, room, scenario.size())};
        }
        return ChatText.messages().stream()
                .map(text -> new Outgoing(dialect, room, text))
                .toArray(Outgoing[]::new);
    }

    private static ByteBuffer direct(byte[] bytes) {
        return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    }

    /** Opens so many members more, a hundred handshakes at a time, and returns when all are open. */
    void open(int count) throws IOException {
        long deadline = System.nanoTime() + OPENING_NANOS;
        int last = members.size() + count;
        int refusedBefore = refused;
        while (members.size() < last || opening > 0) {
            while (members.size() < last && opening < AT_ONCE) {
                int index = members.size();
                members.add(connect(index, index >= scenario.readers()));
            }
            poll(10);
            if (refused > refusedBefore) {
                throw new IOException(complaint);
            }
            if (System.nanoTime() > deadline) {
                throw new IOException(opening + " handshakes had no answer, " + open + " did");
            }
        }
        Arrays.fill(readersOf, 0);
        for (int i = 0; i < Math.min(scenario.readers(), members.size()); i++) {
            readersOf[scenario.roomOf(i)]++;
        }
    }

    /** Has the first member send {@code count} messages, and returns when it has received them. */
    void fill(int count) throws IOException {
        Client sender = members.get(0);
        long end = System.nanoTime() + OPENING_NANOS;
        long until = deliveries + count;
        for (int sent = 0; deliveries < until; ) {
            while (sent < count && sender.outstanding < scenario.outstanding()) {
                sender.outstanding++;
                sent++;
                send(sender, System.nanoTime());
            }
            poll(10);
            orFail(end, until);
        }
    }

    /** Has all readers but the first connect, and disconnect when each has received {@code each} messages. */
    void resume(int each) throws IOException {
        int coming = scenario.readers() - 1;
        long end = System.nanoTime() + OPENING_NANOS;
        long until = deliveries + (long) coming * each;
        open(coming);
        while (deliveries < until) {
            poll(10);
            orFail(end, until);
        }
        for (Client client : members.subList(1, members.size())) {
            reset(client);
        }
        members.subList(1, members.size()).clear();
        open = members.size();
        selector.selectNow();
    }

    private void orFail(long end, long until) throws IOException {
        if (System.nanoTime() > end) {
            throw new IOException(until - deliveries + " messages did not come. " + complaint);
        }
    }

    /** Takes what comes, and sends nothing. */
    void listen(long nanos) throws IOException {
        long end = System.nanoTime() + nanos;
        while (System.nanoTime() < end) {
            poll(10);
        }
    }

    /** Counts from now on, for so long. */
    void count(long nanos) {
        from = System.nanoTime();
        to = from + nanos;
    }

    /** Sends and reads for so long. */
    void talk(long nanos) throws IOException {
        long start = System.nanoTime();
        long end = start + nanos;
        Pace talk = new Pace(start, Math.max(scenario.rate(), 1));
        Pace arrivals = new Pace(start, Math.max(scenario.joins(), 1));
        int speaker = 0;
        for (long now = start; now < end; now = System.nanoTime()) {
            long pause = NANOS_A_MILLI;
            if (scenario.rate() > 0) {
                while (talk.next() <= now) {
                    send(members.get(speaker), talk.take());
                    speaker = (speaker + 1) % scenario.senders();
                }
                pause = talk.next() - now;
            } else {
                for (int i = 0; i < scenario.senders(); i++) {
                    keepTalking(members.get(i), now);
                }
            }
            if (scenario.joins() > 0) {
                comeAndGo(arrivals, now);
                pause = Math.min(pause, arrivals.next() - now);
            }
            if (pause < NANOS_A_MILLI) {
                // The selector counts milliseconds: what is due earlier is waited for awake.
                long before = threads.getCurrentThreadCpuTime();
                if (poll(0) == 0) {
                    idleNanos += threads.getCurrentThreadCpuTime() - before;
                }
            } else {
                poll(1);
            }
        }
    }

    private void keepTalking(Client client, long now) {
        if (client.outstanding >= scenario.outstanding() && now - client.heard > LOST_NANOS) {
            client.outstanding = 0;
            lost++;
        }
        while (client.state == State.OPEN && client.outstanding < scenario.outstanding()) {
            if (client.outstanding++ == 0) {
                client.heard = now;
            }
            send(client, System.nanoTime());
        }
    }

    private void comeAndGo(Pace arrivals, long now) throws IOException {
        while (arrivals.next() <= now) {
            arrivals.take();
            Client guest = connect(members.size(), false);
            guest.leaves = now + STAY_NANOS;
            guests.add(guest);
            if (now >= from && now < to) {
                joined++;
            }
        }
        while (!guests.isEmpty() && guests.getFirst().leaves <= now) {
            Client guest = guests.removeFirst();
            if (guest.state == State.OPEN) {
                guest.state = State.LEAVING;
                write(guest, Outgoing.masked(FrameReader.CLOSE, NORMAL_CLOSURE));
                guest.leaves = now + STAY_NANOS;
                guests.addLast(guest);
            } else if (guest.state != State.CLOSED) {
                drop(guest);
            }
        }
    }

    private void send(Client client, long nanos) {
        if (client.state != State.OPEN) {
            return;
        }
        if (nanos >= from && nanos < to) {
            sent++;
            expected += scenario.kind() == Scenario.Kind.ECHO ? 1 : readersOf[client.room];
        }
        Outgoing[] those = messages[client.room];
        write(client, those[saidBefore++ % those.length].frame(nanos, client.index));
    }

    private void write(Client client, ByteBuffer frame) {
        ByteBuffer before = client.unsent;
        if (before == null) {
            try {
                client.channel.write(frame);
            } catch (IOException e) {
                end(client, e.toString());
                return;
            }
            if (!frame.hasRemaining()) {
                return;
            }
            client.unsent = ByteBuffer.allocate(frame.remaining()).put(frame).flip();
            interest(client);
        } else {
            client.unsent = ByteBuffer.allocate(before.remaining() + frame.remaining())
                    .put(before)
                    .put(frame)
                    .flip();
        }
    }

    private Client connect(int index, boolean frozen) throws IOException {
        SocketChannel channel = SocketChannel.open();
        channel.configureBlocking(false);
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        if (frozen) {
            channel.setOption(StandardSocketOptions.SO_RCVBUF, FROZEN_BUFFER);
        }
        boolean isStream = dialect == Dialect.EVENTS && index >= scenario.senders();
        int node = scenario.nodeOf(index, nodes.length);
        Client client = new Client(index, scenario.roomOf(index), node, frozen, isStream, channel);
        channel.register(selector, SelectionKey.OP_CONNECT, client);
        opening++;
        if (channel.connect(nodes[client.node])) {
            ask(client);
        }
        return client;
    }

    private void ask(Client client) {
        client.state = State.ASKING;
        interest(client);
        boolean resumes = scenario.kind() == Scenario.Kind.RESUME && client.index > 0;
        ByteBuffer[] asked = (client.isStream ? streams : handshakes)[client.node];
        if (scenario.isOfPresence()) { // a member without a name shows nothing
            String path = "/chat/" + Scenario.roomName(client.room) + "?name=m" + client.index;
            write(client, direct(dialect.handshake(path, nodes[client.node].getPort())));
        } else {
            write(client, (resumes ? resuming[client.node] : asked[client.room]).rewind());
        }
    }

    private void interest(Client client) {
        boolean deaf = client.frozen && client.state == State.OPEN;
        client.channel
                .keyFor(selector)
                .interestOps((deaf ? 0 : SelectionKey.OP_READ) | (client.unsent == null ? 0 : SelectionKey.OP_WRITE));
    }

    private int poll(int millis) throws IOException {
        return millis == 0 ? selector.selectNow(ready) : selector.select(ready, millis);
    }

    private void ready(SelectionKey key) {
        Client client = (Client) key.attachment();
        try {
            int ops = key.readyOps();
            if ((ops & SelectionKey.OP_CONNECT) != 0) {
                client.channel.finishConnect();
                ask(client);
                return;
            }
            ByteBuffer unsent = client.unsent;
            if ((ops & SelectionKey.OP_WRITE) != 0 && unsent != null) {
                client.channel.write(unsent);
                if (!unsent.hasRemaining()) {
                    client.unsent = null;
                    interest(client);
                }
            }
            if ((ops & SelectionKey.OP_READ) != 0) {
                read(client);
            }
        } catch (IOException e) {
            end(client, e.toString());
        }
    }

    private void read(Client client) throws IOException {
        in.clear();
        if (client.rest != null) {
            in.put(client.rest);
            client.rest = null;
        }
        in.limit(in.position() + ONE_READ);
        int came = client.channel.read(in);
        if (came < 0) {
            end(client, "the connection was closed");
            return;
        }
        int end = in.position();
        int at = 0;
        reading = client;
        readAt = System.nanoTime();
        if (readAt >= from && readAt < to) {
            wireBytes += came;
        }
        if (client.state == State.ASKING) {
            at = answer(client, end);
        }
        if (client.isStream) {
            at = client.state == State.OPEN ? stream(client, at, end) : at;
        } else if (client.state == State.OPEN || client.state == State.LEAVING) {
            while (frames.read(in, at, end)) {
                frame(client);
                at = frames.end();
            }
        }
        if (at < end && client.state != State.CLOSED) {
            byte[] rest = new byte[end - at];
            in.get(at, rest);
            client.rest = rest;
        }
    }

    /** Where the last whole chunk ends. */
    private int stream(Client client, int from, int end) throws IOException {
        int at = from;
        while (chunks.read(in, at, end)) {
            Marks.scan(in, chunks.start(), chunks.contentEnd(), this);
            at = chunks.end();
            if (chunks.isLast()) {
                end(client, "the stream has ended");
                return at;
            }
        }
        return at;
    }

    /** Where the answer to the handshake ends, or 0 if there is more to come. */
    private int answer(Client client, int end) {
        for (int i = 0; i + 4 <= end; i++) {
            if (in.get(i) == '\r' && in.get(i + 1) == '\n' && in.get(i + 2) == '\r' && in.get(i + 3) == '\n') {
                byte[] begin = new byte[Math.min(i, 60)];
                in.get(0, begin);
                byte[] wanted = client.isStream ? STREAMING : SWITCHING;
                if (Arrays.mismatch(begin, wanted) != wanted.length) {
                    end(
                            client,
                            "refused: "
                                    + new String(begin, StandardCharsets.ISO_8859_1)
                                            .lines()
                                            .findFirst()
                                            .orElse(""));
                    return 0;
                }
                opened(client);
                return i + 4;
            }
        }
        return 0;
    }

    private void opened(Client client) {
        client.state = State.OPEN;
        opening--;
        open++;
        if (dialect == Dialect.NATS || (dialect == Dialect.PIECES && client.index < scenario.senders())) {
            write(client, Outgoing.text(dialect, dialect.hello(Scenario.roomName(client.room))));
        }
        if (client.frozen) {
            interest(client);
        }
    }

    private void frame(Client client) throws IOException {
        switch (frames.opcode()) {
            case FrameReader.CLOSE -> {
                byte[] why = new byte[frames.end() - frames.start()];
                in.get(frames.start(), why);
                end(
                        client,
                        why.length < 2
                                ? "closed"
                                : "closed with " + ((why[0] & 0xFF) << 8 | why[1] & 0xFF) + " "
                                        + new String(why, 2, why.length - 2, StandardCharsets.UTF_8));
            }
            case FrameReader.PING -> {
                byte[] payload = new byte[frames.end() - frames.start()];
                in.get(frames.start(), payload);
                write(client, Outgoing.masked(FrameReader.PONG, payload));
            }
            case FrameReader.PONG -> {}
            default -> {
                if (scenario.isOfPresence()) {
                    presence();
                }
                if (frames.isCompressed()) {
                    inflate();
                } else {
                    Marks.scan(in, frames.start(), frames.end(), this);
                }
            }
        }
    }

    /** Counts a frame that tells of members. */
    private void presence() {
        boolean isIt = frames.end() - frames.start() > PRESENCE.length && readAt >= from && readAt < to;
        for (int i = 0; isIt && i < PRESENCE.length; i++) {
            isIt = in.get(frames.start() + i) == PRESENCE[i];
        }
        if (isIt) {
            presenceEvents++;
            presenceBytes += frames.end() - frames.start();
        }
    }

    /** What every compressed message is without the 4 bytes at its end (RFC 7692 section 7.2.2). */
    private void inflate() throws IOException {
        int length = frames.end() - frames.start();
        in.get(frames.start(), compressed, 0, length);
        compressed[length] = 0;
        compressed[length + 1] = 0;
        compressed[length + 2] = -1;
        compressed[length + 3] = -1;
        inflater.reset();
        inflater.setInput(compressed, 0, length + 4);
        inflated.clear();
        try {
            int bytes = inflater.inflate(inflated);
            Marks.scan(inflated, 0, bytes, this);
        } catch (DataFormatException e) {
            throw new IOException("a message that cannot be decompressed", e);
        }
    }

    /** Bytes that came while it was counted. */
    long wireBytes() {
        return wireBytes;
    }

    @Override
    public void mark(long nanos, int sender) {
        Client client = reading;
        if (client == null) {
            return;
        }
        if (readAt >= from && readAt < to) {
            deliveries++;
        }
        boolean member = client.index < members.size();
        if (member && nanos >= from && nanos < to) {
            arrived++;
            latency.recordValue(Math.max(0, Math.min(readAt - nanos, LONGEST_LATENCY)));
        }
        if (sender == client.index && client.outstanding > 0) {
            client.outstanding--;
            client.heard = readAt;
        }
    }

    private void end(Client client, String why) {
        if (client.state == State.CLOSED) {
            return;
        }
        if (client.state == State.CONNECTING || client.state == State.ASKING) {
            opening--;
            refused++;
        } else {
            open--;
            if (client.state == State.OPEN) {
                closed++;
            }
        }
        if (client.state != State.LEAVING && complaint.isEmpty()) {
            complaint = why;
        }
        drop(client);
    }

    private static void drop(Client client) {
        client.state = State.CLOSED;
        client.rest = null;
        client.unsent = null;
        try {
            client.channel.close();
        } catch (IOException e) {
            // It is gone either way.
        }
    }

    /** Closes all connections by a reset: a port in TIME_WAIT is one less for who comes next. */
    void leave() throws IOException {
        for (Client client : members) {
            reset(client);
        }
        for (Client client : guests) {
            reset(client);
        }
        members.clear();
        guests.clear();
        open = 0;
        opening = 0;
        selector.selectNow();
    }

    private static void reset(Client client) throws IOException {
        if (client.state != State.CLOSED) {
            client.channel.setOption(StandardSocketOptions.SO_LINGER, 0);
            drop(client);
        }
    }

    @Override
    public void close() throws IOException {
        leave();
        inflater.end();
        selector.close();
    }

    Histogram latency() {
        return latency;
    }

    long deliveries() {
        return deliveries;
    }

    /** Of the deliveries that the messages sent in the time counted should have made, how many they made. */
    double ratio() {
        return expected == 0 ? 0 : (double) arrived / expected;
    }

    long sent() {
        return sent;
    }

    /** Frames that told of members. */
    long presenceEvents() {
        return presenceEvents;
    }

    /** Their bytes. */
    long presenceBytes() {
        return presenceBytes;
    }

    long joined() {
        return joined;
    }

    /** How often a sender gave up waiting for its own message. */
    long lost() {
        return lost;
    }

    /** Connections that the server ended. */
    int closed() {
        return closed;
    }

    /** The first thing that went wrong, or nothing. */
    String complaint() {
        return complaint;
    }

    /** Processor time spent awake with nothing to do. */
    long idleNanos() {
        return idleNanos;
    }
}

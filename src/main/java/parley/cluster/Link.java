package parley.cluster;

import io.nats.client.AuthHandler;
import io.nats.client.Connection;
import io.nats.client.ConnectionListener;
import io.nats.client.Consumer;
import io.nats.client.Dispatcher;
import io.nats.client.ErrorListener;
import io.nats.client.JetStream;
import io.nats.client.Message;
import io.nats.client.Nats;
import io.nats.client.Options;
import io.nats.client.Subscription;
import io.nats.client.api.ServerInfo;
import io.nats.client.impl.Headers;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The connection to NATS, which comes back when it is lost. Any thread may call any method, and none waits except for
 * {@link #keepConnected}.
 */
final class Link implements AutoCloseable {
    /** From here on streams on several servers were not seen to lose what they had acknowledged. */
    private static final String KEEPS_WITH_REPLICAS = "2.10";

    private static final Logger LOG = System.getLogger("parley.cluster");

    private static final Duration CONNECT = Duration.ofSeconds(5);
    private static final Duration RECONNECT = Duration.ofMillis(250);
    private static final Duration RECONNECT_SPREAD = Duration.ofSeconds(1);
    /** A server that stands still is noticed after two to three of these. */
    private static final Duration PING = Duration.ofSeconds(2);

    /** A message that is not acknowledged is given up after one to two of these, whatever other timeouts say. */
    private static final Duration CLEANUP = Duration.ofMillis(500);

    private static final long USUAL_MAX_PAYLOAD = 1 << 20;
    private static final int MOST_OUTGOING = 100_000;
    private static final int MOST_PENDING = 200_000;
    private static final long MOST_PENDING_BYTES = 128L << 20;

    /** Called by threads of the library's, which must not be blocked. */
    interface Events {
        /** The connection is there, and so are the subscriptions made before. */
        void up();

        /** The connection is gone, and comes back by itself. */
        void down();
    }

    /** Takes what comes by, from a thread of the library's, one at a time; it may make that thread wait. */
    interface Hears {
        void heard(Heard heard);
    }

    /** Something that came by. The numbers are 0 where they mean nothing. */
    record Heard(
            String subject,
            byte[] data,
            long seq,
            long last,
            @Nullable String dedupId) {}

    /** Something that can be ended. */
    interface Hearing {
        void end();
    }

    /** A connection, and the door to its streams. */
    record Publisher(Connection connection, JetStream stream) {}

    /** What one connection has besides. */
    private record Lines(Publisher publisher, Dispatcher heard, Dispatcher answered, String inbox) {}

    /** The server that was asked says nothing. */
    static final class UnansweredException extends IOException {
        private static final long serialVersionUID = 1L;

        UnansweredException() {
            super("NATS does not answer");
        }
    }

    /** Answers to one request, as they come. For one thread. */
    final class Answers implements AutoCloseable {
        private final String token;
        private final BlockingQueue<Message> come = new LinkedBlockingQueue<>();

        private Answers(String token) {
            this.token = token;
        }

        /** Waits for the next one. */
        Message next(Duration patience) throws IOException, InterruptedException {
            Message next = come.poll(patience.toMillis(), TimeUnit.MILLISECONDS);
            if (next == null) {
                throw new UnansweredException();
            }
            return next;
        }

        @Override
        public void close() {
            waiting.remove(token);
        }
    }

    private final ClusterSettings settings;
    private final Complaints complaints;
    private final Events events;
    private final Options options;
    private final AtomicInteger connections = new AtomicInteger();
    private final AtomicLong requests = new AtomicLong();
    /** Requests whose answers are waited for, by the last token of where these go. */
    private final Map<String, Answers> waiting = new ConcurrentHashMap<>();

    private volatile @Nullable Lines lines;
    private volatile boolean isUp;
    private volatile boolean isClosing;

    Link(ClusterSettings settings, String node, Complaints complaints, Events events) {
        this.settings = settings;
        this.complaints = complaints;
        this.events = events;
        try {
            this.options = options(settings, node);
        } catch (IllegalArgumentException | IllegalStateException e) {
            throw new ClusterException("NATS cannot be connected to: " + e.getMessage() + ".");
        }
    }

    private Options options(ClusterSettings settings, String node) {
        ClusterSettings.Login login = settings.login();
        Options.Builder options = new Options.Builder()
                .servers(settings.servers().toArray(new String[0]))
                .connectionName("parley " + node)
                .connectionTimeout(CONNECT)
                .maxReconnects(-1)
                .reconnectWait(RECONNECT)
                .reconnectJitter(RECONNECT_SPREAD)
                .reconnectJitterTls(RECONNECT_SPREAD)
                .reconnectBufferSize(0) // the outbox sends again, in order
                .maxMessagesInOutgoingQueue(MOST_OUTGOING)
                .pingInterval(PING)
                .maxPingsOut(2)
                .requestCleanupInterval(CLEANUP)
                .discardMessagesWhenOutgoingQueueFull() // they are not acknowledged, and sent again
                .dontForceFlushOnRequest() // the store's thread would wait for a line that takes nothing
                .errorListener(new Errors())
                .connectionListener(this::changed);
        if (login.credentials() != null) {
            options.authHandler(credentials(login.credentials()));
        } else if (!login.user().isEmpty()) {
            options.userInfo(login.user().toCharArray(), login.password().toCharArray());
        } else if (!login.token().isEmpty()) {
            options.token(login.token().toCharArray());
        }
        if (login.truststore() != null) {
            options.truststorePath(login.truststore().toString())
                    .truststorePassword(login.truststorePassword().toCharArray());
        }
        return options.build();
    }

    /**
     * Connects, and again when the library has given up, as it does when NATS refuses the login twice. For a thread
     * of its own.
     */
    void keepConnected() {
        Connection now = null;
        try {
            while (!isClosing) {
                if (now == null || now.getStatus() == Connection.Status.CLOSED) {
                    try {
                        now = Nats.connect(options);
                    } catch (IOException e) {
                        complaints.log("NATS cannot be connected to", e);
                    }
                }
                long spread = ThreadLocalRandom.current().nextLong(RECONNECT_SPREAD.toMillis());
                Thread.sleep(RECONNECT.toMillis() + spread);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // closing
        }
    }

    private static AuthHandler credentials(java.nio.file.Path file) {
        Credentials credentials = Credentials.read(file);
        return new AuthHandler() {
            @Override
            public byte[] sign(byte[] nonce) {
                return credentials.sign(nonce);
            }

            @Override
            public char @Nullable [] getID() {
                return null; // the token says who it is
            }

            @Override
            public char[] getJWT() {
                return credentials.token().toCharArray();
            }
        };
    }

    private void changed(Connection of, ConnectionListener.Events what) {
        switch (what) {
            case CONNECTED -> {
                if (isClosing) {
                    close(of);
                    return;
                }
                connected(of);
            }
            case RESUBSCRIBED -> {
                LOG.log(Level.INFO, "the cluster: NATS is there again, " + of.getConnectedUrl());
                isUp = true;
                events.up();
            }
            case DISCONNECTED, CLOSED -> down();
            default -> {}
        }
    }

    private void down() {
        if (isUp) {
            isUp = false;
            LOG.log(isClosing ? Level.DEBUG : Level.WARNING, "the cluster: NATS is gone");
            events.down();
        }
    }

    private void connected(Connection of) {
        try {
            String inbox = of.createInbox();
            Dispatcher heard = of.createDispatcher(message -> {});
            heard.setPendingLimits(MOST_PENDING, MOST_PENDING_BYTES);
            Dispatcher answered = of.createDispatcher(this::answered);
            answered.subscribe(inbox + ".*");
            lines = new Lines(new Publisher(of, of.jetStream()), heard, answered, inbox);
            connections.incrementAndGet();
            LOG.log(Level.INFO, "the cluster: connected to NATS, " + of.getConnectedUrl());
            compareSizes(of.getMaxPayload());
            compareVersion(of.getServerInfo());
            isUp = true;
            events.up();
        } catch (IOException | IllegalStateException e) {
            complaints.log("NATS cannot be used", e);
        }
    }

    private void compareSizes(long maxPayload) {
        long needed = settings.messageBytes() + Subjects.MOST_OVERHEAD_BYTES;
        if (maxPayload > 0 && maxPayload < needed) {
            LOG.log(
                    Level.WARNING,
                    "the cluster: NATS takes " + maxPayload
                            + " bytes at most (max_payload), and limits.message-bytes is "
                            + settings.messageBytes() + ": messages that do not fit are refused as too large. Raise"
                            + " max_payload to " + needed + " or more, or lower limits.message-bytes to "
                            + Math.max(0, maxPayload - Subjects.MOST_OVERHEAD_BYTES) + ".");
        }
    }

    private void compareVersion(ServerInfo server) {
        if (settings.replicas() > 1 && !server.isSameOrNewerThanVersion(KEEPS_WITH_REPLICAS)) {
            LOG.log(
                    Level.WARNING,
                    "the cluster: NATS is version " + server.getVersion() + ", and nats.replicas is "
                            + settings.replicas() + ": NATS 2.9 was seen to lose acknowledged messages when the leader"
                            + " of a stream failed under load. Run NATS " + KEEPS_WITH_REPLICAS + " or later.");
        }
    }

    private void answered(Message answer) {
        String subject = answer.getSubject();
        Answers to = waiting.get(subject.substring(subject.lastIndexOf('.') + 1));
        if (to != null) { // else it was given up
            to.come.add(answer);
        }
    }

    /** Whether there is a connection now. */
    boolean isUp() {
        return isUp;
    }

    /** How many connections have been made: subscriptions are of the one of that time, and come back with it. */
    int connections() {
        return connections.get();
    }

    /** The largest message that the server takes, headers included; a guess while there is no connection. */
    long maxPayload() {
        Lines now = lines;
        long most = now == null ? 0 : now.publisher.connection.getMaxPayload();
        return most <= 0 ? USUAL_MAX_PAYLOAD : most;
    }

    /** Hears what goes to a subject. After a {@link Streams#await} nothing is missed except what NATS loses. */
    Hearing hear(String subject, Hears hears) {
        Dispatcher now = Objects.requireNonNull(lines, "not connected yet").heard;
        Subscription subscription = now.subscribe(subject, message -> hear(message, hears));
        return () -> {
            if (!isClosing) {
                try {
                    now.unsubscribe(subscription);
                } catch (IllegalStateException e) {
                    LOG.log(Level.DEBUG, "the connection has ended before", e);
                }
            }
        };
    }

    private static void hear(Message message, Hears hears) {
        Headers headers = message.getHeaders();
        hears.heard(new Heard(
                message.getSubject(),
                message.getData(),
                number(headers, "Nats-Sequence"),
                number(headers, "Nats-Last-Sequence"),
                text(headers, "Nats-Msg-Id")));
    }

    static @Nullable String text(@Nullable Headers headers, String name) {
        return headers == null ? null : headers.getFirst(name);
    }

    /** A number among headers; 0 when there is none. */
    static long number(@Nullable Headers headers, String name) {
        String value = text(headers, name);
        try {
            return value == null ? 0 : Long.parseLong(value);
        } catch (NumberFormatException e) {
            return 0;
        }
    }

    /** Sends something that may get lost. */
    void send(String subject, byte[] data) {
        Lines now = lines;
        if (now != null && isUp) {
            try {
                now.publisher.connection.publish(subject, data);
            } catch (IllegalStateException | IllegalArgumentException e) {
                LOG.log(Level.DEBUG, "the cluster: not sent to " + subject, e);
            }
        }
    }

    /** Asks something that has several answers. */
    Answers ask(String subject, byte[] data) throws IOException {
        Lines now = lines;
        if (now == null || !isUp) {
            throw notConnected(null);
        }
        Answers answers = new Answers(Long.toString(requests.incrementAndGet(), Character.MAX_RADIX));
        waiting.put(answers.token, answers);
        try {
            now.publisher.connection.publish(subject, now.inbox + "." + answers.token, data);
        } catch (IllegalStateException e) {
            answers.close();
            throw notConnected(e);
        }
        return answers;
    }

    /** The door to the streams; null while there is no connection. */
    @Nullable
    Publisher publisher() {
        Lines now = lines;
        return now == null || !isUp ? null : now.publisher;
    }

    /** The connection, for what only it can do. */
    Connection connection() throws IOException {
        Publisher now = publisher();
        if (now == null) {
            throw notConnected(null);
        }
        return now.connection;
    }

    private static IOException notConnected(@Nullable Exception cause) {
        return new IOException("NATS is not connected", cause);
    }

    /** What the library says outside of any call. */
    private final class Errors implements ErrorListener {
        @Override
        public void errorOccurred(Connection of, String error) {
            if (!isClosing) {
                LOG.log(Level.WARNING, "the cluster: NATS says: " + error);
            }
        }

        @Override
        public void exceptionOccurred(Connection of, Exception e) {
            LOG.log(Level.DEBUG, "the cluster", e);
        }

        @Override
        public void slowConsumerDetected(Connection of, Consumer consumer) {
            LOG.log(Level.WARNING, "the cluster: more comes than this node takes in; it will be read from the streams");
        }
    }

    @Override
    public void close() {
        isClosing = true;
        isUp = false;
        Lines now = lines;
        if (now != null) {
            close(now.publisher.connection);
        }
    }

    private static void close(Connection one) {
        try {
            one.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

package parley.cluster;

import io.nats.client.AuthHandler;
import io.nats.client.Connection;
import io.nats.client.ConnectionListener;
import io.nats.client.Consumer;
import io.nats.client.Dispatcher;
import io.nats.client.ErrorListener;
import io.nats.client.JetStream;
import io.nats.client.JetStreamApiException;
import io.nats.client.JetStreamOptions;
import io.nats.client.Message;
import io.nats.client.Nats;
import io.nats.client.Options;
import io.nats.client.Subscription;
import io.nats.client.api.DiscardPolicy;
import io.nats.client.api.MessageInfo;
import io.nats.client.api.PublishAck;
import io.nats.client.api.Republish;
import io.nats.client.api.StorageType;
import io.nats.client.api.StreamConfiguration;
import io.nats.client.api.StreamInfo;
import io.nats.client.api.StreamInfoOptions;
import io.nats.client.api.StreamState;
import io.nats.client.impl.Headers;
import io.nats.client.impl.NatsMessage;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The connection to NATS: what the cluster asks of it, in its own words. Any thread may call any method; those that say so wait for an answer,
 * the others do not wait. The only class that names the NATS library, so that nothing of it is loaded where there is no cluster.
 */
final class Link implements AutoCloseable {
    private static final Logger LOG = System.getLogger("parley.cluster");

    private static final Duration CONNECT = Duration.ofSeconds(5);
    private static final Duration ANSWER = Duration.ofSeconds(2);
    private static final Duration RECONNECT = Duration.ofMillis(250);
    private static final Duration RECONNECT_SPREAD = Duration.ofSeconds(1);
    private static final Duration PING = Duration.ofSeconds(5);
    private static final int MOST_OUTGOING = 100_000;
    private static final int MOST_PENDING = 200_000;
    private static final long MOST_PENDING_BYTES = 128L << 20;
    private static final int NO_STREAM = 10059;
    private static final int NO_MESSAGE = 10037;
    private static final int NOT_FOUND = 404;
    private static final int JUST_BAD = 400;
    private static final long COMPLAINT_NANOS = 60_000_000_000L;

    /** Told of the connection, by threads of the library's. Must not block. */
    interface Events {
        /** It is there, and so is what was subscribed to before. */
        void up();

        /** It is gone, and comes back by itself. */
        void down();
    }

    /** Told what comes by, by a thread of the library's, one at a time; may make it wait. */
    interface Hears {
        /** Something came. The numbers are 0 where they mean nothing. */
        void heard(String subject, byte[] data, long seq, long last, @Nullable String mark);
    }

    /** Told what became of a message to be stored, by a thread of the library's. */
    interface Answer {
        void stored(long seq, boolean isDuplicate);

        /** The stream has said no. */
        void refused(String why);

        /** It may be stored or not. */
        void unknown();
    }

    /** Something that can be ended. */
    interface Hearing {
        void end();
    }

    /** A message as the stream has it. */
    record Kept(long seq, byte[] data, @Nullable String mark) {}

    /**
     * What a stream says of itself.
     *
     * @param epoch which stream of that name it is
     * @param first the number of its oldest message; one more than the last when there is none
     * @param count how many it has of the room that was asked for
     */
    record State(String epoch, long first, long last, long count) {}

    private final ClusterSettings settings;
    private final Subjects subjects;
    private final Events events;
    private final Options options;
    private final AtomicInteger connections = new AtomicInteger();
    private final AtomicLong complainedAt = new AtomicLong(System.nanoTime() - COMPLAINT_NANOS);
    private volatile @Nullable Connection connection;
    private volatile @Nullable Dispatcher dispatcher;
    private volatile @Nullable JetStream stream;
    private volatile boolean isUp;
    private volatile boolean isClosing;

    Link(ClusterSettings settings, Subjects subjects, String node, Events events) {
        this.settings = settings;
        this.subjects = subjects;
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
                .reconnectBufferSize(0) // what is to be sent again is for the outbox to say, in order
                .maxMessagesInOutgoingQueue(MOST_OUTGOING)
                .pingInterval(PING)
                .maxPingsOut(2)
                .discardMessagesWhenOutgoingQueueFull() // and what is to be stored is not answered, and sent again
                .dontForceFlushOnRequest() // who has a message stored would wait for a line that takes nothing
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

    /** Connects, and again when the library has given up, as it does when NATS refuses the login twice. For a thread of its own. */
    void keepConnected() {
        Connection now = null;
        try {
            while (!isClosing) {
                if (now == null || now.getStatus() == Connection.Status.CLOSED) {
                    try {
                        now = Nats.connect(options);
                    } catch (IOException e) {
                        complain("NATS cannot be connected to", e);
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
            Dispatcher made = of.createDispatcher(message -> {});
            made.setPendingLimits(MOST_PENDING, MOST_PENDING_BYTES);
            stream = of.jetStream(
                    JetStreamOptions.builder().requestTimeout(ANSWER).build());
            dispatcher = made;
            connection = of;
            connections.incrementAndGet();
            LOG.log(Level.INFO, "the cluster: connected to NATS, " + of.getConnectedUrl());
            isUp = true;
            events.up();
        } catch (IOException e) {
            complain("NATS cannot be used", e);
        }
    }

    /** Whether there is a connection now. */
    boolean isUp() {
        return isUp;
    }

    /** How many connections have been made: what was subscribed to is of the one of that time, which is made good when it is lost. */
    int connections() {
        return connections.get();
    }

    /** Hears what goes to a subject. Once it has been there for a {@link #await}, nothing is missed but what NATS loses. */
    Hearing hear(String subject, Hears hears) {
        Dispatcher now = Objects.requireNonNull(dispatcher, "not connected yet");
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
        hears.heard(
                message.getSubject(),
                message.getData(),
                number(headers, "Nats-Sequence"),
                number(headers, "Nats-Last-Sequence"),
                headers == null ? null : headers.getFirst("Nats-Msg-Id"));
    }

    private static long number(@Nullable Headers headers, String name) {
        String value = headers == null ? null : headers.getFirst(name);
        try {
            return value == null ? 0 : Long.parseLong(value);
        } catch (NumberFormatException e) {
            return 0;
        }
    }

    /** Sends something that may get lost. */
    void send(String subject, byte[] data) {
        Connection now = connection;
        if (now != null && isUp) {
            try {
                now.publish(subject, data);
            } catch (IllegalStateException | IllegalArgumentException e) {
                LOG.log(Level.DEBUG, "the cluster: not sent to " + subject, e);
            }
        }
    }

    /** Has the stream store a message, once however often it is sent with that mark. */
    void store(String subject, String mark, byte[] data, Answer answer) {
        JetStream now = stream;
        if (now == null || !isUp) {
            answer.unknown();
            return;
        }
        Message message = NatsMessage.builder()
                .subject(subject)
                .headers(new Headers().put("Nats-Msg-Id", mark))
                .data(data)
                .build();
        try {
            now.publishAsync(message).whenComplete((ack, failure) -> answer(ack, failure, answer));
        } catch (IllegalArgumentException e) {
            answer.refused("the message is larger than NATS takes (its max_payload)");
        } catch (IllegalStateException e) {
            answer.unknown(); // disconnected this moment
        }
    }

    private void answer(@Nullable PublishAck ack, @Nullable Throwable failure, Answer answer) {
        Throwable cause = failure == null ? null : cause(failure);
        // 0: NATS 2.10 with replicas has been sent it before, and does not know yet whether it will be stored.
        if (ack != null && ack.getSeqno() > 0) {
            answer.stored(ack.getSeqno(), ack.isDuplicate());
        } else if (cause instanceof JetStreamApiException refused && isFinal(refused)) {
            complain("the stream does not take a message", refused);
            answer.refused("the cluster's stream does not take the message (" + refused.getApiErrorCode()
                    + "); say it again later, with the same id");
        } else {
            LOG.log(Level.DEBUG, "a message is not acknowledged", cause);
            answer.unknown();
        }
    }

    private static Throwable cause(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null && !(cause instanceof JetStreamApiException)) {
            cause = cause.getCause();
        }
        return cause;
    }

    /** Full, or too large: not that nobody leads the stream right now. */
    private static boolean isFinal(JetStreamApiException refused) {
        return refused.getErrorCode() == JUST_BAD
                || refused.getApiErrorCode() == 10077
                || refused.getApiErrorCode() == 10054
                || refused.getApiErrorCode() == 10047
                || refused.getApiErrorCode() == 10023;
    }

    /** Waits until NATS has taken what was asked of it before. */
    void await() throws IOException, InterruptedException {
        try {
            connection().flush(ANSWER);
        } catch (java.util.concurrent.TimeoutException | IllegalStateException e) {
            throw new IOException("NATS does not answer", e);
        }
    }

    private Connection connection() throws IOException {
        Connection now = connection;
        if (now == null || !isUp) {
            throw new IOException("NATS is not connected");
        }
        return now;
    }

    /** Makes a stream as it has to be, if it is not there or has other limits, and returns its state. Waits. */
    State prepare(int shard) throws IOException {
        StreamConfiguration wanted = configuration(shard);
        try {
            StreamInfo there = info(shard, null);
            if (there == null) {
                LOG.log(Level.INFO, "the cluster: made the stream " + wanted.getName());
                return state(connection().jetStreamManagement().addStream(wanted), null);
            }
            StreamConfiguration has = there.getConfiguration();
            if (!Objects.equals(has.getDescription(), wanted.getDescription())) {
                throw new ClusterException("the stream " + wanted.getName() + " is '" + has.getDescription()
                        + "' and has to be '" + wanted.getDescription() + "': the number of streams stays as it was");
            }
            boolean isAsWanted = has.getMaxMsgsPerSubject() == wanted.getMaxMsgsPerSubject()
                    && has.getMaxBytes() == wanted.getMaxBytes()
                    && Objects.equals(has.getMaxAge(), wanted.getMaxAge())
                    && Objects.equals(has.getDuplicateWindow(), wanted.getDuplicateWindow())
                    && has.getReplicas() == wanted.getReplicas();
            return state(isAsWanted ? there : connection().jetStreamManagement().updateStream(wanted), null);
        } catch (JetStreamApiException e) {
            throw new IOException("the stream " + wanted.getName() + ": " + e.getMessage(), e);
        }
    }

    private StreamConfiguration configuration(int shard) {
        ClusterSettings.Kept kept = settings.kept();
        return StreamConfiguration.builder()
                .name(subjects.stream(shard))
                .description("Parley: rooms, stream " + shard + " of " + settings.streams())
                .subjects(subjects.saidIn(shard))
                .republish(Republish.builder()
                        .source(subjects.saidIn(shard))
                        .destination(subjects.told())
                        .build())
                .allowDirect(true)
                .storageType(StorageType.File)
                .discardPolicy(DiscardPolicy.Old)
                .replicas(settings.replicas())
                .maxMessagesPerSubject(kept.messages())
                .maxBytes(kept.bytes() == 0 ? -1 : kept.bytes())
                .maxAge(kept.age())
                .duplicateWindow(kept.again())
                .build();
    }

    /** The state of a stream, and how much it has of a subject; null when there is no such stream. Waits. */
    @Nullable
    State state(int shard, @Nullable String subject) throws IOException {
        try {
            StreamInfo there = info(shard, subject);
            return there == null ? null : state(there, subject);
        } catch (JetStreamApiException e) {
            throw new IOException(e);
        }
    }

    private @Nullable StreamInfo info(int shard, @Nullable String subject) throws IOException, JetStreamApiException {
        try {
            return subject == null
                    ? connection().jetStreamManagement().getStreamInfo(subjects.stream(shard))
                    : connection()
                            .jetStreamManagement()
                            .getStreamInfo(subjects.stream(shard), StreamInfoOptions.filterSubjects(subject));
        } catch (JetStreamApiException e) {
            if (e.getApiErrorCode() == NO_STREAM) {
                return null;
            }
            throw e;
        } catch (IllegalStateException e) {
            throw new IOException("NATS is not connected", e);
        }
    }

    private static State state(StreamInfo info, @Nullable String subject) {
        StreamState state = info.getStreamState();
        ZonedDateTime made = info.getCreateTime();
        long nanos = made.toEpochSecond() * 1_000_000_000L + made.getNano();
        Long count = subject == null ? null : state.getSubjectMap().get(subject);
        boolean isEmpty = state.getMsgCount() == 0;
        return new State(
                Long.toString(nanos, Character.MAX_RADIX),
                isEmpty ? state.getLastSequence() + 1 : state.getFirstSequence(),
                state.getLastSequence(),
                count == null ? 0 : count);
    }

    /** The first message of a subject of that number or a higher one; null when the server that is asked has none. Waits. */
    @Nullable
    Kept next(int shard, String subject, long seq) throws IOException, InterruptedException {
        Message answer =
                request("DIRECT.GET", shard, "{\"seq\":" + Math.max(1, seq) + ",\"next_by_subj\":\"" + subject + "\"}");
        Headers headers = answer.getHeaders();
        if (answer.isStatusMessage()) {
            if (answer.getStatus().getCode() == NOT_FOUND) {
                return null;
            }
            throw new IOException("NATS: " + answer.getStatus().getMessageWithCode());
        }
        return new Kept(
                number(headers, "Nats-Sequence"),
                answer.getData(),
                headers == null ? null : headers.getFirst("Nats-Msg-Id"));
    }

    /**
     * The number of the newest message of a subject, 0 for none: from the server that leads the stream, where the others, which answer
     * {@link #next}, may be behind. Waits.
     */
    long newest(int shard, String subject) throws IOException, InterruptedException {
        Message answer = request("STREAM.MSG.GET", shard, "{\"last_by_subj\":\"" + subject + "\"}");
        MessageInfo newest = new MessageInfo(answer, subjects.stream(shard), false);
        if (newest.hasError() && newest.getApiErrorCode() != NO_MESSAGE) {
            throw new IOException("NATS: " + newest.getError());
        }
        return newest.hasError() ? 0 : newest.getSeq();
    }

    private Message request(String what, int shard, String body) throws IOException, InterruptedException {
        try {
            Message answer = connection()
                    .request(
                            "$JS.API." + what + "." + subjects.stream(shard),
                            body.getBytes(StandardCharsets.UTF_8),
                            ANSWER);
            if (answer == null) {
                throw new IOException("NATS does not answer");
            }
            return answer;
        } catch (IllegalStateException e) {
            throw new IOException("NATS is not connected", e);
        }
    }

    private void complain(String what, Exception e) {
        long now = System.nanoTime();
        long last = complainedAt.get();
        if (now - last >= COMPLAINT_NANOS && complainedAt.compareAndSet(last, now)) {
            LOG.log(Level.ERROR, "the cluster: " + what + ": " + e.getMessage());
        }
    }

    /** What the library has to say that no call is told. */
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
        Connection now = connection;
        if (now != null) {
            close(now);
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

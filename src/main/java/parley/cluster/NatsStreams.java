package parley.cluster;

import io.nats.client.JetStreamApiException;
import io.nats.client.JetStreamManagement;
import io.nats.client.JetStreamOptions;
import io.nats.client.Message;
import io.nats.client.PublishOptions;
import io.nats.client.PurgeOptions;
import io.nats.client.api.ClusterInfo;
import io.nats.client.api.DiscardPolicy;
import io.nats.client.api.MessageInfo;
import io.nats.client.api.Republish;
import io.nats.client.api.StorageType;
import io.nats.client.api.StreamConfiguration;
import io.nats.client.api.StreamInfo;
import io.nats.client.api.StreamInfoOptions;
import io.nats.client.api.StreamState;
import io.nats.client.impl.Headers;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Streams of NATS JetStream. Any thread.
 *
 * <p>A page is one request ("direct get" with {@code batch}). Servers before 2.11 pass over that word and answer with
 * one message; the answer itself says which of the two it was, so that servers of both kinds may keep one
 * stream.
 *
 * <p>Any server that keeps the stream may be the one that is asked. One that stands still is asked too, for as long as
 * the others have not given it up: when there is no answer, the server that leads the stream is asked for a while,
 * which gives one message at a time.
 */
final class NatsStreams implements Streams {
    private static final Logger LOG = System.getLogger("parley.cluster");

    private static final Duration ANSWER = Duration.ofSeconds(2);
    /** Of a server that looks for the messages of one room among all in the stream. */
    private static final Duration PURGED = Duration.ofSeconds(10);
    /** Of a server that may stand still, while others have what it is asked for. */
    private static final Duration FIRST_ANSWER = Duration.ofMillis(500);
    /** How long messages are read from the leader after a server has not answered. */
    private static final long LEADER_ONLY_NANOS = 10_000_000_000L;

    /** A stream is full when less than this part of what it may have is left. */
    private static final int PART = 8;

    private static final int NO_STREAM = 10059;
    private static final int NO_MESSAGE = 10037;
    private static final int NOT_FOUND = 404;
    private static final int END_OF_BATCH = 204;
    /** Messages of one request. */
    private static final int MOST_IN_A_BATCH = 1_000;
    /** Requests that wait for their answers at a time. */
    private static final int MOST_AT_ONCE = 500;

    private final ClusterSettings settings;
    private final Subjects subjects;
    private final Link link;
    private final LongSupplier nanoTime;
    private volatile long leaderOnlyUntilNanos;

    NatsStreams(ClusterSettings settings, Subjects subjects, Link link, LongSupplier nanoTime) {
        this.settings = settings;
        this.subjects = subjects;
        this.link = link;
        this.nanoTime = nanoTime;
        this.leaderOnlyUntilNanos = nanoTime.getAsLong();
    }

    @Override
    public void await() throws IOException, InterruptedException {
        try {
            link.connection().flush(ANSWER);
        } catch (TimeoutException | IllegalStateException e) {
            throw new IOException("NATS does not answer", e);
        }
    }

    @Override
    public State prepare(int shard) throws IOException {
        StreamConfiguration wanted = configuration(shard);
        try {
            StreamInfo there = info(shard, null);
            if (there == null) {
                LOG.log(Level.INFO, "the cluster: made the stream " + wanted.getName());
                return state(management().addStream(wanted), null);
            }
            StreamConfiguration has = there.getConfiguration();
            if (!Objects.equals(has.getDescription(), wanted.getDescription())) {
                throw new ClusterException("the stream " + wanted.getName() + " is '" + has.getDescription()
                        + "' and has to be '" + wanted.getDescription() + "': the number of streams stays as it was");
            }
            boolean isAsWanted = has.getSubjects().containsAll(wanted.getSubjects())
                    && has.getMaxMsgsPerSubject() == wanted.getMaxMsgsPerSubject()
                    && has.getMaxBytes() == wanted.getMaxBytes()
                    && Objects.equals(has.getMaxAge(), wanted.getMaxAge())
                    && Objects.equals(has.getDuplicateWindow(), wanted.getDuplicateWindow())
                    && has.getReplicas() == wanted.getReplicas();
            return state(isAsWanted ? there : management().updateStream(wanted), null);
        } catch (JetStreamApiException e) {
            throw new IOException("the stream " + wanted.getName() + ": " + e.getMessage(), e);
        }
    }

    private JetStreamManagement management() throws IOException {
        return management(ANSWER);
    }

    private JetStreamManagement management(Duration patience) throws IOException {
        return link.connection()
                .jetStreamManagement(
                        JetStreamOptions.builder().requestTimeout(patience).build());
    }

    private StreamConfiguration configuration(int shard) {
        ClusterSettings.Kept kept = settings.kept();
        return StreamConfiguration.builder()
                .name(subjects.stream(shard))
                .description("Parley: rooms, stream " + shard + " of " + settings.streams())
                .subjects(subjects.saidIn(shard), subjects.changedIn(shard))
                .republish(Republish.builder()
                        .source(subjects.saidIn(shard))
                        .destination(subjects.republished())
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

    @Override
    public @Nullable State state(int shard, @Nullable String subject) throws IOException {
        try {
            StreamInfo there = info(shard, subject);
            return there == null ? null : state(there, subject);
        } catch (JetStreamApiException e) {
            throw new IOException(e);
        }
    }

    private @Nullable StreamInfo info(int shard, @Nullable String subject) throws IOException, JetStreamApiException {
        try {
            String stream = subjects.stream(shard);
            return subject == null
                    ? management().getStreamInfo(stream)
                    : management().getStreamInfo(stream, StreamInfoOptions.filterSubjects(subject));
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
        long most = info.getConfiguration().getMaxBytes();
        ClusterInfo cluster = info.getClusterInfo();
        String leader = cluster == null ? null : cluster.getLeader();
        return new State(
                Long.toString(nanos, Character.MAX_RADIX),
                leader == null ? "" : leader,
                isEmpty ? state.getLastSequence() + 1 : state.getFirstSequence(),
                state.getLastSequence(),
                count == null ? 0 : count,
                most > 0 && state.getByteCount() >= most - most / PART);
    }

    @Override
    public Batch read(int shard, String subject, long from, int limit, long bytes)
            throws IOException, InterruptedException {
        List<Kept> messages = new ArrayList<>();
        long next = Math.max(1, from);
        long left = Math.max(1, bytes);
        while (messages.size() < limit && left > 0) {
            List<Kept> some = new ArrayList<>();
            int most = Math.min(MOST_IN_A_BATCH, limit - messages.size());
            boolean isEnd = request(shard, subject, next, most, left, some);
            messages.addAll(some);
            if (isEnd || some.isEmpty()) {
                return new Batch(messages, true);
            }
            next = some.get(some.size() - 1).seq() + 1;
            left -= some.stream().mapToLong(kept -> kept.data().length).sum();
        }
        return new Batch(messages, false);
    }

    /** Makes one request and adds what it brings; returns whether there is nothing behind that. */
    private boolean request(int shard, String subject, long from, int limit, long bytes, List<Kept> into)
            throws IOException, InterruptedException {
        if (nanoTime.getAsLong() - leaderOnlyUntilNanos < 0) {
            return askTheLeader(shard, subject, from, into);
        }
        try {
            return askAny(shard, subject, from, limit, bytes, into);
        } catch (Link.UnansweredException e) {
            leaderOnlyUntilNanos = nanoTime.getAsLong() + LEADER_ONLY_NANOS;
            into.clear();
            return askTheLeader(shard, subject, from, into);
        }
    }

    private boolean askTheLeader(int shard, String subject, long from, List<Kept> into)
            throws IOException, InterruptedException {
        String body = "{\"seq\":" + from + ",\"next_by_subj\":\"" + subject + "\"}";
        MessageInfo next = message(shard, get(shard, body));
        if (next == null) {
            return true;
        }
        into.add(kept(next));
        return false;
    }

    private static Kept kept(MessageInfo message) {
        byte[] data = message.getData();
        return new Kept(
                message.getSeq(), data == null ? new byte[0] : data, Link.text(message.getHeaders(), "Nats-Msg-Id"));
    }

    private boolean askAny(int shard, String subject, long from, int limit, long bytes, List<Kept> into)
            throws IOException, InterruptedException {
        String body = "{\"seq\":" + from + ",\"next_by_subj\":\"" + subject + "\",\"batch\":" + limit
                + ",\"max_bytes\":" + Math.min(bytes, Integer.MAX_VALUE) + "}";
        try (Link.Answers answers = link.ask("$JS.API.DIRECT.GET." + subjects.stream(shard), utf8(body))) {
            long before = 0;
            while (true) {
                Message answer = answers.next(into.isEmpty() ? FIRST_ANSWER : ANSWER);
                Headers headers = answer.getHeaders();
                long last = Link.number(headers, "Nats-Last-Sequence");
                if (answer.isStatusMessage()) {
                    int code = answer.getStatus().getCode();
                    if (code != NOT_FOUND && code != END_OF_BATCH) {
                        throw new IOException("NATS: " + answer.getStatus().getMessageWithCode());
                    }
                    if (last != before) {
                        throw new IOException("part of an answer was lost");
                    }
                    return Link.number(headers, "Nats-Num-Pending") == 0;
                }
                if (last != before) {
                    throw new IOException("part of an answer was lost");
                }
                before = Link.number(headers, "Nats-Sequence");
                into.add(new Kept(before, answer.getData(), Link.text(headers, "Nats-Msg-Id")));
                if (Link.text(headers, "Nats-Num-Pending") == null) {
                    return false; // a server that knows no batches
                }
            }
        }
    }

    @Override
    public @Nullable Kept next(int shard, String subject, long from) throws IOException, InterruptedException {
        List<Kept> next = new ArrayList<>();
        askTheLeader(shard, subject, Math.max(1, from), next);
        return next.isEmpty() ? null : next.get(0);
    }

    @Override
    public List<@Nullable Kept> last(int shard, List<String> names) throws IOException, InterruptedException {
        List<@Nullable Kept> last = new ArrayList<>(names.size());
        for (int from = 0; from < names.size(); from += MOST_AT_ONCE) {
            List<CompletableFuture<Message>> answers = new ArrayList<>();
            for (String name : names.subList(from, Math.min(names.size(), from + MOST_AT_ONCE))) {
                answers.add(get(shard, "{\"last_by_subj\":\"" + name + "\"}"));
            }
            for (CompletableFuture<Message> answer : answers) {
                MessageInfo message = message(shard, answer);
                last.add(message == null ? null : kept(message));
            }
        }
        return last;
    }

    @Override
    public Set<String> subjects(int shard, String wildcard) throws IOException {
        try {
            StreamInfo there = info(shard, wildcard);
            return there == null
                    ? Set.of()
                    : there.getStreamState().getSubjectMap().keySet();
        } catch (JetStreamApiException e) {
            throw new IOException(e);
        }
    }

    @Override
    public long store(int shard, String subject, long behind, byte[] data) throws IOException {
        PublishOptions options = PublishOptions.builder()
                .expectedStream(subjects.stream(shard))
                .expectedLastSubjectSequence(behind)
                .build();
        try {
            return link.connection()
                    .jetStream(JetStreamOptions.builder().requestTimeout(ANSWER).build())
                    .publish(subject, data, options)
                    .getSeqno();
        } catch (JetStreamApiException | IllegalStateException e) {
            throw new IOException("NATS: " + e.getMessage(), e);
        }
    }

    @Override
    public void purge(int shard, String subject, long before) throws IOException {
        PurgeOptions what =
                PurgeOptions.builder().subject(subject).sequence(before).build();
        try {
            if (!management(PURGED).purgeStream(subjects.stream(shard), what).isSuccess()) {
                throw new IOException("NATS has not removed messages");
            }
        } catch (JetStreamApiException | IllegalStateException e) {
            throw new IOException("NATS: " + e.getMessage(), e);
        }
    }

    @Override
    public void erase(int shard, long seq) throws IOException, InterruptedException {
        try {
            management().deleteMessage(subjects.stream(shard), seq, true);
        } catch (JetStreamApiException | IllegalStateException e) {
            // Versions of NATS say in different ways that it is gone.
            if (message(shard, get(shard, "{\"seq\":" + seq + "}")) != null) {
                throw new IOException("NATS: " + e.getMessage(), e);
            }
        }
    }

    /** Asks the server that leads a stream for a message. */
    private CompletableFuture<Message> get(int shard, String body) throws IOException {
        try {
            return link.connection()
                    .requestWithTimeout("$JS.API.STREAM.MSG.GET." + subjects.stream(shard), utf8(body), ANSWER);
        } catch (IllegalStateException e) {
            throw new IOException("NATS is not connected", e);
        }
    }

    /** The message that was asked for; null for none. */
    private @Nullable MessageInfo message(int shard, CompletableFuture<Message> request)
            throws IOException, InterruptedException {
        try {
            Message answer = request.get(ANSWER.toMillis(), TimeUnit.MILLISECONDS);
            MessageInfo message = new MessageInfo(answer, subjects.stream(shard), false);
            if (message.hasError() && message.getApiErrorCode() != NO_MESSAGE) {
                throw new IOException("NATS: " + message.getError());
            }
            return message.hasError() ? null : message;
        } catch (TimeoutException | ExecutionException | CancellationException e) {
            throw new IOException("NATS does not answer", e);
        }
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}

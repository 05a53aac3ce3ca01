package parley.cluster;

import io.nats.client.JetStreamApiException;
import io.nats.client.JetStreamManagement;
import io.nats.client.JetStreamOptions;
import io.nats.client.KeyValueManagement;
import io.nats.client.Message;
import io.nats.client.PurgeOptions;
import io.nats.client.api.KeyValueConfiguration;
import io.nats.client.api.MessageInfo;
import io.nats.client.api.PublishAck;
import io.nats.client.api.StorageType;
import io.nats.client.api.StreamInfo;
import io.nats.client.api.StreamState;
import io.nats.client.impl.Headers;
import io.nats.client.impl.NatsMessage;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import parley.protocol.RoomName;
import parley.room.MarkStore;

/**
 * A key-value bucket of NATS JetStream (ADR-8 of NATS). Any thread. Keys are read from the server that leads the
 * bucket's stream, since the others may be behind, and set with the revision that was read: the stream compares and
 * stores in one step.
 */
final class NatsMarks implements MarkBucket {
    private static final Logger LOG = System.getLogger("parley.cluster");

    private static final Duration ANSWER = Duration.ofSeconds(2);
    /** Of a server that looks for the marks of one room among all. */
    private static final Duration PURGED = Duration.ofSeconds(10);
    /** Of the bucket: of marks with long names of rooms and users some hundred thousand, of others a million. */
    private static final long MOST_BYTES = 256L << 20;
    /** When the bucket is full, this part of its marks goes. It is full when less than this part is left. */
    private static final int PART = 16;

    private static final int NO_STREAM = 10059;
    private static final int NO_MESSAGE = 10037;
    /** Another message is the newest of its subject; or, with 10164, one is being stored. */
    private static final Set<Integer> MOVED = Set.of(10071, 10164);
    /** The stream cannot store it, mostly since it may have no more bytes: {@link #letOldestGo} looks. */
    private static final int FULL = 10077;

    private final ClusterSettings settings;
    private final Subjects subjects;
    private final Link link;

    NatsMarks(ClusterSettings settings, Subjects subjects, Link link) {
        this.settings = settings;
        this.subjects = subjects;
        this.link = link;
    }

    @Override
    public void prepare() throws IOException {
        KeyValueConfiguration wanted = KeyValueConfiguration.builder()
                .name(subjects.bucket())
                .description("Parley: read marks")
                .storageType(StorageType.File)
                .replicas(settings.replicas())
                .maxHistoryPerKey(1)
                .maxBucketSize(MOST_BYTES)
                .build();
        try {
            KeyValueManagement management = link.connection().keyValueManagement();
            management.create(wanted); // nothing is done where there is one like that
            LOG.log(Level.INFO, "the cluster: the bucket " + subjects.bucket() + " is there");
        } catch (JetStreamApiException | IllegalStateException e) {
            throw new IOException("the bucket " + subjects.bucket() + ": " + e.getMessage(), e);
        }
    }

    @Override
    public CompletableFuture<Kept> find(RoomName room, String user) {
        String body = "{\"last_by_subj\":\"" + subjects.mark(room, user) + "\"}";
        try {
            return link.connection()
                    .requestWithTimeout(
                            "$JS.API.STREAM.MSG.GET." + subjects.markStream(),
                            body.getBytes(StandardCharsets.UTF_8),
                            ANSWER)
                    .thenApply(this::kept);
        } catch (IOException | IllegalStateException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private Kept kept(Message answer) {
        MessageInfo message = new MessageInfo(answer, subjects.markStream(), false);
        if (message.hasError()) {
            if (message.getApiErrorCode() == NO_MESSAGE) {
                return Kept.NOTHING;
            }
            throw new CompletionException(
                    message.getApiErrorCode() == NO_STREAM
                            ? new NoBucketException()
                            : new IOException("NATS: " + message.getError()));
        }
        return new Kept(message.getSeq(), decode(message.getData()));
    }

    /** An operator may have deleted a key, which leaves an empty value. */
    private static MarkStore.@Nullable Mark decode(byte @Nullable [] data) {
        String[] parts = data == null ? new String[0] : new String(data, StandardCharsets.UTF_8).split(" ", -1);
        return parts.length == 2 && parts[1].matches("\\d{1,18}")
                ? new MarkStore.Mark(parts[0], Long.parseLong(parts[1]))
                : null;
    }

    @Override
    public CompletableFuture<Put> put(RoomName room, String user, long revision, MarkStore.Mark mark) {
        Link.Publisher now = link.publisher();
        if (now == null) {
            return CompletableFuture.failedFuture(new IOException("NATS is not connected"));
        }
        Message message = NatsMessage.builder()
                .subject(subjects.mark(room, user))
                .headers(new Headers().put("Nats-Expected-Last-Subject-Sequence", Long.toString(revision)))
                .data((mark.epoch() + " " + mark.seq()).getBytes(StandardCharsets.UTF_8))
                .build();
        try {
            return now.stream().publishAsync(message).handle(NatsMarks::put);
        } catch (IllegalArgumentException | IllegalStateException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private static Put put(@Nullable PublishAck ack, @Nullable Throwable failure) {
        if (failure == null) {
            return Put.DONE;
        }
        Throwable cause = failure;
        while (cause.getCause() != null && !(cause instanceof JetStreamApiException)) {
            cause = cause.getCause();
        }
        int code = cause instanceof JetStreamApiException refused ? refused.getApiErrorCode() : 0;
        if (MOVED.contains(code)) {
            return Put.MOVED;
        }
        if (code == FULL) {
            return Put.FULL;
        }
        throw new CompletionException(cause);
    }

    @Override
    public void keepNewest(RoomName room, long most) throws IOException {
        purge(subjects.marks(room), most);
    }

    @Override
    public void letOldestGo() throws IOException {
        try {
            StreamInfo bucket = management().getStreamInfo(subjects.markStream());
            long most = bucket.getConfiguration().getMaxBytes();
            StreamState has = bucket.getStreamState();
            // Another node may have been faster; and a stream that cannot store has other reasons too.
            if (most > 0 && has.getByteCount() >= most - most / PART) {
                long count = has.getMsgCount();
                purge(subjects.marks(), Math.max(1, count - count / PART - 1));
            }
        } catch (JetStreamApiException | IllegalStateException e) {
            throw new IOException("NATS: " + e.getMessage(), e);
        }
    }

    private void purge(String subject, long keep) throws IOException {
        PurgeOptions what = PurgeOptions.builder().subject(subject).keep(keep).build();
        try {
            management().purgeStream(subjects.markStream(), what);
        } catch (JetStreamApiException | IllegalStateException e) {
            throw new IOException("NATS: " + e.getMessage(), e);
        }
    }

    private JetStreamManagement management() throws IOException {
        return link.connection()
                .jetStreamManagement(
                        JetStreamOptions.builder().requestTimeout(PURGED).build());
    }
}

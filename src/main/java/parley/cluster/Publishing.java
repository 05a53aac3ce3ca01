package parley.cluster;

import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import io.nats.client.Message;
import io.nats.client.api.PublishAck;
import io.nats.client.impl.Headers;
import io.nats.client.impl.NatsMessage;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import parley.room.Outcome;

/** Has streams store messages. Any thread may call any method, and none waits. */
final class Publishing {
    private static final Logger LOG = System.getLogger("parley.cluster");

    private static final int BAD_REQUEST = 400;
    private static final int LARGER_THAN_STREAM_ALLOWS = 10054;
    /** Full, in one way or another: not that nobody leads the stream right now. */
    private static final Set<Integer> FULL = Set.of(10077, 10047, 10023);
    /** Another message is the newest of its subject; or, with 10164, one is being stored. */
    private static final Set<Integer> NOT_THE_LAST = Set.of(10071, 10164);
    /** From here on servers that keep a stream together compare when they store, and not only before. */
    private static final String COMPARES_WITH_REPLICAS = "2.9.21";

    private static final Outcome.CannotCompare TOO_OLD =
            new Outcome.CannotCompare("with nats.replicas, NATS before " + COMPARES_WITH_REPLICAS
                    + " cannot compare and store in one step;" + " publish without If-Match, or run a later NATS");

    /** Takes the result for a message, by a thread of the library's. */
    interface Answer {
        void stored(long seq, boolean isDuplicate);

        /** The stream does not store it; an {@link Outcome.Moved} says nothing of where the room is. */
        void refused(Outcome why);

        /** It may be stored or not. */
        void unknown();
    }

    private final Link link;
    private final Complaints complaints;
    private final int replicas;

    /**
     * @param replicas how many servers keep each stream
     */
    Publishing(Link link, Complaints complaints, int replicas) {
        this.link = link;
        this.complaints = complaints;
        this.replicas = replicas;
    }

    /**
     * Has the stream store a message, once however often it is sent with that id.
     *
     * @param behind the number of the newest message of the subject, 0 for none; empty for any
     */
    void store(String subject, String dedupId, OptionalLong behind, byte[] data, Answer answer) {
        Link.Publisher now = link.publisher();
        if (now == null) {
            answer.unknown();
            return;
        }
        if (behind.isPresent()
                && replicas > 1
                && !now.connection().getServerInfo().isSameOrNewerThanVersion(COMPARES_WITH_REPLICAS)) {
            answer.refused(TOO_OLD);
            return;
        }
        Headers headers = new Headers().put("Nats-Msg-Id", dedupId);
        behind.ifPresent(seq -> headers.put("Nats-Expected-Last-Subject-Sequence", Long.toString(seq)));
        // A server cuts the connection of all rooms when it is sent more.
        long size = (long) headers.serializedLength() + data.length;
        long most = maxPayload(now.connection());
        if (size > most) {
            answer.refused(tooLarge(size, most));
            return;
        }
        Message message = NatsMessage.builder()
                .subject(subject)
                .headers(headers)
                .data(data)
                .build();
        try {
            now.stream().publishAsync(message).whenComplete((ack, failure) -> answer(ack, failure, answer));
        } catch (IllegalArgumentException e) {
            answer.refused(tooLarge(size, maxPayload(now.connection()))); // less since this moment
        } catch (IllegalStateException e) {
            answer.unknown(); // disconnected this moment
        }
    }

    private static long maxPayload(Connection connection) {
        long most = connection.getMaxPayload();
        return most <= 0 ? Long.MAX_VALUE : most;
    }

    /** Of a message that is larger than servers take. */
    static Outcome.TooLarge tooLarge(long size, long most) {
        return new Outcome.TooLarge("the message has " + size + " bytes as it is stored, and this cluster takes " + most
                + " (max_payload of NATS); send a shorter one");
    }

    private void answer(@Nullable PublishAck ack, @Nullable Throwable failure, Answer answer) {
        Throwable cause = failure == null ? null : cause(failure);
        // 0: NATS 2.10 with replicas has been sent it before, and does not know yet whether it will be stored.
        if (ack != null && ack.getSeqno() > 0) {
            answer.stored(ack.getSeqno(), ack.isDuplicate());
        } else if (cause instanceof JetStreamApiException refused && NOT_THE_LAST.contains(refused.getApiErrorCode())) {
            answer.refused(new Outcome.Moved("", 0));
        } else if (cause instanceof JetStreamApiException refused && isFinal(refused)) {
            complaints.log("the stream does not take a message", refused);
            answer.refused(
                    refused.getApiErrorCode() == LARGER_THAN_STREAM_ALLOWS
                            ? new Outcome.TooLarge("the message is larger than the stream allows; send a shorter one")
                            : new Outcome.NotKept("the cluster's stream does not take the message ("
                                    + refused.getApiErrorCode() + "); retry later with the same id"));
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

    private static boolean isFinal(JetStreamApiException refused) {
        return refused.getErrorCode() == BAD_REQUEST
                || refused.getApiErrorCode() == LARGER_THAN_STREAM_ALLOWS
                || FULL.contains(refused.getApiErrorCode());
    }
}

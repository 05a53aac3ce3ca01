package parley.cluster;

import java.lang.System.Logger.Level;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import parley.protocol.Message;
import parley.protocol.RoomName;

/** Reads what nodes write; counts and logs what cannot be read. Any thread. */
final class Decoder {
    private static final String UNREADABLE = "a message cannot be read";

    private final Counted counted;
    private final Complaints complaints;

    Decoder(Counted counted, Complaints complaints) {
        this.counted = counted;
        this.complaints = complaints;
    }

    /** A message of a room; null when it cannot be read. */
    @Nullable
    Message message(RoomName room, long seq, byte[] data) {
        try {
            return Envelope.decode(data).message(seq);
        } catch (Envelope.UnreadableException e) {
            complain("number " + seq + " of the room " + room, e);
            return null;
        }
    }

    /** Something that another node said; empty when it cannot be read. */
    Optional<Envelope> envelope(String subject, byte[] data) {
        try {
            return Optional.of(Envelope.decode(data));
        } catch (Envelope.UnreadableException e) {
            complain("on " + subject, e);
            return Optional.empty();
        }
    }

    /** A changed message in the index of a room; null when it cannot be read. */
    @Nullable
    Folded folded(RoomName room, long seq, byte[] data) {
        try {
            return Folded.decode(data);
        } catch (Envelope.UnreadableException e) {
            complain("number " + seq + ", a changed message of the room " + room, e);
            return null;
        }
    }

    /** Who another node said is in a room; empty when it cannot be read. */
    Optional<PresentEnvelope> here(String subject, byte[] data) {
        try {
            return Optional.of(PresentEnvelope.decode(data));
        } catch (Envelope.UnreadableException e) {
            complain("on " + subject, e);
            return Optional.empty();
        }
    }

    private void complain(String which, Envelope.UnreadableException e) {
        counted.unreadable.increment();
        complaints.log(
                Level.ERROR,
                UNREADABLE,
                which + ": " + e.getMessage()
                        + ". Let all nodes have the same version, and let nobody else publish in their name.");
    }
}

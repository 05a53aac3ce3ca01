package parley.cluster;

import org.jspecify.annotations.Nullable;
import parley.protocol.ChangeKind;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.Revision;
import parley.protocol.RoomName;

/**
 * A changed message as it stands in the index of its room. Immutable.
 *
 * @param of the number of the message
 * @param clearUpTo behind the message the room has no other one up to that number: by this its neighbours tell whether
 *     any between are gone
 * @param envelope the message as its changes have made it
 */
record Folded(long of, long clearUpTo, Envelope envelope) {

    /** Reads an entry of the index. */
    static Folded decode(byte[] data) throws Envelope.UnreadableException {
        return Envelope.read(data, in -> {
            long of = in.readLong();
            long clearUpTo = in.readLong();
            Envelope envelope = Envelope.decode(Envelope.readBytes(in));
            if (!(envelope.revision() instanceof Revision.Changed)) {
                throw new Envelope.UnreadableException("it is a message that nobody has changed");
            }
            return new Folded(of, clearUpTo, envelope);
        });
    }

    /** The bytes of a message in the index. */
    static long bytes(String node, Message message) {
        Draft draft = new Draft(message.from(), message.user(), message.content(), message.id(), message.standing());
        Envelope.Quiet quiet = new Envelope.Quiet(0, 0);
        Envelope envelope = new Envelope(node, message.at(), 0, quiet, draft, message.revision());
        return new Folded(message.seq(), 0, envelope).encode().length;
    }

    byte[] encode() {
        return Envelope.write(out -> {
            out.writeLong(of);
            out.writeLong(clearUpTo);
            byte[] bytes = envelope.encode();
            out.writeInt(bytes.length);
            out.write(bytes);
        });
    }

    /** The number of its newest change. */
    long change() {
        return ((Revision.Changed) envelope.revision()).seq();
    }

    boolean isRemoved() {
        return envelope.draft().content().kind() == Content.Kind.REMOVED;
    }

    /** Whether it holds against another one, whichever was stored later: a removal does, or the newer change. */
    boolean holdsAgainst(Folded other) {
        return isRemoved() == other.isRemoved() ? !isRemoved() && change() > other.change() : isRemoved();
    }

    /** Its newest change, as far as what it takes the place of has to be erased: with the content of the message. */
    Message newestChange() {
        ChangeKind kind = isRemoved() ? ChangeKind.Whole.REMOVAL : ChangeKind.Whole.EDIT;
        return new Message(change(), envelope.at(), envelope.draft(), new Revision.Change(of, 0, kind));
    }

    /** The message as the stream would have it, if streams could be rewritten. */
    Streams.Kept asKept(RoomName room) {
        String id = envelope.draft().id();
        @Nullable String dedupId = id == null ? null : Subjects.dedupId(room, id);
        return new Streams.Kept(of, envelope.encode(), dedupId);
    }
}

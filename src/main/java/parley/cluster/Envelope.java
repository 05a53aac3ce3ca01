package parley.cluster;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import parley.protocol.ChangeKind;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.Revision;
import parley.protocol.Standing;

/**
 * What nodes send each other, in bytes: a version, fields in a fixed order, then any number of fields that carry a
 * tag and a length.
 *
 * <p>Nodes of neighbouring versions read each other. A later version begins with the fixed fields of the one before
 * it; what is new is a tagged field, and a node passes over tags that it does not know. What must not be taken for a
 * message by a node that does not know it has another kind of content.
 *
 * @param node which node it comes from
 * @param at when it was published, in milliseconds since 1970
 * @param back the number of a message of the room some way before this one, or 0 for its beginning: the way back in a
 *     stream that is only read forward
 * @param quiet where the room has no message, as the node knew when it sent this
 * @param revision what it has to do with changes
 */
record Envelope(String node, long at, long back, Quiet quiet, Draft draft, Revision revision) {
    static final int VERSION = 1;

    private static final int TAG_QUIET = 1;
    private static final int TAG_USER = 2;
    private static final int TAG_CHANGE = 3;
    private static final int TAG_CHANGED = 4;

    /** The kinds of content by their numbers, which stay. */
    private static final List<Content.Kind> KINDS = List.of(
            Content.Kind.TEXT,
            Content.Kind.DATA,
            Content.Kind.REMOVED,
            Content.Kind.SUPERSEDED,
            Content.Kind.REACTIONS);

    /** Added to the kind of the content of a change: nodes that know no changes cannot read it. */
    private static final int CHANGES = 16;

    /**
     * The room has no message behind one number, up to another: numbers between are of other rooms.
     *
     * @param after the number of a message of the room, or one up to which the stream had let go of everything
     */
    record Quiet(long after, long upTo) {
        static final Quiet UNKNOWN = new Quiet(0, -1);

        private boolean isKnown() {
            return upTo >= after;
        }
    }

    /** Bytes that no version known here has written. */
    static final class UnreadableException extends Exception {
        private static final long serialVersionUID = 1L;

        UnreadableException(String message) {
            super(message);
        }
    }

    /** A message that nobody has changed, or a signal. */
    Envelope(String node, long at, long back, Quiet quiet, Draft draft) {
        this(node, at, back, quiet, draft, Revision.None.UNCHANGED);
    }

    /** Something that only says which node it is from. */
    static Envelope of(String node, long at) {
        return of(node, at, 0);
    }

    /** Something that says which node it is from, and names a message. */
    static Envelope of(String node, long at, long seq) {
        Content nothing = new Content(Content.Kind.DATA, "", 0);
        return new Envelope(node, at, seq, Quiet.UNKNOWN, new Draft(null, nothing, null));
    }

    /** The entry of a room's log that this is under a number. */
    Message message(long seq) {
        return new Message(
                seq, at, draft.from(), draft.user(), draft.content(), draft.id(), revision, draft.standing());
    }

    /** This message as a change has made it. */
    Envelope changedBy(Message change) {
        Message now = message(0).changedBy(change);
        return new Envelope(node, at, back, quiet, saying(now.content(), now.standing()), now.revision());
    }

    private Draft saying(Content content, Standing standing) {
        return new Draft(draft.from(), draft.user(), content, draft.id(), standing);
    }

    /** This change when nobody needs it any more. */
    Envelope superseded() {
        return new Envelope(node, at, back, quiet, draft.with(Content.SUPERSEDED), revision);
    }

    byte[] encode() {
        return write(out -> {
            out.writeUTF(node);
            out.writeLong(at);
            out.writeLong(back);
            writeOptional(out, draft.from());
            writeOptional(out, draft.id());
            boolean isChange = revision instanceof Revision.Change;
            out.writeByte(KINDS.indexOf(draft.content().kind()) + (isChange ? CHANGES : 0));
            byte[] content = draft.content().text().getBytes(StandardCharsets.UTF_8);
            out.writeInt(content.length);
            out.write(content);
            if (quiet.isKnown()) {
                out.writeByte(TAG_QUIET);
                out.writeInt(2 * Long.BYTES);
                out.writeLong(quiet.after);
                out.writeLong(quiet.upTo);
            }
            if (draft.user() != null) {
                writeTagged(out, TAG_USER, draft.user().getBytes(StandardCharsets.UTF_8));
            }
            if (revision instanceof Revision.Change change) {
                writeTagged(out, TAG_CHANGE, bytes(field -> {
                    field.writeLong(change.of());
                    field.writeLong(change.before());
                    field.writeByte(number(change.kind()));
                }));
            } else if (revision instanceof Revision.Changed changed) {
                writeTagged(out, TAG_CHANGED, bytes(field -> {
                    field.writeLong(changed.seq());
                    field.writeLong(changed.at());
                    writeOptional(field, changed.from());
                    writeOptional(field, changed.user());
                }));
            }
        });
    }

    static Envelope decode(byte[] bytes) throws UnreadableException {
        return read(bytes, in -> {
            String node = in.readUTF();
            long at = in.readLong();
            long back = in.readLong();
            String from = readOptional(in);
            String id = readOptional(in);
            int number = in.readUnsignedByte();
            boolean isChange = number >= CHANGES;
            int kind = isChange ? number - CHANGES : number;
            if (kind >= KINDS.size()) {
                throw new UnreadableException("its content is of kind " + number);
            }
            byte[] text = readBytes(in);
            Content content = new Content(KINDS.get(kind), new String(text, StandardCharsets.UTF_8), text.length);
            Quiet quiet = Quiet.UNKNOWN;
            String user = null;
            Revision revision = Revision.None.UNCHANGED;
            for (int tag = in.read(); tag >= 0; tag = in.read()) {
                byte[] field = readBytes(in);
                DataInputStream fields = new DataInputStream(new ByteArrayInputStream(field));
                switch (tag) {
                    case TAG_QUIET -> quiet = new Quiet(fields.readLong(), fields.readLong());
                    case TAG_USER -> user = new String(field, StandardCharsets.UTF_8);
                    case TAG_CHANGE ->
                        revision = new Revision.Change(fields.readLong(), fields.readLong(), kind(fields.readByte()));
                    case TAG_CHANGED ->
                        revision = new Revision.Changed(
                                fields.readLong(), fields.readLong(), readOptional(fields), readOptional(fields));
                    default -> {}
                }
            }
            if (isChange != revision instanceof Revision.Change) {
                throw new UnreadableException("it is a change of no message");
            }
            return new Envelope(node, at, back, quiet, new Draft(from, user, content, id), revision);
        });
    }

    private static int number(ChangeKind kind) {
        if (kind instanceof ChangeKind.Whole whole) {
            return whole.ordinal();
        }
        throw new IllegalArgumentException(kind + " is no change that streams keep");
    }

    private static ChangeKind kind(int number) throws UnreadableException {
        if (number < 0 || number >= ChangeKind.Whole.values().length) {
            throw new UnreadableException("it is a change of kind " + number);
        }
        return ChangeKind.Whole.values()[number];
    }

    static void writeTagged(DataOutputStream out, int tag, byte[] field) throws IOException {
        out.writeByte(tag);
        out.writeInt(field.length);
        out.write(field);
    }

    interface Writing {
        void to(DataOutputStream out) throws IOException;
    }

    interface Reading<T> {
        T from(DataInputStream in) throws IOException, UnreadableException;
    }

    /** Writes the version, and what follows it. */
    static byte[] write(Writing writing) {
        return bytes(out -> {
            out.writeByte(VERSION);
            writing.to(out);
        });
    }

    private static byte[] bytes(Writing writing) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            writing.to(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // never, into memory
        }
        return bytes.toByteArray();
    }

    /** Reads what follows the version. Everybody who may publish there may publish anything. */
    static <T> T read(byte[] bytes, Reading<T> reading) throws UnreadableException {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            int version = in.readUnsignedByte();
            if (version < VERSION || version > VERSION + 1) {
                throw new UnreadableException(
                        "its version is " + version + ", and this node reads " + VERSION + " and " + (VERSION + 1));
            }
            return reading.from(in);
        } catch (IOException | RuntimeException e) {
            throw new UnreadableException("it is cut off, or nothing that a node writes");
        }
    }

    static byte[] readBytes(DataInputStream in) throws IOException, UnreadableException {
        int length = in.readInt();
        if (length < 0 || length > in.available()) {
            throw new UnreadableException("it is cut off");
        }
        return in.readNBytes(length);
    }

    static void writeOptional(DataOutputStream out, @Nullable String text) throws IOException {
        out.writeBoolean(text != null);
        if (text != null) {
            out.writeUTF(text);
        }
    }

    static @Nullable String readOptional(DataInputStream in) throws IOException {
        return in.readBoolean() ? in.readUTF() : null;
    }
}

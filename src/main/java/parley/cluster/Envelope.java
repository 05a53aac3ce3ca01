package parley.cluster;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import parley.protocol.Content;
import parley.protocol.Draft;

/**
 * What nodes send each other, in bytes: a version, fields in a fixed order, then any number of fields that carry a
 * tag and a length.
 *
 * <p>Nodes of neighbouring versions read each other. A later version begins with the fixed fields of the one before
 * it; what is new is a tagged field, and a node passes over tags that it does not know.
 *
 * @param node which node it comes from
 * @param at when it was published, in milliseconds since 1970
 * @param back the number of a message of the room some way before this one, or 0 for its beginning: the way back in a
 *     stream that is only read forward
 * @param quiet where the room has no message, as the node knew when it sent this
 */
record Envelope(String node, long at, long back, Quiet quiet, Draft draft) {
    static final int VERSION = 1;

    private static final int TAG_QUIET = 1;
    private static final int TAG_USER = 2;

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

    /** Something that only says which node it is from. */
    static Envelope of(String node, long at) {
        return of(node, at, 0);
    }

    /** Something that says which node it is from, and names a message. */
    static Envelope of(String node, long at, long seq) {
        Content nothing = new Content(Content.Kind.DATA, "", 0);
        return new Envelope(node, at, seq, Quiet.UNKNOWN, new Draft(null, nothing, null));
    }

    byte[] encode() {
        return write(out -> {
            out.writeUTF(node);
            out.writeLong(at);
            out.writeLong(back);
            writeOptional(out, draft.from());
            writeOptional(out, draft.id());
            out.writeByte(draft.content().kind().ordinal());
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
        });
    }

    static Envelope decode(byte[] bytes) throws UnreadableException {
        return read(bytes, in -> {
            String node = in.readUTF();
            long at = in.readLong();
            long back = in.readLong();
            String from = readOptional(in);
            String id = readOptional(in);
            int kind = in.readUnsignedByte();
            if (kind >= Content.Kind.values().length) {
                throw new UnreadableException("its content is of kind " + kind);
            }
            byte[] text = readBytes(in);
            Content content =
                    new Content(Content.Kind.values()[kind], new String(text, StandardCharsets.UTF_8), text.length);
            Quiet quiet = Quiet.UNKNOWN;
            String user = null;
            for (int tag = in.read(); tag >= 0; tag = in.read()) {
                byte[] field = readBytes(in);
                if (tag == TAG_QUIET) {
                    DataInputStream numbers = new DataInputStream(new ByteArrayInputStream(field));
                    quiet = new Quiet(numbers.readLong(), numbers.readLong());
                } else if (tag == TAG_USER) {
                    user = new String(field, StandardCharsets.UTF_8);
                }
            }
            return new Envelope(node, at, back, quiet, new Draft(from, user, content, id));
        });
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
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(VERSION);
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

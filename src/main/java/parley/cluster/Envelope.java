package parley.cluster;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.room.RoomStore;

/**
 * What nodes send each other, in bytes: a version, then fields in a fixed order.
 *
 * @param node which node it comes from
 * @param at when it was said, in milliseconds since 1970
 * @param back the number of a message of the room some way before this one, or 0 for its beginning: the way back in a stream that is only
 *     read forward
 */
record Envelope(String node, long at, long back, Draft draft) {
    private static final int VERSION = 1;
    private static final int MOST_NAMES = 1_000_000;

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
        });
    }

    /** Reads one; null when it is none, or one of a version to come. */
    static @Nullable Envelope decode(byte[] bytes) {
        return read(bytes, in -> {
            String node = in.readUTF();
            long at = in.readLong();
            long back = in.readLong();
            String from = readOptional(in);
            String id = readOptional(in);
            Content.Kind kind = Content.Kind.values()[in.readByte()];
            byte[] content = in.readNBytes(in.readInt());
            return new Envelope(
                    node,
                    at,
                    back,
                    new Draft(
                            from, new Content(kind, new String(content, StandardCharsets.UTF_8), content.length), id));
        });
    }

    /** Who is in a room at a node. */
    record Here(String node, RoomStore.Present present) {
        byte[] encode() {
            return write(out -> {
                out.writeUTF(node);
                out.writeInt(present.count());
                out.writeBoolean(present.isWhole());
                out.writeInt(present.names().size());
                for (Map.Entry<String, Integer> name : present.names().entrySet()) {
                    out.writeUTF(name.getKey());
                    out.writeInt(name.getValue());
                }
            });
        }

        static @Nullable Here decode(byte[] bytes) {
            return read(bytes, in -> {
                String node = in.readUTF();
                int count = in.readInt();
                boolean isWhole = in.readBoolean();
                int size = Math.min(in.readInt(), MOST_NAMES);
                Map<String, Integer> names = new HashMap<>();
                for (int i = 0; i < size; i++) {
                    names.put(in.readUTF(), in.readInt());
                }
                return new Here(node, new RoomStore.Present(count, names, isWhole));
            });
        }
    }

    private interface Writing {
        void to(DataOutputStream out) throws IOException;
    }

    private interface Reading<T> {
        T from(DataInputStream in) throws IOException;
    }

    private static byte[] write(Writing writing) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(VERSION);
            writing.to(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // never, into memory
        }
        return bytes.toByteArray();
    }

    private static <T> @Nullable T read(byte[] bytes, Reading<T> reading) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            return in.readByte() == VERSION ? reading.from(in) : null;
        } catch (IOException | RuntimeException e) {
            return null; // whoever may publish there may publish anything
        }
    }

    private static void writeOptional(DataOutputStream out, @Nullable String text) throws IOException {
        out.writeBoolean(text != null);
        if (text != null) {
            out.writeUTF(text);
        }
    }

    private static @Nullable String readOptional(DataInputStream in) throws IOException {
        return in.readBoolean() ? in.readUTF() : null;
    }
}

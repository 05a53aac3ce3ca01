package parley.delivery;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import parley.protocol.Event;

/**
 * What is sent to a client at once: a whole WebSocket message, several, or a part of an event stream. Immutable:
 * members at the same cursor share one.
 */
public sealed interface Frame {

    /**
     * Returns it ready for the wire: each message as one frame without a mask (RFC 6455 section 5.2), or as a chunk
     * (RFC 9112 section 7.1). Encoded once, for all members that share it. A sender takes a
     * {@link ByteBuffer#duplicate()}, so that the position stays where it is. Any thread.
     */
    ByteBuffer wire();

    /**
     * The same for clients that agreed on compression: each message compressed where that is worth it. Made once for
     * all who share it. Any thread.
     */
    default ByteBuffer wire(Deflation deflation) {
        return wire();
    }

    /** How long it is: about so many bytes. */
    int length();

    /** One that is encoded when it is first sent, and keeps its bytes for all who share it. */
    abstract sealed class Encoded implements Frame {
        /** Null until it is asked for. Any thread may set it, to the same bytes. */
        private volatile @Nullable ByteBuffer wire;
        /** The same, compressed; set under this object's lock, so that a frame is compressed once. */
        private volatile @Nullable ByteBuffer compressed;

        private Encoded() {}

        abstract ByteBuffer encode();

        ByteBuffer encode(Deflation deflation) {
            return wire();
        }

        @Override
        public final ByteBuffer wire(Deflation deflation) {
            ByteBuffer made = compressed;
            return made == null ? compressOnce(deflation) : made;
        }

        private synchronized ByteBuffer compressOnce(Deflation deflation) {
            ByteBuffer made = compressed;
            if (made == null) {
                made = encode(deflation);
                compressed = made;
            }
            return made;
        }

        @Override
        public final ByteBuffer wire() {
            ByteBuffer made = wire;
            if (made == null) {
                made = encode();
                wire = made;
            }
            return made;
        }
    }

    /** A text message (RFC 6455 section 5.6). */
    final class Text extends Encoded {
        private static final int OPCODE = 1;

        private final String text;

        public Text(String text) {
            this.text = text;
        }

        /** What it says. */
        public String text() {
            return text;
        }

        @Override
        public int length() {
            return text.length();
        }

        @Override
        ByteBuffer encode() {
            return WireFormat.frame(OPCODE, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
        }

        @Override
        ByteBuffer encode(Deflation deflation) {
            return deflation.frame(OPCODE, text.getBytes(StandardCharsets.UTF_8), this::wire);
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Text that && that.text.equals(text);
        }

        @Override
        public int hashCode() {
            return text.hashCode();
        }

        @Override
        public String toString() {
            return "Text[" + text + "]";
        }
    }

    /**
     * A binary message.
     *
     * @param bytes the message; a sender takes a duplicate
     */
    record Binary(ByteBuffer bytes) implements Frame {
        private static final int OPCODE = 2;

        @Override
        public ByteBuffer wire() {
            return WireFormat.frame(OPCODE, bytes.duplicate());
        }

        @Override
        public ByteBuffer wire(Deflation deflation) {
            byte[] message = new byte[bytes.remaining()];
            bytes.duplicate().get(message);
            return deflation.frame(OPCODE, message, this::wire);
        }

        @Override
        public int length() {
            return bytes.remaining();
        }
    }

    /** Some events of a stream. */
    final class Events extends Encoded {
        private final List<StreamEvent> events;
        private final int length;

        public Events(List<StreamEvent> events) {
            this.events = List.copyOf(events);
            this.length = events.stream().mapToInt(StreamEvent::length).sum();
        }

        /** In their order. */
        public List<StreamEvent> events() {
            return events;
        }

        @Override
        public int length() {
            return length;
        }

        @Override
        ByteBuffer encode() {
            return WireFormat.chunk(toString().getBytes(StandardCharsets.UTF_8));
        }

        /** The same bytes without the chunk around them, for a body that needs none or gets another. */
        public ByteBuffer body() {
            return WireFormat.body(wire());
        }

        /** As they stand in the stream. */
        @Override
        public String toString() {
            StringBuilder stream = new StringBuilder(length);
            events.forEach(event -> event.writeTo(stream));
            return stream.toString();
        }
    }

    /**
     * Events for a member in this process, which takes them as they are: they never go over a wire.
     *
     * @param events at least one
     */
    record Direct(List<Event> events) implements Frame {
        @Override
        public ByteBuffer wire() {
            throw new UnsupportedOperationException("taken by a member in this process");
        }

        @Override
        public int length() {
            return 0;
        }
    }

    /**
     * Several messages, which a transport that can writes at once: a write to the kernel costs more than what is in it,
     * as long as messages are small. Never empty, and none of several.
     */
    final class Several extends Encoded {
        private final List<Frame> messages;
        private final int length;

        private Several(List<Frame> messages) {
            this.messages = List.copyOf(messages);
            this.length = messages.stream().mapToInt(Frame::length).sum();
        }

        /** The messages in their order; at least two. */
        public List<Frame> messages() {
            return messages;
        }

        @Override
        public int length() {
            return length;
        }

        @Override
        ByteBuffer encode() {
            return joined(messages.stream().map(Frame::wire).toList());
        }

        @Override
        ByteBuffer encode(Deflation deflation) {
            List<ByteBuffer> frames =
                    messages.stream().map(message -> message.wire(deflation)).toList();
            boolean isCompressed = frames.stream().anyMatch(frame -> (frame.get(0) & Deflation.RSV1) != 0);
            return isCompressed ? joined(frames) : wire();
        }

        private static ByteBuffer joined(List<ByteBuffer> frames) {
            ByteBuffer all = ByteBuffer.allocate(
                    frames.stream().mapToInt(ByteBuffer::remaining).sum());
            frames.forEach(frame -> all.put(frame.duplicate()));
            return all.flip();
        }

        @Override
        public String toString() {
            return "Several" + messages;
        }
    }

    /** Messages to be sent at once: a single one as it is. There is at least one. */
    static Frame of(List<? extends Frame> messages) {
        return messages.size() == 1 ? messages.get(0) : new Several(List.copyOf(messages));
    }
}

package parley.delivery;

import org.jspecify.annotations.Nullable;

/**
 * One event of an event stream (WHATWG HTML section 9.2.6), as {@code EventSource} reads it. Immutable.
 *
 * @param id what the client shows when it comes back; null for an event that does not move its position
 * @param type the name of the event; null for {@code message}
 * @param retryMillis after how long the client comes back when the stream ends; null to leave that as it is
 * @param data what it says: one line, as all JSON lines are
 */
public record StreamEvent(
        @Nullable String id,
        @Nullable String type,
        @Nullable Integer retryMillis,
        String data) {
    /** What one has besides its parts: names of fields and ends of lines. */
    private static final int FRAMING = 24;

    /** An event of the default type. */
    public static StreamEvent message(String id, String data) {
        return new StreamEvent(id, null, null, data);
    }

    /** An event that does not move the client's position. */
    public static StreamEvent of(String type, String data) {
        return new StreamEvent(null, type, null, data);
    }

    /** The same event with another id. */
    public StreamEvent withId(String other) {
        return new StreamEvent(other, type, retryMillis, data);
    }

    /** About how many bytes it has. */
    int length() {
        return data.length() + (id == null ? 0 : id.length()) + FRAMING;
    }

    /**
     * Writes it with the blank line behind it, at which clients dispatch it. The id comes behind the data: some clients
     * take over the id of an event that was cut off, and would resume behind a message that they never had.
     */
    void writeTo(StringBuilder stream) {
        if (retryMillis != null) {
            stream.append("retry: ").append(retryMillis).append('\n');
        }
        if (type != null) {
            stream.append("event: ").append(type).append('\n');
        }
        stream.append("data: ").append(data).append('\n');
        if (id != null) {
            stream.append("id: ").append(id).append('\n');
        }
        stream.append('\n');
    }

    /** As it stands in a stream. */
    @Override
    public String toString() {
        StringBuilder stream = new StringBuilder(length());
        writeTo(stream);
        return stream.toString();
    }
}

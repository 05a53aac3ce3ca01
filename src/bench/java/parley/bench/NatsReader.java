package parley.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a NATS server sends, in a buffer, one operation after the other ("Client Protocol" in its documentation).
 * Messages with headers are refused, since a client gets them only when it asks for them.
 */
final class NatsReader {
    /** Between the parts is white space, of which servers write more than one where no reply is wanted. */
    private static final Pattern MESSAGE = Pattern.compile("MSG\\s+\\S+\\s+\\S+\\s+(?:\\S+\\s+)?(\\d{1,7})");

    private Operation operation = Operation.OTHER;
    private String text = "";
    private int end;

    enum Operation {
        MESSAGE,
        PING,
        /** After which the server ends the connection, mostly. */
        ERROR,
        /** What needs no answer. */
        OTHER
    }

    /** Whether all of an operation lies between the two indexes, at the first; then the accessors tell of it. */
    boolean read(ByteBuffer in, int from, int to) throws IOException {
        int newline = from;
        while (newline < to && in.get(newline) != '\n') {
            newline++;
        }
        if (newline == to) {
            return false;
        }
        text = text(in, from, newline).stripTrailing();
        end = newline + 1;
        String word = text.split("\\s+", 2)[0];
        operation = switch (word) {
            case "MSG" -> Operation.MESSAGE;
            case "PING" -> Operation.PING;
            case "-ERR" -> Operation.ERROR;
            case "INFO", "PONG", "+OK" -> Operation.OTHER;
            default -> throw new IOException("no operation of NATS: " + text);
        };
        return operation != Operation.MESSAGE || isWhole(in, to);
    }

    private boolean isWhole(ByteBuffer in, int to) throws IOException {
        Matcher message = MESSAGE.matcher(text);
        if (!message.matches()) {
            throw new IOException("no message of NATS: " + text);
        }
        int start = end;
        int contentEnd = start + Integer.parseInt(message.group(1));
        end = contentEnd + 2;
        if (end > to) {
            return false;
        }
        text = text(in, start, contentEnd);
        return true;
    }

    private static String text(ByteBuffer in, int from, int to) {
        byte[] bytes = new byte[to - from];
        in.get(from, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    Operation operation() {
        return operation;
    }

    /** The payload of a message, and the line of what is none. */
    String text() {
        return text;
    }

    /** Where the next one begins. */
    int end() {
        return end;
    }
}

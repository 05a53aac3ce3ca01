package parley.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A {@code POST} for each message, to Parley or to what answers as it does. */
record HttpPublishing(int port) implements Publishing {
    private static final Pattern LENGTH = Pattern.compile("\r\ncontent-length: *(\\d+)\r\n");

    @Override
    public byte[] hello(int client) {
        return new byte[0];
    }

    @Override
    public byte[] request(int client, String room, int size) {
        String body = "{\"text\":\"" + "x".repeat(size) + "\"}";
        String request = "POST /rooms/" + room + "/messages HTTP/1.1\r\nHost: 127.0.0.1:" + port
                + "\r\nContent-Type: application/json\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
        return request.getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public Heard read(ByteBuffer in, WritableByteChannel out) throws IOException {
        String answer = new String(in.array(), in.position(), in.remaining(), StandardCharsets.ISO_8859_1);
        int body = answer.indexOf("\r\n\r\n") + 4;
        if (body < 4) {
            return Heard.NOTHING;
        }
        String head = answer.substring(0, body).toLowerCase(Locale.ROOT);
        if (!head.startsWith("http/1.1 201")) {
            throw new IOException("refused: " + answer.lines().findFirst().orElse(""));
        }
        Matcher length = LENGTH.matcher(head);
        boolean isWhole = length.find()
                ? answer.length() - body >= Integer.parseInt(length.group(1))
                : answer.endsWith("\r\n0\r\n\r\n");
        if (!isWhole) {
            return Heard.NOTHING;
        }
        in.position(in.limit()); // nothing comes behind an answer before the next request
        return head.contains("\r\nconnection: close\r\n") ? Heard.KEPT_AND_ENDS : Heard.KEPT;
    }
}

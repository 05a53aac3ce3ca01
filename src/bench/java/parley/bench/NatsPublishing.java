package parley.bench;

import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import io.nats.client.Nats;
import io.nats.client.api.StorageType;
import io.nats.client.api.StreamConfiguration;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;

/**
 * A publication to JetStream for each message, over NATS's own protocol. It names an inbox, to which the stream sends
 * its ack when it has the message.
 */
final class NatsPublishing implements Publishing {
    private static final String STREAM = "posts";
    /** As many as a room of Parley keeps in memory, so that neither grows while it is measured. */
    private static final int KEPT = 1000;

    private static final byte[] PONG = ascii("PONG\r\n");

    private final NatsReader operations = new NatsReader();

    /** Makes the stream, of which each room is a subject. */
    NatsPublishing(int port, StorageType storage) throws IOException, InterruptedException {
        try (Connection connection = Nats.connect("nats://127.0.0.1:" + port)) {
            connection
                    .jetStreamManagement()
                    .addStream(StreamConfiguration.builder()
                            .name(STREAM)
                            .subjects(STREAM + ".*")
                            .storageType(storage)
                            .maxMessagesPerSubject(KEPT)
                            .build());
        } catch (JetStreamApiException e) {
            throw new IOException(e);
        }
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static String inbox(int client) {
        return "_INBOX." + client;
    }

    @Override
    public byte[] hello(int client) {
        return ascii("CONNECT {\"verbose\":false,\"pedantic\":false}\r\nSUB " + inbox(client) + " 1\r\n");
    }

    @Override
    public byte[] request(int client, String room, int size) {
        return ascii(
                "PUB " + STREAM + "." + room + " " + inbox(client) + " " + size + "\r\n" + "x".repeat(size) + "\r\n");
    }

    @Override
    public Heard read(ByteBuffer in, WritableByteChannel out) throws IOException {
        while (operations.read(in, in.position(), in.limit())) {
            in.position(operations.end());
            switch (operations.operation()) {
                case MESSAGE -> {
                    if (operations.text().contains("\"error\"")) {
                        throw new IOException("refused: " + operations.text());
                    }
                    return Heard.KEPT;
                }
                case ERROR -> throw new IOException("refused: " + operations.text());
                case PING -> out.write(ByteBuffer.wrap(PONG));
                case OTHER -> {}
            }
        }
        return Heard.NOTHING;
    }
}

package parley.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/** How a client asks a server to keep a message, and how the server says that it has. For one thread. */
interface Publishing {
    /** What the beginning of a buffer says. */
    enum Heard {
        /** Nothing as a whole: more must come. */
        NOTHING,
        KEPT,
        /** The message is kept, and the server ends the connection. */
        KEPT_AND_ENDS
    }

    /** What a client sends when it is connected, before its first request. */
    byte[] hello(int client);

    /** What it sends for each message. */
    byte[] request(int client, String room, int size);

    /**
     * Takes the next answer from a buffer, and what comes before it.
     *
     * @param in backed by an array
     * @param out the client's connection, for what the server wants to hear at once
     * @throws IOException when the server refuses the message, or does not speak this way
     */
    Heard read(ByteBuffer in, WritableByteChannel out) throws IOException;
}

package parley.endpoint;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import parley.protocol.Utf8;
import parley.session.Connection;
import parley.session.Ending;

/**
 * Puts a session's messages together from their parts and passes them on, up to the message limit. Called by the
 * container, one call at a time for a session.
 *
 * <p>It takes parts, not whole messages, because then the limit is ours on every server: WildFly and Open Liberty do
 * not enforce {@code maxMessageSize} on fragments, Tomcat counts characters, and the defaults go from 8 KB to none.
 * Nothing it does may throw: Tomcat 10.1 and Jetty close the session then.
 */
final class Inbound {
    /** What came of a text message so far, or null between messages. */
    private @Nullable StringBuilder text;

    private int textBytes;
    /** What came of a binary message so far, or null between messages. */
    private @Nullable ByteArrayOutputStream binary;

    /** A part of a text message came; for nobody when the client was turned away. */
    void text(@Nullable Connection connection, String part, boolean last) {
        pass(connection, to -> add(to, part, last));
    }

    /** A part of a binary message came. */
    void binary(@Nullable Connection connection, ByteBuffer part, boolean last) {
        pass(connection, to -> add(to, part, last));
    }

    /** A pong came. */
    void pong(@Nullable Connection connection) {
        pass(connection, Connection::emptyFrame);
    }

    private static void pass(@Nullable Connection to, Consumer<Connection> step) {
        if (to == null || to.hasEnded()) {
            return; // what comes until the container has closed it, and a message in parts that was too big may be long
        }
        try {
            to.heard();
            step.accept(to);
        } catch (RuntimeException | Error e) {
            to.faulted(e);
        } finally {
            to.done();
        }
    }

    private void add(Connection to, String part, boolean last) {
        textBytes += Utf8.length(part);
        if (textBytes > to.longestMessage() || textBytes < 0) {
            text = null;
            to.end(Ending.TOO_BIG);
            return;
        }
        if (!last) {
            text = (text == null ? new StringBuilder() : text).append(part);
            hasMore(to, part.isEmpty());
            return;
        }
        String whole = text == null ? part : text.append(part).toString();
        int bytes = textBytes;
        text = null;
        textBytes = 0;
        to.unfinished(0);
        to.text(whole, bytes);
    }

    /** A part came that is not the last: what has come so far is held until that comes. */
    private void hasMore(Connection to, boolean isEmpty) {
        if (isEmpty) {
            to.emptyFrame();
        }
        to.unfinished(textBytes + (binary == null ? 0L : binary.size()));
    }

    private void add(Connection to, ByteBuffer part, boolean last) {
        int before = binary == null ? 0 : binary.size();
        if (part.remaining() > to.longestMessage() - before) {
            binary = null;
            to.end(Ending.TOO_BIG);
            return;
        }
        byte[] bytes = new byte[part.remaining()];
        part.get(bytes);
        if (last && binary == null) {
            to.binary(ByteBuffer.wrap(bytes));
            return;
        }
        ByteArrayOutputStream whole = binary == null ? new ByteArrayOutputStream() : binary;
        whole.writeBytes(bytes);
        binary = last ? null : whole;
        if (last) {
            to.unfinished(0);
            to.binary(ByteBuffer.wrap(whole.toByteArray()));
        } else {
            hasMore(to, bytes.length == 0);
        }
    }
}

package parley.standalone;

import org.glassfish.grizzly.Buffer;
import org.glassfish.grizzly.Connection;
import org.glassfish.grizzly.Grizzly;
import org.glassfish.grizzly.attributes.Attribute;
import org.glassfish.grizzly.filterchain.BaseFilter;
import org.glassfish.grizzly.filterchain.FilterChainContext;
import org.glassfish.grizzly.filterchain.NextAction;
import org.glassfish.grizzly.memory.Buffers;
import org.jspecify.annotations.Nullable;

/**
 * Copies the bytes of requests out of the memory that a selector reads into. Grizzly 4.0.2 gives that memory out again,
 * for the header of an answer, while requests that a client has sent behind it still wait there. Only connections that
 * speak HTTP pass here. Called by the selectors.
 *
 * <p>While a request waits for something other than its client, the connection may be read, to hear when the client
 * goes. What the client sends behind the request waits here then, one read of it: nothing more is read meanwhile.
 */
final class RequestBytes extends BaseFilter {
    private static final Attribute<Held> HELD =
            Grizzly.DEFAULT_ATTRIBUTE_BUILDER.createAttribute(RequestBytes.class.getName() + ".held");

    /** What came from a client whose request is not answered yet. Touched by its selector. */
    private static final class Held {
        private @Nullable FilterChainContext read;
    }

    /** Has what comes from now on wait. By the connection's selector. */
    static void hold(Connection<?> connection) {
        HELD.set(connection, new Held());
    }

    /** Passes on what has come meanwhile. By the connection's selector. */
    static void release(Connection<?> connection) {
        Held held = HELD.remove(connection);
        FilterChainContext read = held == null ? null : held.read;
        if (read != null) {
            read.resumeNext();
        }
    }

    @Override
    public NextAction handleRead(FilterChainContext ctx) {
        Buffer read = ctx.getMessage();
        byte[] bytes = new byte[read.remaining()];
        read.get(bytes);
        read.tryDispose();
        ctx.setMessage(Buffers.wrap(null, bytes));
        Held held = HELD.get(ctx.getConnection());
        if (held == null) {
            return ctx.getInvokeAction();
        }
        held.read = ctx;
        ctx.suspend();
        return ctx.getSuspendAction();
    }
}

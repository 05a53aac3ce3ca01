package parley.standalone;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.glassfish.grizzly.Buffer;
import org.glassfish.grizzly.Connection;
import org.glassfish.grizzly.Grizzly;
import org.glassfish.grizzly.attributes.Attribute;
import org.glassfish.grizzly.filterchain.BaseFilter;
import org.glassfish.grizzly.filterchain.Filter;
import org.glassfish.grizzly.filterchain.FilterChain;
import org.glassfish.grizzly.filterchain.FilterChainBuilder;
import org.glassfish.grizzly.filterchain.FilterChainContext;
import org.glassfish.grizzly.filterchain.NextAction;
import org.glassfish.grizzly.http.HttpServerFilter;
import org.glassfish.grizzly.memory.ByteBufferArray;

/**
 * The end of the chain of a connection that speaks WebSocket: what comes goes to its watch. Such a connection gets a
 * chain without the filters of HTTP, which would see every byte, and lets go of its request, which has some kilobytes.
 * Called by the selectors.
 */
final class FrameFilter extends BaseFilter {
    private final Attribute<FrameWatch> watches =
            Grizzly.DEFAULT_ATTRIBUTE_BUILDER.createAttribute(FrameFilter.class.getName() + ".watch");

    /** For each chain of HTTP the one that its connections change to: one, since there is one listener. */
    private final Map<FilterChain, FilterChain> chains = new ConcurrentHashMap<>();

    /** Moves a connection from the chain that it is in to one for frames. */
    void take(Connection<?> connection, FilterChain of, FrameWatch watch) {
        // It has seven kilobytes.
        connection
                .getAttributes()
                .removeAttribute(org.glassfish.grizzly.http.HttpServerFilter.HTTP_SERVER_REQUEST_ATTR_NAME);
        watches.set(connection, watch);
        connection.setProcessor(chains.computeIfAbsent(of, http -> withoutHttp(http, this)));
    }

    /** Returns a chain in which that filter takes the place of HTTP and all behind it. */
    static FilterChain withoutHttp(FilterChain http, Filter instead) {
        FilterChainBuilder chain = FilterChainBuilder.stateless();
        http.subList(0, http.indexOfType(HttpServerFilter.class)).stream()
                .filter(filter -> !(filter instanceof UnhandledConnections || filter instanceof RequestBytes))
                .forEach(chain::add);
        return chain.add(instead).build();
    }

    @Override
    public NextAction handleRead(FilterChainContext ctx) {
        FrameWatch watch = watches.get(ctx.getConnection());
        if (watch != null) {
            pass(ctx.getMessage(), watch);
        }
        return ctx.getStopAction();
    }

    /** A selector keeps the connection that it served last, gone or not: with it, this would keep the session. */
    @Override
    public NextAction handleClose(FilterChainContext ctx) {
        watches.remove(ctx.getConnection());
        return ctx.getInvokeAction();
    }

    /** Passes bytes on. */
    static void pass(Buffer bytes, FrameWatch watch) {
        if (!bytes.isComposite()) {
            watch.handle(bytes.toByteBuffer());
            return;
        }
        ByteBufferArray parts = bytes.toByteBufferArray();
        ByteBuffer[] array = parts.getArray();
        for (int i = 0; i < parts.size(); i++) {
            watch.handle(array[i]);
        }
        parts.recycle();
    }
}

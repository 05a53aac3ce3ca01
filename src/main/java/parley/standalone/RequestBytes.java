package parley.standalone;

import org.glassfish.grizzly.Buffer;
import org.glassfish.grizzly.filterchain.BaseFilter;
import org.glassfish.grizzly.filterchain.FilterChainContext;
import org.glassfish.grizzly.filterchain.NextAction;
import org.glassfish.grizzly.memory.Buffers;

/**
 * Copies the bytes of requests out of the memory that a selector reads into. Grizzly 4.0.2 gives that memory out again,
 * for the header of an answer, while requests that a client has sent behind it still wait there. Only connections that
 * speak HTTP pass here. Called by the selectors.
 */
final class RequestBytes extends BaseFilter {
    @Override
    public NextAction handleRead(FilterChainContext ctx) {
        Buffer read = ctx.getMessage();
        byte[] bytes = new byte[read.remaining()];
        read.get(bytes);
        read.tryDispose();
        ctx.setMessage(Buffers.wrap(null, bytes));
        return ctx.getInvokeAction();
    }
}

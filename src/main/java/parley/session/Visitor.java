package parley.session;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;
import parley.access.Grant;

/**
 * Who has been let in.
 *
 * @param address where the client is, as far as the proxies between are believed; null when the container does not tell
 * @param peer who made the TCP connection, for log lines: the client, or a proxy
 * @param grant what the client may do
 */
public record Visitor(
        @Nullable InetAddress address, @Nullable InetSocketAddress peer, Grant grant) {
    /** From nobody knows where, and free to do anything. */
    public static final Visitor UNKNOWN = new Visitor(null, null, Grant.ANYONE);

    /**
     * Says where it is, for a log line: the client's address, and the proxy it came by. Empty when that is not known.
     */
    String from() {
        if (address == null || peer == null) {
            return "";
        }
        String connected = peer.getAddress().getHostAddress() + ":" + peer.getPort();
        return peer.getAddress().equals(address) ? connected : address.getHostAddress() + " by " + connected;
    }
}

package parley.session;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/** Limits the connections from each address. Null is an address that is not known. Any thread. */
public interface AddressLimit {
    /** Lets any number in. */
    AddressLimit NONE = new AddressLimit() {
        @Override
        public boolean enter(@Nullable InetAddress address) {
            return true;
        }

        @Override
        public void leave(@Nullable InetAddress address) {}
    };

    /** Counts one more; returns whether that is within the limit. {@link #leave} follows in any case. */
    boolean enter(@Nullable InetAddress address);

    /** Counts one less. */
    void leave(@Nullable InetAddress address);
}

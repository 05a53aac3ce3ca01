package parley.client;

import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What an application chose for its client. Immutable.
 *
 * @param name null for none
 * @param token gets one before each connection; null for none
 * @param isTokenFixed whether it gets the same one each time
 * @param unsent how many messages may wait for their acknowledgement
 * @param remembered how many messages callbacks and subscribers may be behind
 */
record ClientOptions(
        ChatAddress address,
        @Nullable String name,
        @Nullable Supplier<String> token,
        boolean isTokenFixed,
        int unsent,
        int remembered,
        Duration leastWait,
        Duration mostWait) {}

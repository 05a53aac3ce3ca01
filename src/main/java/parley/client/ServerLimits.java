package parley.client;

import jakarta.json.JsonObject;

/**
 * What a server allows a connection, as its {@code welcome} says. Immutable.
 *
 * @param bytes of a message
 * @param commandBytes of a WebSocket message
 * @param rooms that a connection may be in
 * @param rate commands a second, five times that in a burst; 0 for no limit
 * @param bytesPerSecond bytes of WebSocket messages a second, five times that in a burst; 0 for no limit
 */
public record ServerLimits(long bytes, long commandBytes, long rooms, long rate, long bytesPerSecond) {
    /** Of servers that do not say theirs. */
    private static final long BYTES_PER_SECOND = 1 << 20;

    static ServerLimits of(JsonObject limits) {
        return new ServerLimits(
                Wire.number(limits, "bytes", Long.MAX_VALUE),
                Wire.number(limits, "commandBytes", Long.MAX_VALUE),
                Wire.number(limits, "rooms", Long.MAX_VALUE),
                Wire.number(limits, "rate", 0),
                Wire.number(limits, "bytesPerSecond", BYTES_PER_SECOND));
    }
}

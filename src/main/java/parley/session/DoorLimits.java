package parley.session;

/**
 * What the door lets in.
 *
 * @param handshakesPerSecond handshakes a second in all, with a burst of five times that; 0 for no limit
 */
public record DoorLimits(int handshakesPerSecond) {}

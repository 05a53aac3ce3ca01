package parley.session;

/**
 * What the door lets in.
 *
 * @param handshakesPerSecond handshakes a second in all, with a burst of five times that; 0 for no limit
 * @param handshakesPerSecondPerAddress the same from one address
 */
public record DoorLimits(int handshakesPerSecond, int handshakesPerSecondPerAddress) {}

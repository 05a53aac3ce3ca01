package parley.door;

/**
 * What the door lets in.
 *
 * @param handshakesPerSecond handshakes a second in all, with a burst of five times that; 0 for no limit
 * @param handshakesPerSecondPerAddress the same from one address
 * @param connectionsPerAddress connections at once from one address; 0 for no limit
 */
public record DoorLimits(int handshakesPerSecond, int handshakesPerSecondPerAddress, int connectionsPerAddress) {}

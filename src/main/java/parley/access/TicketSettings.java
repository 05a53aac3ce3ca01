package parley.access;

import java.time.Duration;

/**
 * How tickets are made.
 *
 * @param lifetime how long one holds
 * @param key what they are signed with, the same on servers that take each other's; empty for one that follows from the
 *     secret of tokens, or else for a random one
 * @param tokenSecret the secret that tokens are signed with; empty for none
 */
public record TicketSettings(Duration lifetime, String key, String tokenSecret) {
    /** Leaves out the secrets. */
    @Override
    public String toString() {
        return "TicketSettings[" + lifetime + "]";
    }
}

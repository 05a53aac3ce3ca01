package parley.access;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import parley.protocol.Userinfo;

/**
 * What tokens are checked with. Of the first three one is given.
 *
 * @param secret the secret that both sides share; empty for none
 * @param publicKey a file with a public key in PEM
 * @param jwks a file or address with a set of keys; empty for none
 * @param refresh how long a set of keys is used before it is read again
 * @param issuer what {@code iss} has to be; empty for any
 * @param audience what {@code aud} has to name; empty for any
 * @param leeway how far clocks may be apart
 */
public record AccessSettings(
        String secret,
        @Nullable Path publicKey,
        String jwks,
        Duration refresh,
        String issuer,
        String audience,
        Duration leeway) {
    @Override
    public String toString() {
        return "AccessSettings[" + (secret.isEmpty() ? "" : "a secret, ") + publicKey + ", " + Userinfo.masked(jwks)
                + "]";
    }
}

package parley.access;

import java.time.Clock;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.MalformedClaimException;
import org.jose4j.jwt.consumer.ErrorCodeValidator;
import org.jose4j.jwt.consumer.ErrorCodes;
import org.jose4j.jwt.consumer.JwtContext;
import org.jspecify.annotations.Nullable;

/**
 * When a token holds (RFC 7519 sections 4.1.4 and 4.1.5). The library refuses numbers beyond 2^63, and cannot take
 * those beyond a thousandth of it in milliseconds; here a far future is a far future, whatever number says it.
 * Immutable.
 */
final class Times implements ErrorCodeValidator {
    private static final double MILLIS = 1000;

    private final Clock clock;
    private final long leewayMillis;

    Times(Clock clock, long leewayMillis) {
        this.clock = clock;
        this.leewayMillis = leewayMillis;
    }

    @Override
    public @Nullable Error validate(JwtContext context) throws MalformedClaimException {
        long now = clock.millis();
        if (now >= end(context.getJwtClaims())) {
            return new Error(ErrorCodes.EXPIRED, "expired");
        }
        Number begin = number(context.getJwtClaims(), "nbf");
        if (begin != null && now < begin.doubleValue() * MILLIS - leewayMillis) {
            return new Error(ErrorCodes.NOT_YET_VALID, "not valid yet");
        }
        return null;
    }

    /** When it ends, the leeway included, in milliseconds since 1970; the largest number when that is never. */
    long end(JwtClaims claims) throws MalformedClaimException {
        Number end = number(claims, "exp");
        return end == null ? Long.MAX_VALUE : (long) (end.doubleValue() * MILLIS + leewayMillis); // the cast saturates
    }

    private static @Nullable Number number(JwtClaims claims, String claim) throws MalformedClaimException {
        return claims.getClaimValue(claim, Number.class);
    }
}

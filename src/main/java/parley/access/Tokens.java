package parley.access;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Clock;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.jose4j.jwa.AlgorithmConstraints;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.MalformedClaimException;
import org.jose4j.jwt.consumer.AudValidator;
import org.jose4j.jwt.consumer.ErrorCodes;
import org.jose4j.jwt.consumer.InvalidJwtException;
import org.jose4j.jwt.consumer.IssValidator;
import org.jose4j.jwt.consumer.JwtConsumer;
import org.jose4j.jwt.consumer.JwtConsumerBuilder;
import org.jose4j.lang.UnresolvableKeyException;
import parley.access.BadTokenException.Problem;

/**
 * Checks JSON Web Tokens (RFC 7519) and reads from their claims what a client may do. Any thread; nothing blocks.
 *
 * <p>Claims: {@code sub}, which user the client is; {@code name}; {@code rooms}, {@code read}, {@code write} and
 * {@code publish}, each a pattern or a list of them: {@code rooms} are both read and written; {@code admin}, true or
 * false; {@code exp}, {@code nbf}, {@code iss}, {@code aud} as the standard has them.
 */
public final class Tokens {
    /** A longer one is not looked at. Servers take headers up to 8 KiB. */
    public static final int LONGEST = 8192;

    private static final Logger LOG = System.getLogger("parley.access");

    private final TokenKeys keys;
    private final JwtConsumer consumer;
    private final Times times;

    /**
     * Makes it.
     *
     * @param mayWait where keys are read, which may take its time
     * @param clock the time that tokens end by
     * @throws IllegalArgumentException with a sentence for the operator, when the keys cannot be used
     */
    public Tokens(AccessSettings settings, Executor mayWait, LongSupplier nanoClock, Clock clock) {
        this.keys = !settings.secret().isEmpty()
                ? TokenKeys.secret(settings.secret())
                : settings.publicKey() != null
                        ? TokenKeys.publicKey(settings.publicKey())
                        : new KeySet(settings.jwks(), settings.refresh(), mayWait, nanoClock);
        this.times = new Times(clock, settings.leeway().toMillis());
        JwtConsumerBuilder builder = new JwtConsumerBuilder()
                .setVerificationKeyResolver((token, nesting) -> keys.keyFor(token))
                .setJwsAlgorithmConstraints(
                        AlgorithmConstraints.ConstraintType.PERMIT,
                        keys.algorithms().toArray(new String[0]))
                .setSkipAllDefaultValidators()
                .registerValidator(times);
        if (!settings.issuer().isEmpty()) {
            builder.registerValidator(new IssValidator(settings.issuer(), true));
        }
        if (!settings.audience().isEmpty()) {
            builder.registerValidator(new AudValidator(Set.of(settings.audience()), true));
        }
        this.consumer = builder.build();
    }

    /** Whether there are keys to check with. Asked now and then, it has them read again when they are old. */
    public boolean isReady() {
        return keys.isReady();
    }

    /**
     * Reads a token.
     *
     * @throws BadTokenException when it gives no access
     */
    public Grant check(String token) throws BadTokenException {
        if (token.length() > LONGEST) {
            throw new BadTokenException(Problem.UNREADABLE, "the token is longer than " + LONGEST + " characters");
        }
        try {
            JwtClaims claims = consumer.processToClaims(token);
            return Claims.of(claims, times.end(claims));
        } catch (InvalidJwtException e) {
            throw rejected(e);
        } catch (MalformedClaimException e) {
            throw new BadTokenException(Problem.CLAIM, "a claim of the token is not of its kind");
        } catch (RuntimeException e) {
            // What the library throws at tokens that its authors have not thought of. Without the trace: anybody can
            // send one.
            LOG.log(Level.DEBUG, "a token cannot be read: {0}", e.getClass().getName());
            throw new BadTokenException(Problem.UNREADABLE, "the token cannot be read");
        }
    }

    private static BadTokenException rejected(InvalidJwtException e) {
        if (e.hasExpired()) {
            return new BadTokenException(Problem.EXPIRED, "the token has expired");
        }
        if (e.hasErrorCode(ErrorCodes.NOT_YET_VALID)) {
            return new BadTokenException(Problem.TOO_EARLY, "the token is not valid yet");
        }
        if (e.hasErrorCode(ErrorCodes.AUDIENCE_INVALID) || e.hasErrorCode(ErrorCodes.AUDIENCE_MISSING)) {
            return new BadTokenException(Problem.PARTY, "the token is for another audience");
        }
        if (e.hasErrorCode(ErrorCodes.ISSUER_INVALID) || e.hasErrorCode(ErrorCodes.ISSUER_MISSING)) {
            return new BadTokenException(Problem.PARTY, "the token is of another issuer");
        }
        if (e.hasErrorCode(ErrorCodes.SIGNATURE_INVALID)) {
            return new BadTokenException(Problem.SIGNATURE, "the token's signature is not right");
        }
        if (e.hasErrorCode(ErrorCodes.MALFORMED_CLAIM)) {
            return new BadTokenException(Problem.CLAIM, "a claim of the token is not of its kind");
        }
        if (e.getCause() instanceof UnresolvableKeyException) {
            return new BadTokenException(Problem.KEY, "no key here is for the token");
        }
        return new BadTokenException(Problem.UNREADABLE, "the token is none that is taken here");
    }
}

package parley.access;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jose4j.jwa.AlgorithmConstraints;
import org.jose4j.jws.AlgorithmIdentifiers;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.MalformedClaimException;
import org.jose4j.jwt.NumericDate;
import org.jose4j.jwt.consumer.InvalidJwtException;
import org.jose4j.jwt.consumer.JwtConsumer;
import org.jose4j.jwt.consumer.JwtConsumerBuilder;
import org.jose4j.keys.HmacKey;
import org.jose4j.lang.JoseException;
import parley.access.BadTokenException.Problem;

/**
 * Makes and takes tickets: words that stand for what a client may do, short-lived and good for one connection, for the
 * query of an address where a browser can send no header. Any thread; nothing blocks.
 *
 * <p>A ticket is a JSON Web Token (RFC 7519) under a key for tickets alone, so that nothing is kept for those that are
 * made, and each server that has the key takes it. Those taken are remembered until they have ended, by the server that
 * took them.
 */
public final class Tickets {
    /** A longer one makes an address that servers refuse. */
    static final int LONGEST = 4096;

    /** How many are remembered in each half of the time: about 15 MiB. */
    static final int MOST_TAKEN = 250_000;

    private static final SecureRandom RANDOM = new SecureRandom();
    private static final String UNTIL = "until";
    private static final String ALGORITHM = AlgorithmIdentifiers.HMAC_SHA256;

    private final Duration lifetime;
    private final HmacKey key;
    private final JwtConsumer consumer;
    private final Times times;
    private final LongSupplier nanoClock;
    private final Clock clock;
    private final LongAdder made = new LongAdder();
    private final LongAdder taken = new LongAdder();

    @GuardedBy("this")
    private Set<Long> recent = new HashSet<>();

    /** Those taken before {@link #recent} was begun; they end before that is full time. */
    @GuardedBy("this")
    private Set<Long> earlier = Set.of();

    @GuardedBy("this")
    private long recentSince;

    /**
     * Makes it.
     *
     * @param clock the time that tickets end by
     */
    public Tickets(TicketSettings settings, LongSupplier nanoClock, Clock clock) {
        this.lifetime = settings.lifetime();
        this.key = new HmacKey(key(settings));
        this.nanoClock = nanoClock;
        this.clock = clock;
        this.times = new Times(clock, 0);
        this.recentSince = nanoClock.getAsLong();
        this.consumer = new JwtConsumerBuilder()
                .setVerificationKey(key)
                .setJwsAlgorithmConstraints(AlgorithmConstraints.ConstraintType.PERMIT, ALGORITHM)
                .setSkipAllDefaultValidators()
                .registerValidator(times)
                .build();
    }

    private static byte[] key(TicketSettings settings) {
        if (!settings.key().isEmpty()) {
            return derived(settings.key());
        }
        if (!settings.tokenSecret().isEmpty()) {
            return derived(settings.tokenSecret());
        }
        byte[] random = new byte[32];
        RANDOM.nextBytes(random);
        return random;
    }

    /** Another key for another use: a ticket is no token, and a token no ticket. */
    private static byte[] derived(String secret) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
            return mac.doFinal("parley.ticket".getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("each Java has HmacSHA256", e);
        }
    }

    /** How long a ticket holds. */
    public Duration lifetime() {
        return lifetime;
    }

    /** Makes a ticket for a client that may do that; none when it would be too long for an address. */
    public Optional<String> make(Grant grant) {
        JwtClaims claims = Rights.ofConnection(grant);
        long end = Math.min(clock.millis() + lifetime.toMillis(), grant.until());
        claims.setExpirationTime(NumericDate.fromMilliseconds(end + 999)); // it is of whole seconds
        claims.setJwtId(Long.toString(RANDOM.nextLong(), Character.MAX_RADIX));
        if (grant.until() != Long.MAX_VALUE) {
            claims.setClaim(UNTIL, grant.until());
        }
        JsonWebSignature signed = new JsonWebSignature();
        signed.setPayload(claims.toJson());
        signed.setAlgorithmHeaderValue(ALGORITHM);
        signed.setKey(key);
        String ticket;
        try {
            ticket = signed.getCompactSerialization();
        } catch (JoseException e) {
            throw new IllegalStateException("a ticket cannot be signed", e);
        }
        if (ticket.length() > LONGEST) {
            return Optional.empty();
        }
        made.increment();
        return Optional.of(ticket);
    }

    private record Read(long id, Grant grant) {}

    /**
     * What a client may do that comes with that ticket, which no other does after it.
     *
     * @throws BadTokenException when it gives no access
     */
    public Grant take(String ticket) throws BadTokenException {
        Read read = read(ticket);
        synchronized (this) {
            passTime();
            checkUnused(read);
            if (recent.size() >= MOST_TAKEN) {
                throw new BadTokenException(Problem.BUSY, "too many tickets are taken at once");
            }
            recent.add(read.id);
        }
        taken.increment();
        return read.grant;
    }

    /**
     * What {@link #take} would say now; the ticket can be taken after it.
     *
     * @throws BadTokenException when it gives no access
     */
    public Grant look(String ticket) throws BadTokenException {
        Read read = read(ticket);
        synchronized (this) {
            passTime();
            checkUnused(read);
        }
        return read.grant;
    }

    @GuardedBy("this")
    private void passTime() {
        long now = nanoClock.getAsLong();
        long half = longest().toNanos();
        if (now - recentSince >= half) {
            earlier = now - recentSince < 2 * half ? recent : Set.of();
            recent = new HashSet<>();
            recentSince = now;
        }
    }

    @GuardedBy("this")
    private void checkUnused(Read read) throws BadTokenException {
        if (recent.contains(read.id) || earlier.contains(read.id)) {
            throw new BadTokenException(
                    Problem.USED, "this ticket has been used: each opens one connection; POST /tickets makes another");
        }
    }

    /** How long one can hold here: the clocks of other servers may be ahead, and theirs are of whole seconds. */
    private Duration longest() {
        return lifetime.multipliedBy(2).plusSeconds(1);
    }

    private Read read(String ticket) throws BadTokenException {
        if (ticket.length() > LONGEST) {
            throw new BadTokenException(Problem.UNREADABLE, "the ticket is longer than " + LONGEST + " characters");
        }
        try {
            JwtClaims claims = consumer.processToClaims(ticket);
            if (times.end(claims) - clock.millis() > longest().toMillis()) {
                throw new BadTokenException(Problem.TOO_EARLY, "the ticket is from the future; compare the clocks");
            }
            Number until = claims.getClaimValue(UNTIL, Number.class);
            Grant grant = Rights.of(claims, until == null ? Long.MAX_VALUE : until.longValue());
            return new Read(Long.parseLong(claims.getJwtId(), Character.MAX_RADIX), grant);
        } catch (InvalidJwtException e) {
            if (e.hasExpired()) {
                throw new BadTokenException(Problem.EXPIRED, "the ticket has expired; POST /tickets makes another");
            }
            throw new BadTokenException(
                    Problem.UNREADABLE,
                    "this is no ticket of this server's; where several servers share the load, access.ticket-key has to"
                            + " be the same on each");
        } catch (MalformedClaimException | RuntimeException e) { // as Tokens: anybody can send anything
            throw new BadTokenException(Problem.UNREADABLE, "the ticket cannot be read");
        }
    }

    /** How many have been made here. */
    public long madeCount() {
        return made.sum();
    }

    /** How many have been taken here. */
    public long takenCount() {
        return taken.sum();
    }
}

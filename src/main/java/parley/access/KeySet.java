package parley.access;

import java.io.IOException;
import java.io.InputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Key;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jose4j.jwk.JsonWebKey;
import org.jose4j.jwk.JsonWebKeySet;
import org.jose4j.jwk.PublicJsonWebKey;
import org.jose4j.jwk.VerificationJwkSelector;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.lang.JoseException;
import org.jose4j.lang.UnresolvableKeyException;
import parley.protocol.Userinfo;

/**
 * A set of public keys (RFC 7517) in a file or at an address. Read again from time to time, and when a token names a
 * key that is not in it, on a thread that may wait: who checks a token never does. What was read is kept until there is
 * another.
 */
final class KeySet implements TokenKeys {
    private static final Logger LOG = System.getLogger("parley.access");

    private static final int LARGEST = 1 << 20;
    private static final int TIMEOUT_MILLIS = 5_000;
    private static final long PAUSE_NANOS = Duration.ofSeconds(10).toNanos();

    private final String where;
    private final long refreshNanos;
    private final Executor mayWait;
    private final LongSupplier nanoClock;
    private final AtomicBoolean reading = new AtomicBoolean();

    private volatile List<JsonWebKey> keys = List.of();
    /** When it was last tried, and when that last went well. Written by who has set {@code reading}. */
    private volatile long triedAt;

    private volatile long readAt;

    KeySet(String where, Duration refresh, Executor mayWait, LongSupplier nanoClock) {
        this.where = where;
        this.refreshNanos = refresh.toNanos();
        this.mayWait = mayWait;
        this.nanoClock = nanoClock;
        this.triedAt = nanoClock.getAsLong() - PAUSE_NANOS;
        this.readAt = triedAt;
        if (isFile()) {
            try {
                keys = parse(read());
                readAt = nanoClock.getAsLong();
            } catch (IOException | JoseException e) {
                throw new IllegalArgumentException(
                        "access.jwks: '" + Userinfo.masked(where) + "' cannot be read: " + e.getMessage(), e);
            }
        } else {
            readAgain(); // the address may answer later than this starts
        }
    }

    @Override
    public List<String> algorithms() {
        return Stream.of(OF_RSA, OF_CURVES, OF_EDWARDS).flatMap(List::stream).toList();
    }

    @Override
    public boolean isReady() {
        if (keys.isEmpty() || nanoClock.getAsLong() - readAt >= refreshNanos) {
            readAgain();
        }
        return !keys.isEmpty();
    }

    @Override
    public Key keyFor(JsonWebSignature token) throws UnresolvableKeyException {
        JsonWebKey key;
        try {
            // Of several that fit, as when the token names none, the one that the signature is of.
            key = new VerificationJwkSelector().selectWithVerifySignatureDisambiguate(token, keys);
        } catch (JoseException e) {
            throw new UnresolvableKeyException("no key is for it", e);
        }
        if (key == null) {
            readAgain();
            throw new UnresolvableKeyException("no key is for it");
        }
        return key.getKey();
    }

    private void readAgain() {
        if (nanoClock.getAsLong() - triedAt < PAUSE_NANOS || !reading.compareAndSet(false, true)) {
            return;
        }
        mayWait.execute(() -> {
            try {
                triedAt = nanoClock.getAsLong();
                keys = parse(read());
                readAt = triedAt;
            } catch (IOException | JoseException | RuntimeException e) {
                LOG.log(
                        Level.WARNING,
                        Userinfo.masked("The keys for tokens at " + where + " cannot be read: " + e.getMessage())
                                + (!keys.isEmpty()
                                        ? ". Those read before stay in force."
                                        : ". No token is taken until they are."));
            } finally {
                reading.set(false);
            }
        });
    }

    private boolean isFile() {
        return !where.startsWith("http://") && !where.startsWith("https://");
    }

    private byte[] read() throws IOException {
        if (isFile()) {
            return Files.readAllBytes(Path.of(where));
        }
        HttpURLConnection connection =
                (HttpURLConnection) URI.create(where).toURL().openConnection();
        connection.setConnectTimeout(TIMEOUT_MILLIS);
        connection.setReadTimeout(TIMEOUT_MILLIS);
        connection.setRequestProperty("Accept", "application/json");
        String login = connection.getURL().getUserInfo();
        if (login != null) {
            byte[] decoded = URLDecoder.decode(login.replace("+", "%2B"), StandardCharsets.UTF_8)
                    .getBytes(StandardCharsets.UTF_8);
            connection.setRequestProperty(
                    "Authorization", "Basic " + Base64.getEncoder().encodeToString(decoded)); // RFC 7617
        }
        try (InputStream in = connection.getInputStream()) {
            byte[] content = in.readNBytes(LARGEST + 1);
            if (content.length > LARGEST) {
                throw new IOException("it is longer than " + LARGEST + " bytes");
            }
            return content;
        } finally {
            connection.disconnect();
        }
    }

    /** Takes the public keys alone: a secret in such a set would be one for all to read. */
    private static List<JsonWebKey> parse(byte[] json) throws JoseException {
        List<JsonWebKey> found = new JsonWebKeySet(new String(json, StandardCharsets.UTF_8))
                .getJsonWebKeys().stream()
                        .filter(PublicJsonWebKey.class::isInstance)
                        .toList();
        if (found.isEmpty()) {
            throw new JoseException("it has no public keys");
        }
        return found;
    }
}

package parley.access;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.cert.CertificateFactory;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.util.List;
import org.jose4j.jws.AlgorithmIdentifiers;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.keys.HmacKey;
import org.jose4j.lang.UnresolvableKeyException;

/** The keys that tokens are checked with, and the algorithms they are for. Any thread. */
interface TokenKeys {
    /** How many bytes a secret has at least (RFC 7518 section 3.2). */
    int SHORTEST_SECRET = 32;

    List<String> OF_RSA = List.of(
            AlgorithmIdentifiers.RSA_USING_SHA256,
            AlgorithmIdentifiers.RSA_USING_SHA384,
            AlgorithmIdentifiers.RSA_USING_SHA512,
            AlgorithmIdentifiers.RSA_PSS_USING_SHA256,
            AlgorithmIdentifiers.RSA_PSS_USING_SHA384,
            AlgorithmIdentifiers.RSA_PSS_USING_SHA512);

    List<String> OF_CURVES = List.of(
            AlgorithmIdentifiers.ECDSA_USING_P256_CURVE_AND_SHA256,
            AlgorithmIdentifiers.ECDSA_USING_P384_CURVE_AND_SHA384,
            AlgorithmIdentifiers.ECDSA_USING_P521_CURVE_AND_SHA512);

    List<String> OF_EDWARDS = List.of(AlgorithmIdentifiers.EDDSA);

    List<String> OF_SECRETS = List.of(
            AlgorithmIdentifiers.HMAC_SHA256, AlgorithmIdentifiers.HMAC_SHA384, AlgorithmIdentifiers.HMAC_SHA512);

    /**
     * The algorithms that a token may name. Never those of secrets and of public keys together: a public key is no
     * secret.
     */
    List<String> algorithms();

    /** The key for a token. */
    Key keyFor(JsonWebSignature token) throws UnresolvableKeyException;

    /** Whether there are keys to check with. */
    default boolean isReady() {
        return true;
    }

    /** One key. */
    record SingleKey(Key key, List<String> algorithms) implements TokenKeys {
        @Override
        public Key keyFor(JsonWebSignature token) {
            return key;
        }
    }

    /** A secret. */
    static TokenKeys secret(String secret) {
        byte[] bytes = secret.getBytes(StandardCharsets.UTF_8);
        if (bytes.length < SHORTEST_SECRET) {
            throw new IllegalArgumentException("access.secret has " + bytes.length + " bytes; it needs at least "
                    + SHORTEST_SECRET + " (RFC 7518 section 3.2). 'openssl rand -base64 48' makes one.");
        }
        // HS512 needs 64 bytes, which the library checks.
        List<String> algorithms = OF_SECRETS.subList(0, bytes.length >= 64 ? 3 : bytes.length >= 48 ? 2 : 1);
        return new SingleKey(new HmacKey(bytes), algorithms);
    }

    /** A public key, or that of a certificate, in a file. */
    static TokenKeys publicKey(Path file) {
        try {
            for (Pem.Block block : Pem.read(file)) {
                if (block.label().equals("PUBLIC KEY")) {
                    return of(publicKey(block.der()));
                }
                if (block.label().equals("CERTIFICATE")) {
                    return of(CertificateFactory.getInstance("X.509")
                            .generateCertificate(new ByteArrayInputStream(block.der()))
                            .getPublicKey());
                }
            }
            throw new IllegalArgumentException("access.public-key: '" + file + "' has no 'BEGIN PUBLIC KEY'.");
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalArgumentException("access.public-key: '" + file + "' cannot be read: " + e, e);
        }
    }

    private static PublicKey publicKey(byte[] der) throws GeneralSecurityException {
        X509EncodedKeySpec spec = new X509EncodedKeySpec(der);
        for (String kind : List.of("RSA", "EC", "EdDSA")) {
            try {
                return KeyFactory.getInstance(kind).generatePublic(spec);
            } catch (GeneralSecurityException e) {
                continue; // it is of another kind
            }
        }
        throw new GeneralSecurityException("it is none of RSA, EC, Ed25519");
    }

    private static TokenKeys of(PublicKey key) {
        return new SingleKey(
                key, key instanceof RSAPublicKey ? OF_RSA : key instanceof ECPublicKey ? OF_CURVES : OF_EDWARDS);
    }
}

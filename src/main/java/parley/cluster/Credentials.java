package parley.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A credentials file of NATS: a token that says who one is, and the seed of the key that proves it. The key is
 * Ed25519 (RFC 8032), which Java has had since 15: the six megabytes that the NATS library would bring for it are
 * left out. Immutable.
 */
final class Credentials {
    private static final String BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    private static final Pattern TOKEN = Pattern.compile("-+BEGIN NATS USER JWT-+\\s+(\\S+)\\s+-+END NATS USER JWT-+");
    private static final Pattern SEED = Pattern.compile("-+BEGIN USER NKEY SEED-+\\s+(\\S+)\\s+-+END USER NKEY SEED-+");
    /** Before the 32 bytes of a private key, as PKCS #8 has it (RFC 8410, section 7). */
    private static final byte[] PKCS8 = {0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20};

    private static final int KEY_BYTES = 32;
    /** Of what a seed is written as: two bytes that say what it is of, the key, and a checksum of two. */
    private static final int SEED_BYTES = 2 + KEY_BYTES + 2;

    private final String token;
    private final PrivateKey key;

    private Credentials(String token, PrivateKey key) {
        this.token = token;
        this.key = key;
    }

    /**
     * Reads a file.
     *
     * @throws ClusterException when it is none
     */
    static Credentials read(Path file) {
        try {
            String text = Files.readString(file);
            Matcher token = TOKEN.matcher(text);
            Matcher seed = SEED.matcher(text);
            if (!token.find() || !seed.find()) {
                throw new ClusterException("The file '" + file + "' has no credentials of NATS in it.");
            }
            return new Credentials(token.group(1), key(seed.group(1)));
        } catch (IOException e) {
            throw new ClusterException("The credentials of NATS cannot be read from '" + file + "': " + e + ".");
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new ClusterException(
                    "The file '" + file + "' has a seed in it that is none of NATS: " + e.getMessage() + ".");
        }
    }

    /** The private key of a seed. */
    static PrivateKey key(String seed) throws GeneralSecurityException {
        byte[] raw = base32(seed);
        if (raw.length != SEED_BYTES || !isChecked(raw)) {
            throw new IllegalArgumentException("it is cut off or changed");
        }
        byte[] encoded = Arrays.copyOf(PKCS8, PKCS8.length + KEY_BYTES);
        System.arraycopy(raw, 2, encoded, PKCS8.length, KEY_BYTES);
        return KeyFactory.getInstance("Ed25519").generatePrivate(new PKCS8EncodedKeySpec(encoded));
    }

    private static byte[] base32(String text) {
        byte[] bytes = new byte[text.length() * 5 / 8];
        int buffer = 0;
        int bits = 0;
        int at = 0;
        for (char c : text.toCharArray()) {
            int value = BASE32.indexOf(c);
            if (value < 0) {
                throw new IllegalArgumentException("'" + c + "' is not in it");
            }
            buffer = buffer << 5 | value;
            bits += 5;
            if (bits >= 8) {
                bits -= 8;
                bytes[at++] = (byte) (buffer >> bits);
            }
        }
        return bytes;
    }

    /** CRC-16 as XMODEM has it, the low byte first. */
    static boolean isChecked(byte[] raw) {
        int crc = 0;
        for (int i = 0; i < raw.length - 2; i++) {
            crc ^= (raw[i] & 0xff) << 8;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 0x8000) == 0 ? crc << 1 : crc << 1 ^ 0x1021;
            }
            crc &= 0xffff;
        }
        return (raw[raw.length - 2] & 0xff) == (crc & 0xff) && (raw[raw.length - 1] & 0xff) == crc >> 8;
    }

    String token() {
        return token;
    }

    /** Proves who one is. */
    byte[] sign(byte[] nonce) {
        try {
            Signature signature = Signature.getInstance("Ed25519");
            signature.initSign(key);
            signature.update(nonce);
            return signature.sign();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e); // the key has been made for it
        }
    }
}

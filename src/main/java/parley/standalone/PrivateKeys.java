package parley.standalone;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.List;
import parley.access.Pem;

/**
 * Reads private keys in PEM: of PKCS #8, and those that OpenSSL wrote before, of curves (SEC 1, RFC 5915) and of RSA
 * (PKCS #1, RFC 8017), which Java does not read and are put into PKCS #8 (RFC 5208) here.
 */
final class PrivateKeys {
    private static final int INTEGER = 0x02;
    private static final int OCTETS = 0x04;
    private static final int OID = 0x06;
    private static final int SEQUENCE = 0x30;
    /** What a key of SEC 1 says its curve in: the element [0]. */
    private static final int PARAMETERS = 0xA0;

    private static final byte[] VERSION = {INTEGER, 1, 0};
    /** 1.2.840.10045.2.1 (RFC 5480). */
    private static final byte[] EC = {OID, 7, 0x2A, (byte) 0x86, 0x48, (byte) 0xCE, 0x3D, 2, 1};
    /** 1.2.840.113549.1.1.1, without parameters (RFC 8017). */
    private static final byte[] RSA = {OID, 9, 0x2A, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xF7, 0x0D, 1, 1, 1, 5, 0};

    private PrivateKeys() {}

    /**
     * Reads the first key of a file.
     *
     * @throws IOException with a sentence for the operator
     */
    static PrivateKey read(Path file) throws IOException, GeneralSecurityException {
        byte[] curve = {};
        for (Pem.Block block : Pem.read(file)) {
            switch (block.label()) {
                case "PRIVATE KEY" -> {
                    return pkcs8(block.der(), List.of("RSA", "EC", "EdDSA"));
                }
                case "RSA PRIVATE KEY" -> {
                    return pkcs8(wrapped(RSA, block.der()), List.of("RSA"));
                }
                case "EC PARAMETERS" -> curve = block.der();
                case "EC PRIVATE KEY" -> {
                    byte[] ofKey = curve(block.der());
                    byte[] algorithm = joined(EC, ofKey.length > 0 ? ofKey : curve);
                    return pkcs8(wrapped(algorithm, block.der()), List.of("EC"));
                }
                default -> {}
            }
        }
        throw new IOException(
                "'" + file + "' has no private key that can be read. Allowed are 'BEGIN PRIVATE KEY', 'BEGIN"
                        + " EC PRIVATE KEY' and 'BEGIN RSA PRIVATE KEY', without a password; 'openssl pkcs8 -topk8 -nocrypt -in"
                        + " <old> -out <new>' writes other kinds so");
    }

    private static PrivateKey pkcs8(byte[] der, List<String> kinds) throws GeneralSecurityException {
        GeneralSecurityException why = new GeneralSecurityException("it is of no kind that is known");
        for (String kind : kinds) {
            try {
                return KeyFactory.getInstance(kind).generatePrivate(new PKCS8EncodedKeySpec(der));
            } catch (GeneralSecurityException e) {
                why = e; // it may be of another kind
            }
        }
        throw why;
    }

    private static byte[] wrapped(byte[] algorithm, byte[] key) {
        return element(SEQUENCE, VERSION, element(SEQUENCE, algorithm), element(OCTETS, key));
    }

    /** Finds the curve in a key of SEC 1; empty when it is left out. */
    private static byte[] curve(byte[] key) throws GeneralSecurityException {
        try {
            int at = content(key, 0);
            int end = at + length(key, 0);
            while (at < end) {
                int from = content(key, at);
                int next = from + length(key, at);
                if ((key[at] & 0xFF) == PARAMETERS) {
                    return Arrays.copyOfRange(key, from, next);
                }
                at = next;
            }
            return new byte[0];
        } catch (ArrayIndexOutOfBoundsException | IllegalArgumentException e) {
            throw new GeneralSecurityException("it is cut off, or no key at all", e);
        }
    }

    /** Where the content of the element begins that begins there. */
    private static int content(byte[] der, int at) {
        return at + 2 + (der[at + 1] < 0 ? der[at + 1] & 0x7F : 0);
    }

    private static int length(byte[] der, int at) {
        if (der[at + 1] >= 0) {
            return der[at + 1];
        }
        int length = 0;
        for (int i = at + 2; i < content(der, at); i++) {
            length = length << 8 | der[i] & 0xFF;
        }
        if (length < 0 || length > der.length) {
            throw new IllegalArgumentException("longer than the file");
        }
        return length;
    }

    private static byte[] element(int tag, byte[]... parts) {
        byte[] content = joined(parts);
        ByteArrayOutputStream element = new ByteArrayOutputStream();
        element.write(tag);
        if (content.length < 0x80) {
            element.write(content.length);
        } else {
            element.write(0x82);
            element.write(content.length >> 8);
            element.write(content.length);
        }
        element.writeBytes(content);
        return element.toByteArray();
    }

    private static byte[] joined(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }
}

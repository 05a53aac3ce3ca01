package parley.testclient;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * A certificate for 127.0.0.1 that nobody but its own context trusts.
 *
 * @param chain the certificate in a PEM file
 * @param key its key in a PEM file
 * @param trusting trusts it, and no other
 */
public record Certificate(Path chain, Path key, SSLContext trusting) {
    private static final char[] PASSWORD = "changeit".toCharArray();
    private static final String NAME = "parley";

    /** Makes one in that folder. */
    public static Certificate make(Path folder) {
        try {
            Path file = Files.createDirectories(folder).resolve("parley.p12");
            Files.deleteIfExists(file);
            Process keytool = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "keytool")
                                    .toString(),
                            "-genkeypair",
                            "-keystore",
                            file.toString(),
                            "-storetype",
                            "PKCS12",
                            "-storepass",
                            new String(PASSWORD),
                            "-alias",
                            NAME,
                            "-keyalg",
                            "EC",
                            "-dname",
                            "CN=localhost",
                            "-ext",
                            "san=ip:127.0.0.1,dns:localhost")
                    .redirectErrorStream(true)
                    .start();
            String output = new String(keytool.getInputStream().readAllBytes());
            if (keytool.waitFor() != 0) {
                throw new AssertionError("keytool failed: " + output);
            }
            KeyStore store = KeyStore.getInstance("PKCS12");
            try (InputStream in = Files.newInputStream(file)) {
                store.load(in, PASSWORD);
            }
            return new Certificate(
                    pem(
                            folder.resolve("parley.crt"),
                            "CERTIFICATE",
                            store.getCertificate(NAME).getEncoded()),
                    pem(
                            folder.resolve("parley.key"),
                            "PRIVATE KEY",
                            store.getKey(NAME, PASSWORD).getEncoded()),
                    trusting(store));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting for keytool", e);
        }
    }

    /** The same in files of that folder, for a test that writes to them: another process for each took seconds. */
    public Certificate copyTo(Path folder) throws IOException {
        Path target = Files.createDirectories(folder);
        return new Certificate(
                Files.copy(chain, target.resolve(chain.getFileName())),
                Files.copy(key, target.resolve(key.getFileName())),
                trusting);
    }

    private static Path pem(Path file, String what, byte[] content) throws IOException {
        return Files.writeString(
                file,
                "-----BEGIN " + what + "-----\n" + Base64.getMimeEncoder().encodeToString(content) + "\n-----END "
                        + what + "-----\n");
    }

    private static SSLContext trusting(KeyStore store) throws GeneralSecurityException, IOException {
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry(NAME, store.getCertificate(NAME));
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }
}

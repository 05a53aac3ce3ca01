package parley.standalone;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;
import parley.access.Pem;
import parley.app.Settings;
import parley.app.SettingsException;

/**
 * The server's certificate and key for TLS, read again when their files change: connections that are open go on as they
 * are, new ones get the new. Any thread.
 */
final class Certificates {
    private static final Logger LOG = System.getLogger("parley.standalone");
    private static final char[] IN_MEMORY = {};

    static {
        // A client of TLS 1.2 may ask for another handshake whenever it likes, and Grizzly carries that out on the
        // thread that asked, waiting:
        // one client stopped a selector with all its connections.
        System.setProperty("jdk.tls.rejectClientInitiatedRenegotiation", "true");
    }

    private static final String ALIAS = "parley";
    private static final byte[] PROBE = {1, 2, 3};

    private final Settings settings;
    private final List<Path> files;
    private final SSLContext context;

    private volatile X509ExtendedKeyManager current;

    // Touched by the sweep alone
    private List<FileTime> seen;
    /** What went wrong the last time; empty when nothing did. Said once. */
    private String wrong = "";

    /**
     * Reads them.
     *
     * @throws IOException with a sentence for the operator
     */
    private Certificates(Settings settings, List<Path> files) throws IOException {
        this.settings = settings;
        this.files = files;
        this.seen = times();
        this.current = read();
        try {
            this.context = SSLContext.getInstance("TLS");
            context.init(new KeyManager[] {new Current()}, null, null);
        } catch (GeneralSecurityException e) {
            throw new IOException("TLS cannot be set up: " + e.getMessage(), e);
        }
    }

    /**
     * Those that the settings name; null when they name none.
     *
     * @throws SettingsException when they do not do
     */
    static @Nullable Certificates of(Settings settings) {
        Path keystore = settings.keystore();
        Path certificate = settings.certificate();
        Path key = settings.privateKey();
        if (keystore != null) {
            return of(settings, List.of(keystore), "'listen.tls.keystore' and 'listen.tls.password'");
        }
        return certificate == null || key == null
                ? null
                : of(settings, List.of(certificate, key), "'listen.tls.certificate' and 'listen.tls.key'");
    }

    private static Certificates of(Settings settings, List<Path> files, String named) {
        try {
            return new Certificates(settings, files);
        } catch (IOException | RuntimeException e) { // a file may hold anything
            String why = e instanceof IOException && e.getMessage() != null ? e.getMessage() : e.toString();
            throw new SettingsException("Settings " + named + " do not do: " + why + ".");
        }
    }

    /** What to make TLS connections with. */
    SSLContext context() {
        return context;
    }

    /** Looks whether the files have changed. For the sweep. What cannot be read leaves the old ones in force. */
    void sweep() {
        try {
            List<FileTime> now = times();
            if (now.equals(seen)) {
                return;
            }
            current = read();
            seen = now;
            wrong = "";
            LOG.log(Level.INFO, "new connections get the certificate that is in " + files.get(0) + " now");
        } catch (IOException | RuntimeException e) { // half a file may be anything
            if (!wrong.equals(String.valueOf(e.getMessage()))) {
                wrong = String.valueOf(e.getMessage());
                LOG.log(Level.WARNING, "the certificate stays as it was: " + wrong);
            }
        }
    }

    private List<FileTime> times() throws IOException {
        List<FileTime> times = new ArrayList<>();
        for (Path file : files) {
            if (!Files.isReadable(file)) {
                throw new IOException("'" + file + "' is not there or cannot be read");
            }
            times.add(Files.getLastModifiedTime(file));
        }
        return times;
    }

    private X509ExtendedKeyManager read() throws IOException {
        char[] password = settings.keystore() == null
                ? IN_MEMORY
                : settings.keystorePassword().toCharArray();
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            if (settings.keystore() == null) {
                store.load(null, null);
                PrivateKey key = PrivateKeys.read(files.get(1));
                Certificate[] chain = chain(files.get(0));
                needPair(key, chain);
                store.setKeyEntry(ALIAS, key, password, chain);
            } else {
                try (InputStream in = Files.newInputStream(files.get(0))) {
                    store.load(in, password);
                }
            }
            KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            factory.init(store, password);
            X509ExtendedKeyManager manager = (X509ExtendedKeyManager) factory.getKeyManagers()[0];
            if (manager.chooseEngineServerAlias("RSA", null, null) == null
                    && manager.chooseEngineServerAlias("EC", null, null) == null
                    && manager.chooseEngineServerAlias("EdDSA", null, null) == null) {
                throw new IOException("'" + files.get(0) + "' has no private key with a certificate");
            }
            return manager;
        } catch (GeneralSecurityException e) {
            throw new IOException("certificate and key in " + files + " do not do: " + e.getMessage(), e);
        }
    }

    /** Nobody else looks whether they belong together before a client does. */
    private void needPair(PrivateKey key, Certificate[] chain) throws IOException, GeneralSecurityException {
        if (chain.length == 0) {
            throw new IOException("'" + files.get(0) + "' has no certificate; it needs 'BEGIN CERTIFICATE'");
        }
        String algorithm = switch (key.getAlgorithm()) {
            case "RSA" -> "SHA256withRSA";
            case "EC" -> "SHA256withECDSA";
            default -> key.getAlgorithm();
        };
        try {
            Signature signature = Signature.getInstance(algorithm);
            signature.initSign(key);
            signature.update(PROBE);
            byte[] signed = signature.sign();
            signature.initVerify(chain[0].getPublicKey());
            signature.update(PROBE);
            if (signature.verify(signed)) {
                return;
            }
        } catch (InvalidKeyException | SignatureException e) {
            throw new IOException("the key in '" + files.get(1) + "' is not that of '" + files.get(0) + "'", e);
        }
        throw new IOException("the key in '" + files.get(1) + "' is not that of '" + files.get(0) + "'");
    }

    private static Certificate[] chain(Path file) throws IOException, GeneralSecurityException {
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        List<Certificate> chain = new ArrayList<>();
        for (Pem.Block block : Pem.read(file)) { // the factory fails at text between them
            if (block.label().equals("CERTIFICATE")) {
                chain.add(factory.generateCertificate(new ByteArrayInputStream(block.der())));
            }
        }
        return chain.toArray(new Certificate[0]);
    }

    /** Asks whatever is current, each time. */
    private final class Current extends X509ExtendedKeyManager {
        @Override
        public String chooseEngineServerAlias(String type, Principal[] issuers, SSLEngine engine) {
            return current.chooseEngineServerAlias(type, issuers, engine);
        }

        @Override
        public String chooseServerAlias(String type, Principal[] issuers, Socket socket) {
            return current.chooseServerAlias(type, issuers, socket);
        }

        @Override
        public String[] getServerAliases(String type, Principal[] issuers) {
            return current.getServerAliases(type, issuers);
        }

        @Override
        public X509Certificate[] getCertificateChain(String alias) {
            return current.getCertificateChain(alias);
        }

        @Override
        public PrivateKey getPrivateKey(String alias) {
            return current.getPrivateKey(alias);
        }

        @Override
        public String @Nullable [] getClientAliases(String type, Principal[] issuers) {
            return null;
        }

        @Override
        public @Nullable String chooseClientAlias(String[] types, Principal[] issuers, Socket socket) {
            return null;
        }
    }
}

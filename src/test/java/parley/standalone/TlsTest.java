package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.KeyPairGenerator;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.RSAPrivateCrtKey;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.Iterator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import parley.access.Pem;
import parley.app.SettingsException;
import parley.testclient.Certificate;
import parley.testclient.Client;
import parley.testclient.JsonClient;
import parley.testclient.MessageDeflater;
import parley.testclient.RawClient;

/** TLS without a proxy. */
class TlsTest extends ServerBase {
    private static Certificate made;

    @TempDir
    private Path folder;

    @BeforeAll
    static void make(@TempDir Path shared) {
        made = Certificate.make(shared);
    }

    private static HttpClient trusting(Certificate certificate) {
        return HttpClient.newBuilder().sslContext(certificate.trusting()).build();
    }

    private Certificate startEncrypted(String... more) throws Exception {
        Certificate certificate = made.copyTo(folder.resolve("one"));
        String[] settings = new String[more.length + 2];
        settings[0] = "listen.tls.certificate=" + certificate.chain();
        settings[1] = "listen.tls.key=" + certificate.key();
        System.arraycopy(more, 0, settings, 2, more.length);
        start(settings);
        return certificate;
    }

    private String wss(String path) {
        return "wss://127.0.0.1:" + server.port() + path;
    }

    private int page(HttpClient http) throws Exception {
        URI uri = URI.create("https://127.0.0.1:" + server.port() + "/");
        return http.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }

    @Test
    void pageEchoAndRoomsAreEncrypted() throws Exception {
        HttpClient http = trusting(startEncrypted());
        assertThat(page(http)).isEqualTo(200);
        assertThat(server.addresses()).allMatch(line -> line.contains("https://") || line.contains("wss://"));
        try (Client echo = new Client(http, wss("/echo"));
                JsonClient one = new JsonClient(http, wss("/chat/java"));
                Client other = new Client(http, wss("/chat/java"))) {
            String large = "x".repeat(60_000);
            assertThat(echo.say(large).next()).isEqualTo(large);
            one.next("joined");
            for (int i = 0; i < 200; i++) {
                other.say("m" + i);
            }
            assertThat(IntStream.range(0, 200).mapToObj(i -> next(one)))
                    .containsExactlyElementsOf(
                            IntStream.range(0, 200).mapToObj(i -> "m" + i).toList());
            one.close();
            assertThat(one.closed()).startsWith("1000");
        }
    }

    @Test
    void compressedMessagesAreEncrypted() throws Exception {
        Certificate certificate = startEncrypted();
        String offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
        try (RawClient client = RawClient.handshake(
                        certificate.trusting().getSocketFactory(), server.port(), "/echo", 0, offer);
                MessageDeflater deflater = new MessageDeflater(false)) {
            byte[] text = "what is said again ".repeat(2000).getBytes(StandardCharsets.UTF_8);
            byte[] compressed = deflater.compress(text);
            client.raw(RawClient.encode(0xC1, true, compressed.length, compressed));
            RawClient.Received echo = client.readMessage();
            assertThat(echo.isCompressed()).isTrue();
            assertThat(MessageDeflater.payload(echo)).isEqualTo(text);
        }
    }

    /** Its connection leaves HTTP, and not the filter that encrypts. */
    @Test
    void anEventStreamIsEncrypted() throws Exception {
        HttpClient http = trusting(startEncrypted());
        URI uri = URI.create("https://127.0.0.1:" + server.port() + "/rooms/java/events");
        HttpRequest request = HttpRequest.newBuilder(uri).build();
        try (JsonClient ann = new JsonClient(http, wss("/chat/java"))) {
            HttpResponse<Stream<String>> answer = http.send(request, HttpResponse.BodyHandlers.ofLines());
            try (Stream<String> stream = answer.body()) {
                Iterator<String> lines = stream.iterator();
                while (!lines.next().equals("event: joined")) {}
                ann.ask("{'type':'say','room':'java','text':'secret'}");
                while (!lines.next().contains("\"text\":\"secret\"")) {}
            }
        }
        awaitMembers(0);
    }

    private static String next(JsonClient client) {
        try {
            return client.next("message").getString("text");
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aMemberThatReadsNothingIsEndedHereToo() throws Exception {
        Certificate certificate = startEncrypted(
                "session.send-deadline=500ms",
                "session.close-timeout=500ms",
                "limits.commands-per-second=0",
                "limits.bytes-per-second=0");
        HttpClient http = trusting(certificate);
        try (RawClient frozen = RawClient.handshake(
                        certificate.trusting().getSocketFactory(), server.port(), "/chat", 4096, "");
                Client talker = new Client(http, wss("/chat"))) {
            String message = "x".repeat(60_000);
            while (server.parley().sessions().openCount() == 2) {
                talker.say(message).next();
            }
            await().until(() -> server.parley().sessions().notYetGoneCount() == 0);
            assertThat(frozen.status()).isEqualTo(101);
        }
    }

    @Test
    void whoSpeaksPlainGetsNothing() throws Exception {
        startEncrypted("limits.handshake-timeout=500ms");
        assertThatThrownBy(() -> new Client(ws("/echo"))).hasMessageContaining("IOException");
        assertThat(server.parley().sessions().openedCount()).isZero();
    }

    @Test
    void oldVersionsAreRefused() throws Exception {
        Certificate certificate = startEncrypted("listen.tls.protocols=TLSv1.3");
        try (SSLSocket socket =
                (SSLSocket) certificate.trusting().getSocketFactory().createSocket("127.0.0.1", server.port())) {
            SSLParameters parameters = socket.getSSLParameters();
            parameters.setProtocols(new String[] {"TLSv1.2"});
            socket.setSSLParameters(parameters);
            assertThatThrownBy(socket::startHandshake).isInstanceOf(SSLHandshakeException.class);
        }
    }

    @Test
    void aNewCertificateIsForNewConnections() throws Exception {
        Certificate first = startEncrypted();
        try (Client before = new Client(trusting(first), wss("/echo"))) {
            Certificate second = Certificate.make(folder.resolve("two"));
            HttpClient http = trusting(second);
            assertThatThrownBy(() -> page(http)).isInstanceOf(SSLHandshakeException.class);
            replace(second.key(), first.key());
            replace(second.chain(), first.chain());
            await().ignoreExceptionsInstanceOf(IOException.class)
                    .pollInterval(Duration.ofMillis(100))
                    .until(() -> page(trusting(second)) == 200);
            assertThat(before.say("still here").next()).isEqualTo("still here");
        }
    }

    private static void replace(Path from, Path to) throws IOException {
        Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
    }

    @Test
    void aBrokenCertificateLeavesTheOldInForce() throws Exception {
        Certificate first = startEncrypted();
        Files.writeString(first.chain(), "not a certificate");
        await().pollDelay(Duration.ofSeconds(1)).until(() -> page(trusting(first)) == 200);
    }

    @Test
    void aKeyOfAnotherCertificateIsNotTaken() throws Exception {
        Certificate first = startEncrypted();
        Certificate other = Certificate.make(folder.resolve("two"));
        replace(other.chain(), first.chain());
        await().pollDelay(Duration.ofSeconds(1)).until(() -> page(trusting(first)) == 200);
        server.stop();
        assertThatThrownBy(() -> start(
                        "listen.tls.certificate=" + other.chain(),
                        "listen.tls.key="
                                + Certificate.make(folder.resolve("three")).key()))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("'listen.tls.key'")
                .hasMessageContaining("parley.key");
    }

    /** Grizzly would carry it out on the selector, and wait there for a client that says nothing more. */
    @Test
    void aClientMayNotAskForAnotherHandshake() throws Exception {
        Certificate certificate = startEncrypted();
        try (SSLSocket socket =
                (SSLSocket) certificate.trusting().getSocketFactory().createSocket("127.0.0.1", server.port())) {
            SSLParameters parameters = socket.getSSLParameters();
            parameters.setProtocols(new String[] {"TLSv1.2"});
            socket.setSSLParameters(parameters);
            socket.setSoTimeout(20_000);
            socket.startHandshake();
            socket.getOutputStream()
                    .write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(socket.getInputStream().read()).isEqualTo('H');
            assertThatThrownBy(() -> {
                        socket.startHandshake();
                        while (socket.getInputStream().read() >= 0) {
                            continue;
                        }
                        throw new SSLHandshakeException("closed");
                    })
                    .isInstanceOf(IOException.class);
        }
        assertThat(page(trusting(certificate))).isEqualTo(200);
    }

    @Test
    void aKeystoreDoesToo() throws Exception {
        Certificate certificate = Certificate.make(folder.resolve("one"));
        start("listen.tls.keystore=" + folder.resolve("one").resolve("parley.p12"), "listen.tls.password=changeit");
        assertThat(page(trusting(certificate))).isEqualTo(200);
    }

    @Test
    void whatCannotBeReadStopsTheStartWithASentence() throws Exception {
        Path empty = Files.writeString(folder.resolve("empty.pem"), "");
        Certificate certificate = Certificate.make(folder.resolve("one"));
        Path cutOff = Files.writeString(
                folder.resolve("cut.pem"), Files.readString(certificate.key()).replaceAll("(?s)\\n.{40}", "\n"));
        Path sec1 = Files.writeString(
                folder.resolve("sec1.pem"), "-----BEGIN EC PRIVATE KEY-----\nMIIBAAAA\n-----END EC PRIVATE KEY-----\n");
        for (Path key : new Path[] {empty, cutOff, sec1, folder.resolve("none.pem")}) {
            assertThatThrownBy(() -> start("listen.tls.certificate=" + certificate.chain(), "listen.tls.key=" + key))
                    .isInstanceOf(SettingsException.class)
                    .hasMessageContaining("'listen.tls.key'")
                    .hasMessageContaining(key.getFileName().toString());
        }
        assertThatThrownBy(() -> start("listen.tls.certificate=" + empty, "listen.tls.key=" + certificate.key()))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("'listen.tls.certificate'")
                .hasMessageContaining("empty.pem");
        assertThatThrownBy(() -> start("listen.tls.keystore=" + folder.resolve("none.p12")))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("'listen.tls.keystore'")
                .hasMessageContaining("none.p12");
        assertThatThrownBy(() -> start(
                        "listen.tls.keystore=" + folder.resolve("one").resolve("parley.p12"),
                        "listen.tls.password=wrong"))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("'listen.tls.password'");
    }

    /** As OpenSSL wrote them before version 3: the key inside what PKCS #8 has around it. */
    @Test
    void keysOfOlderKindsAndTextAroundBlocksAreRead() throws Exception {
        Certificate certificate = Certificate.make(folder.resolve("one"));
        byte[] pkcs8 = Pem.read(certificate.key()).get(0).der();
        // SEQUENCE { 0, SEQUENCE { ecPublicKey, curve }, OCTET STRING { key } }
        int algorithm = 2 + (pkcs8[1] < 0 ? pkcs8[1] & 0x7F : 0) + 3;
        int key = algorithm + 2 + pkcs8[algorithm + 1];
        byte[] sec1 =
                Arrays.copyOfRange(pkcs8, key + 2 + (pkcs8[key + 1] < 0 ? pkcs8[key + 1] & 0x7F : 0), pkcs8.length);
        byte[] curve = Arrays.copyOfRange(pkcs8, algorithm + 2 + 9, key);
        String text = "\uFEFFключ ✓\n" + pem("EC PARAMETERS", curve) + "text\n" + pem("EC PRIVATE KEY", sec1);
        Path file = Files.writeString(folder.resolve("sec1.pem"), text);
        Files.writeString(certificate.chain(), "\uFEFFsubject=/O=Bäckerei\r\n" + Files.readString(certificate.chain()));
        byte[] withCurve = Arrays.copyOf(sec1, sec1.length + 2 + curve.length); // in the key's element [0]
        withCurve[1] += (byte) (2 + curve.length);
        withCurve[sec1.length] = (byte) 0xA0;
        withCurve[sec1.length + 1] = (byte) curve.length;
        System.arraycopy(curve, 0, withCurve, sec1.length + 2, curve.length);
        Path other = Files.writeString(folder.resolve("other.pem"), pem("EC PRIVATE KEY", withCurve));
        assertThat(((ECPrivateKey) PrivateKeys.read(other)).getS())
                .isEqualTo(((ECPrivateKey) PrivateKeys.read(file)).getS());
        start("listen.tls.certificate=" + certificate.chain(), "listen.tls.key=" + file);
        assertThat(page(trusting(certificate))).isEqualTo(200);
    }

    @Test
    void aKeyOfRsaInItsOwnFormIsRead() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        RSAPrivateCrtKey key = (RSAPrivateCrtKey) generator.generateKeyPair().getPrivate();
        byte[] pkcs8 = key.getEncoded();
        byte[] pkcs1 = Arrays.copyOfRange(pkcs8, 26, pkcs8.length); // behind the version, the algorithm and two lengths
        Path file = Files.writeString(folder.resolve("rsa.pem"), pem("RSA PRIVATE KEY", pkcs1));
        assertThat(PrivateKeys.read(file)).isEqualTo(key);
    }

    private static String pem(String label, byte[] der) {
        return "-----BEGIN " + label + "-----\n" + Base64.getMimeEncoder().encodeToString(der) + "\n-----END " + label
                + "-----\n";
    }
}

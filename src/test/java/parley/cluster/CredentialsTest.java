package parley.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.interfaces.EdECPublicKey;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import parley.testclient.NatsServer;

/** Logging in to a NATS that knows its users by signed tokens, without the library that NATS's own would use for it. */
class CredentialsTest {
    private static final int OPERATOR = 14 << 3;
    private static final int ACCOUNT = 0;
    private static final int USER = 20 << 3;
    private static final int SEED = 18 << 3;
    private static final String BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    @TempDir
    private Path folder;

    /** A key as NATS writes it, made here from the description of its format. */
    private static final class Key {
        final KeyPair pair;
        final byte[] secret = new byte[32];
        final int kind;

        Key(int kind) throws Exception {
            this.kind = kind;
            new SecureRandom().nextBytes(secret);
            KeyPairGenerator generator = KeyPairGenerator.getInstance("Ed25519");
            generator.initialize(255, new SecureRandom() {
                @Override
                public void nextBytes(byte[] bytes) {
                    System.arraycopy(secret, 0, bytes, 0, bytes.length);
                }
            });
            pair = generator.generateKeyPair();
        }

        String id() {
            EdECPublicKey key = (EdECPublicKey) pair.getPublic();
            byte[] y = key.getPoint().getY().toByteArray();
            byte[] bytes = new byte[33];
            bytes[0] = (byte) kind;
            for (int i = 0; i < 32 && i < y.length; i++) {
                bytes[1 + i] = y[y.length - 1 - i];
            }
            bytes[32] |= (byte) (key.getPoint().isXOdd() ? 0x80 : 0);
            return base32(checked(bytes));
        }

        String seed() {
            byte[] bytes = new byte[34];
            bytes[0] = (byte) (SEED | kind >> 5);
            bytes[1] = (byte) ((kind & 31) << 3);
            System.arraycopy(secret, 0, bytes, 2, 32);
            return base32(checked(bytes));
        }

        String token(String subject, String name, String nats) throws Exception {
            String head = part("{\"typ\":\"JWT\",\"alg\":\"ed25519-nkey\"}");
            String claims = part("{\"jti\":\"" + name + "\",\"iat\":1700000000,\"iss\":\"" + id() + "\",\"name\":\""
                    + name + "\",\"sub\":\"" + subject + "\",\"nats\":{" + nats + ",\"version\":2}}");
            Signature signature = Signature.getInstance("Ed25519");
            signature.initSign(pair.getPrivate());
            signature.update((head + "." + claims).getBytes(StandardCharsets.UTF_8));
            return head + "." + claims + "."
                    + Base64.getUrlEncoder().withoutPadding().encodeToString(signature.sign());
        }
    }

    private static String part(String json) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(json.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] checked(byte[] bytes) {
        int crc = 0;
        for (byte b : bytes) {
            crc ^= (b & 0xff) << 8;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 0x8000) == 0 ? crc << 1 : crc << 1 ^ 0x1021;
            }
            crc &= 0xffff;
        }
        byte[] all = Arrays.copyOf(bytes, bytes.length + 2);
        all[bytes.length] = (byte) crc;
        all[bytes.length + 1] = (byte) (crc >> 8);
        return all;
    }

    private static String base32(byte[] bytes) {
        StringBuilder text = new StringBuilder();
        int buffer = 0;
        int bits = 0;
        for (byte b : bytes) {
            buffer = buffer << 8 | (b & 0xff);
            bits += 8;
            while (bits >= 5) {
                bits -= 5;
                text.append(BASE32.charAt(buffer >> bits & 31));
            }
            buffer &= (1 << bits) - 1;
        }
        if (bits > 0) {
            text.append(BASE32.charAt(buffer << (5 - bits) & 31));
        }
        return text.toString();
    }

    private Path write(String token, String seed) throws Exception {
        return Files.writeString(
                folder.resolve("user.creds"),
                "-----BEGIN NATS USER JWT-----\n" + token + "\n------END NATS USER JWT------\n\n"
                        + "************************* IMPORTANT *************************\n\n"
                        + "-----BEGIN USER NKEY SEED-----\n" + seed + "\n------END USER NKEY SEED------\n");
    }

    @Test
    void aNodeLogsInWithThem() throws Exception {
        Key operator = new Key(OPERATOR);
        Key account = new Key(ACCOUNT);
        Key system = new Key(ACCOUNT); // without one there is no JetStream
        Key user = new Key(USER);
        String limits =
                "\"limits\":{\"subs\":-1,\"data\":-1,\"payload\":-1,\"imports\":-1,\"exports\":-1,\"wildcards\":true,"
                        + "\"conn\":-1,\"leaf\":-1,\"mem_storage\":-1,\"disk_storage\":-1,\"streams\":-1,\"consumer\":-1}";
        Path config = Files.writeString(
                folder.resolve("nats.conf"),
                "operator: " + operator.token(operator.id(), "operator", "\"type\":\"operator\"")
                        + "\nsystem_account: " + system.id()
                        + "\nresolver: MEMORY\n"
                        + "resolver_preload: {\n" + account.id() + ": "
                        + operator.token(account.id(), "account", limits + ",\"type\":\"account\"") + "\n"
                        + system.id() + ": "
                        + operator.token(system.id(), "system", "\"type\":\"account\"") + "\n}\n");
        Path file = write(
                account.token(user.id(), "user", "\"subs\":-1,\"data\":-1,\"payload\":-1,\"type\":\"user\""),
                user.seed());
        try (NatsServer nats = NatsServer.start(folder, "-c", config.toString());
                ClusterStore store = new ClusterStore(
                        settings(nats.url(), file), Thread::new, Clock.systemUTC(), System::nanoTime)) {
            await().atMost(Duration.ofSeconds(20)).until(store::isWell);
            assertThat(store.nodeCount()).isOne();
        }
    }

    private static ClusterSettings settings(String url, Path credentials) {
        return new ClusterSettings(
                java.util.List.of(url),
                "parley",
                new ClusterSettings.Login(credentials, "", "", "", null, ""),
                1,
                1,
                new ClusterSettings.Kept(1_000, 0, Duration.ZERO, Duration.ofSeconds(20)),
                Duration.ofSeconds(1),
                1 << 20,
                64 << 10,
                Duration.ofSeconds(5));
    }

    @Test
    void aFileThatIsNoneIsRefusedWithASentence() throws Exception {
        Path missing = folder.resolve("none.creds");
        assertThatThrownBy(() -> Credentials.read(missing))
                .isInstanceOf(ClusterException.class)
                .hasMessageStartingWith("The credentials of NATS cannot be read from '" + missing + "'");
        Path empty = Files.writeString(missing, "nothing");
        assertThatThrownBy(() -> Credentials.read(empty))
                .hasMessage("The file '" + empty + "' has no credentials of NATS in it.");
        Path cut = write("a.b.c", new Key(USER).seed().substring(1));
        assertThatThrownBy(() -> Credentials.read(cut))
                .hasMessage("The file '" + cut + "' has a seed in it that is none of NATS: it is cut off or changed.");
    }
}

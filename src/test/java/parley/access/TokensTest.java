package parley.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jose4j.jwk.JsonWebKey;
import org.jose4j.jwk.JsonWebKeySet;
import org.jose4j.jwk.PublicJsonWebKey;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.NumericDate;
import org.jose4j.keys.HmacKey;
import org.jose4j.lang.JoseException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import parley.protocol.MemberName;
import parley.protocol.RoomName;
import parley.protocol.UserId;

/** Tokens, those that a client would send who should not come in above all. */
class TokensTest {
    private static final String SECRET = "this is a secret of at least thirty-two bytes";
    private static final Duration REFRESH = Duration.ofMinutes(10);

    @TempDir
    private Path folder;

    private long now = 1;

    private static AccessSettings settings(String secret, Path key, String jwks) {
        return new AccessSettings(secret, key, jwks, REFRESH, "", "", Duration.ZERO);
    }

    private Tokens tokens(AccessSettings settings) {
        return new Tokens(settings, Runnable::run, () -> now, Clock.systemUTC());
    }

    private static JwtClaims claims() {
        JwtClaims claims = new JwtClaims();
        claims.setExpirationTimeMinutesInTheFuture(10);
        claims.setClaim("name", "Ann");
        claims.setStringListClaim("rooms", "java", "tea.*");
        return claims;
    }

    private static String sign(JwtClaims claims, String algorithm, Key key, String id) throws JoseException {
        JsonWebSignature token = new JsonWebSignature();
        token.setPayload(claims.toJson());
        token.setAlgorithmHeaderValue(algorithm);
        token.setKey(key);
        token.setDoKeyValidation(false);
        if (id != null) {
            token.setKeyIdHeaderValue(id);
        }
        return token.getCompactSerialization();
    }

    private static String hmac(JwtClaims claims) throws JoseException {
        return sign(claims, "HS256", new HmacKey(SECRET.getBytes(StandardCharsets.UTF_8)), null);
    }

    private static KeyPair pair(String kind) throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance(kind);
        if (kind.equals("EC")) {
            generator.initialize(new ECGenParameterSpec("secp256r1"));
        }
        return generator.generateKeyPair();
    }

    private Path pem(Key key) throws IOException {
        String text = Base64.getMimeEncoder().encodeToString(key.getEncoded());
        return Files.writeString(
                folder.resolve("key.pem"), "-----BEGIN PUBLIC KEY-----\n" + text + "\n-----END PUBLIC KEY-----\n");
    }

    @Test
    void theSubjectIsTheUser() throws Exception {
        Tokens tokens = tokens(settings(SECRET, null, ""));
        JwtClaims claims = claims();
        assertThat(tokens.check(hmac(claims)).user()).isNull();
        claims.setSubject("auth0|7");
        assertThat(tokens.check(hmac(claims)).user()).isEqualTo(new UserId("auth0|7"));
        for (Object wrong : List.of("", "x".repeat(256), "a\nb", 7)) {
            claims.setClaim("sub", wrong);
            assertThatThrownBy(() -> tokens.check(hmac(claims))).isInstanceOf(BadTokenException.class);
        }
    }

    @Test
    void claimsSayWhatAClientMayDo() throws Exception {
        JwtClaims claims = claims();
        claims.setStringListClaim("read", "news");
        claims.setStringListClaim("write", "box.*");
        Grant grant = tokens(settings(SECRET, null, "")).check(hmac(claims));
        assertThat(grant.name()).isEqualTo(new MemberName("Ann"));
        assertThat(List.of("java", "tea.green", "news", "box.1", "other").stream()
                        .map(room -> (grant.mayRead(new RoomName(room)) ? "r" : "-")
                                + (grant.mayWrite(new RoomName(room)) ? "w" : "-")))
                .containsExactly("rw", "rw", "r-", "-w", "--");
        assertThat(grant.hasExpired(System.currentTimeMillis())).isFalse();
        assertThat(grant.hasExpired(System.currentTimeMillis() + 11 * 60_000)).isTrue();
    }

    @Test
    void withoutRoomsThereAreNoneAndWithoutNameAny() throws Exception {
        Grant grant = tokens(settings(SECRET, null, "")).check(hmac(new JwtClaims()));
        assertThat(grant.name()).isNull();
        assertThat(grant.mayRead(RoomName.LOBBY)).isFalse();
        assertThat(grant.mayWrite(RoomName.LOBBY)).isFalse();
        assertThat(grant.hasExpired(Long.MAX_VALUE - 1)).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"RSA, RS256", "RSA, PS256", "EC, ES256", "Ed25519, EdDSA"})
    void publicKeysOfAllKindsDo(String kind, String algorithm) throws Exception {
        KeyPair pair = pair(kind);
        Tokens tokens = tokens(settings("", pem(pair.getPublic()), ""));
        assertThatCode(() -> tokens.check(sign(claims(), algorithm, pair.getPrivate(), null)))
                .doesNotThrowAnyException();
        String forged = sign(claims(), algorithm, pair(kind).getPrivate(), null);
        assertThatThrownBy(() -> tokens.check(forged)).hasMessage("the token's signature is not right");
    }

    /** A token that says HS256, signed with the public key, which everybody has. */
    @Test
    void aPublicKeyIsNoSecret() throws Exception {
        KeyPair pair = pair("RSA");
        Path file = pem(pair.getPublic());
        Tokens tokens = tokens(settings("", file, ""));
        for (byte[] asSecret : List.of(pair.getPublic().getEncoded(), Files.readAllBytes(file))) {
            String confused = sign(claims(), "HS256", new HmacKey(asSecret), null);
            assertThatThrownBy(() -> tokens.check(confused)).isInstanceOf(BadTokenException.class);
        }
    }

    @Test
    void aTokenWithoutSignatureIsNone() throws Exception {
        Base64.Encoder base64 = Base64.getUrlEncoder().withoutPadding();
        for (String algorithm : List.of("none", "None", "NONE", "nOnE", "")) {
            String token = base64.encodeToString(("{\"alg\":\"" + algorithm + "\"}").getBytes(StandardCharsets.UTF_8))
                    + "." + base64.encodeToString(claims().toJson().getBytes(StandardCharsets.UTF_8)) + ".";
            assertThatThrownBy(() -> tokens(settings(SECRET, null, "")).check(token))
                    .isInstanceOf(BadTokenException.class);
        }
    }

    @Test
    void timesAreKept() throws Exception {
        Tokens tokens = tokens(settings(SECRET, null, ""));
        JwtClaims expired = claims();
        expired.setExpirationTimeMinutesInTheFuture(-1);
        assertThatThrownBy(() -> tokens.check(hmac(expired))).hasMessage("the token has expired");
        JwtClaims early = claims();
        early.setNotBeforeMinutesInThePast(-5);
        assertThatThrownBy(() -> tokens.check(hmac(early))).hasMessage("the token is not valid yet");
        JwtClaims justNow = claims();
        justNow.setExpirationTime(NumericDate.fromMilliseconds(System.currentTimeMillis() - 2_000));
        Tokens patient = tokens(new AccessSettings(SECRET, null, "", REFRESH, "", "", Duration.ofSeconds(30)));
        assertThat(patient.check(hmac(justNow)).hasExpired(System.currentTimeMillis()))
                .as("within the leeway")
                .isFalse();
    }

    /** Also where that is more than fits the library's numbers, or the milliseconds of Java's. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "9223372036854775807",
                "9223372036854775",
                "1e300",
                "1e99999",
                "1764290000000000000",
                "1764290000000",
                "9223372036854775808",
                "123456789012345678901234567890"
            })
    void aFarFutureIsAFarFuture(String end) throws Exception {
        for (Duration leeway : List.of(Duration.ZERO, Duration.ofMinutes(10))) {
            Tokens tokens = tokens(new AccessSettings(SECRET, null, "", REFRESH, "", "", leeway));
            Grant grant = tokens.check(signed("{\"exp\":" + end + ",\"rooms\":\"*\"}"));
            assertThat(grant.hasExpired(
                            System.currentTimeMillis() + Duration.ofDays(3650).toMillis()))
                    .isFalse();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "-1e300, EXPIRED",
        "-9223372036854775808, EXPIRED",
        "-99999999999999999999, EXPIRED",
        "0, EXPIRED",
        "1.5, EXPIRED",
        "'\"soon\"', CLAIM",
        "'[1]', CLAIM",
        "true, CLAIM"
    })
    void aPastEndIsPastAndOneThatIsNoNumberIsSaid(String end, BadTokenException.Problem problem) throws Exception {
        String token = signed("{\"exp\":" + end + "}");
        assertThatThrownBy(() -> tokens(settings(SECRET, null, "")).check(token))
                .isInstanceOfSatisfying(
                        BadTokenException.class,
                        bad -> assertThat(bad.problem()).isEqualTo(problem));
    }

    @ParameterizedTest
    @ValueSource(strings = {"[null]", "[\"a\",null]", "[[\"a\"]]", "[1]", "{}", "3"})
    void aListOfRoomsWithSomethingElseInItIsSaid(String rooms) throws Exception {
        String token = signed("{\"rooms\":" + rooms + "}");
        assertThatThrownBy(() -> tokens(settings(SECRET, null, "")).check(token))
                .isInstanceOfSatisfying(
                        BadTokenException.class,
                        bad -> assertThat(bad.problem()).isEqualTo(BadTokenException.Problem.CLAIM));
    }

    private static String signed(String claims) throws JoseException {
        JsonWebSignature token = new JsonWebSignature();
        token.setPayload(claims);
        token.setAlgorithmHeaderValue("HS256");
        token.setKey(new HmacKey(SECRET.getBytes(StandardCharsets.UTF_8)));
        return token.getCompactSerialization();
    }

    @Test
    void aTokenThatNamesNoKeyIsCheckedWithAllOfTheFittingKind() throws Exception {
        KeyPair first = pair("RSA");
        KeyPair second = pair("RSA");
        KeyPair curve = pair("EC");
        KeyPair other = pair("EC");
        Path file = Files.writeString(
                folder.resolve("keys.json"),
                set(jwk(first, "one"), jwk(curve, "two"), jwk(second, "three"), jwk(other, null)));
        Tokens tokens = tokens(settings("", null, file.toString()));
        for (KeyPair pair : List.of(first, second)) {
            tokens.check(sign(claims(), "RS256", pair.getPrivate(), null));
        }
        for (KeyPair pair : List.of(curve, other)) {
            tokens.check(sign(claims(), "ES256", pair.getPrivate(), null));
        }
        String forged = sign(claims(), "RS256", pair("RSA").getPrivate(), null);
        assertThatThrownBy(() -> tokens.check(forged)).hasMessage("no key here is for the token");
    }

    @Test
    void textAndAByteOrderMarkAroundThePublicKeyArePassedOver() throws Exception {
        KeyPair pair = pair("RSA");
        Path file = pem(pair.getPublic());
        Files.writeString(file, "\uFEFF# Schlüssel für Räume ✓\r\n" + Files.readString(file) + "конец\n");
        tokens(settings("", file, "")).check(sign(claims(), "RS256", pair.getPrivate(), null));
    }

    @Test
    void theAddressOfASetOfKeysIsAskedWithItsLoginAndShownWithout() throws Exception {
        KeyPair pair = pair("EC");
        byte[] body = set(jwk(pair, "one")).getBytes(StandardCharsets.UTF_8);
        AtomicReference<String> login = new AtomicReference<>();
        AtomicInteger status = new AtomicInteger(401);
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/keys", exchange -> {
            login.set(exchange.getRequestHeaders().getFirst("Authorization"));
            exchange.sendResponseHeaders(status.get(), body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        List<String> lines = new ArrayList<>();
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord line) {
                lines.add(line.getMessage());
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Logger logger = Logger.getLogger("parley.access");
        logger.addHandler(handler);
        try {
            String address =
                    "http://ann:s3cr%20t@127.0.0.1:" + server.getAddress().getPort() + "/keys";
            AccessSettings settings = settings("", null, address);
            Tokens tokens = tokens(settings);
            status.set(200);
            now += Duration.ofSeconds(11).toNanos();
            tokens.isReady();
            tokens.check(sign(claims(), "ES256", pair.getPrivate(), null));
            assertThat(login)
                    .hasValue("Basic "
                            + Base64.getEncoder().encodeToString("ann:s3cr t".getBytes(StandardCharsets.UTF_8)));
            assertThat(lines)
                    .singleElement()
                    .asString()
                    .contains("http://***@127.0.0.1")
                    .doesNotContain("s3cr");
            assertThat(settings).asString().doesNotContain("s3cr");
        } finally {
            logger.removeHandler(handler);
            server.stop(0);
        }
    }

    @Test
    void audienceAndIssuerAreKept() throws Exception {
        Tokens tokens =
                tokens(new AccessSettings(SECRET, null, "", REFRESH, "https://id.example", "parley", Duration.ZERO));
        JwtClaims right = claims();
        right.setIssuer("https://id.example");
        right.setAudience("other", "parley");
        assertThatCode(() -> tokens.check(hmac(right))).doesNotThrowAnyException();
        JwtClaims elsewhere = claims();
        elsewhere.setIssuer("https://id.example");
        elsewhere.setAudience("shop");
        assertThatThrownBy(() -> tokens.check(hmac(elsewhere))).hasMessage("the token is for another audience");
        JwtClaims ofNobody = claims();
        ofNobody.setAudience("parley");
        assertThatThrownBy(() -> tokens.check(hmac(ofNobody))).hasMessage("the token is of another issuer");
    }

    @Test
    void whatIsEnormousIsNotLookedAt() throws Exception {
        Tokens tokens = tokens(settings(SECRET, null, ""));
        JwtClaims large = claims();
        large.setStringClaim("padding", "x".repeat(Tokens.LONGEST));
        assertThatThrownBy(() -> tokens.check(hmac(large))).hasMessageContaining("longer than 8192");
        JwtClaims many = claims();
        many.setStringListClaim("rooms", java.util.Collections.nCopies(101, "a"));
        assertThatThrownBy(() -> tokens.check(hmac(many))).hasMessageContaining("more than 100");
    }

    @Test
    void claimsOfAnotherKindAreSaid() throws Exception {
        Tokens tokens = tokens(settings(SECRET, null, ""));
        JwtClaims numbers = claims();
        numbers.setClaim("rooms", Map.of("a", 1));
        assertThatThrownBy(() -> tokens.check(hmac(numbers))).isInstanceOf(BadTokenException.class);
        JwtClaims name = claims();
        name.setClaim("name", "a\nb");
        assertThatThrownBy(() -> tokens.check(hmac(name))).hasMessageContaining("name");
        JwtClaims room = claims();
        room.setStringListClaim("rooms", "a/b");
        assertThatThrownBy(() -> tokens.check(hmac(room))).hasMessageContaining("rooms");
    }

    /** What stands in the log and in the answer must not be the token. */
    @Test
    void noMessageHoldsTheToken() throws Exception {
        Tokens tokens = tokens(settings(SECRET, null, ""));
        JwtClaims expired = claims();
        expired.setExpirationTimeMinutesInTheFuture(-1);
        for (String token : List.of(hmac(expired), hmac(claims()) + "x", "garbage-garbage", "a.b.c", "")) {
            assertThatThrownBy(() -> tokens.check(token))
                    .isInstanceOf(BadTokenException.class)
                    .message()
                    .satisfies(words -> {
                        for (String part : token.split("\\.")) {
                            if (part.length() > 3) {
                                assertThat(words).doesNotContain(part);
                            }
                        }
                    });
        }
    }

    @Test
    void theErrorSaysWhatIsWrongWithTheKeys() throws Exception {
        assertThatThrownBy(() -> tokens(settings("short", null, "")))
                .hasMessageContaining("access.secret")
                .hasMessageContaining("32");
        Path empty = Files.writeString(folder.resolve("empty.pem"), "nothing");
        assertThatThrownBy(() -> tokens(settings("", empty, ""))).hasMessageContaining("BEGIN PUBLIC KEY");
        assertThatThrownBy(() -> tokens(settings("", folder.resolve("none.pem"), "")))
                .hasMessageContaining("none.pem");
        assertThatThrownBy(() ->
                        tokens(settings("", null, folder.resolve("none.json").toString())))
                .hasMessageContaining("none.json");
    }

    private static PublicJsonWebKey jwk(KeyPair pair, String id) throws JoseException {
        PublicJsonWebKey key = PublicJsonWebKey.Factory.newPublicJwk(pair.getPublic());
        key.setKeyId(id);
        return key;
    }

    private static String set(JsonWebKey... keys) {
        return new JsonWebKeySet(keys).toJson(JsonWebKey.OutputControlLevel.PUBLIC_ONLY);
    }

    @Test
    void aSetOfKeysIsReadAgainWhenATokenNamesOneThatIsNotInIt() throws Exception {
        KeyPair old = pair("EC");
        KeyPair fresh = pair("RSA");
        AtomicReference<String> content = new AtomicReference<>(set(jwk(old, "old")));
        AtomicInteger asked = new AtomicInteger();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/keys", exchange -> {
            asked.incrementAndGet();
            byte[] body = content.get().getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        try {
            String address = "http://127.0.0.1:" + server.getAddress().getPort() + "/keys";
            Queue<Runnable> mayWait = new ArrayDeque<>();
            Tokens tokens = new Tokens(settings("", null, address), mayWait::add, () -> now, Clock.systemUTC());
            assertThat(tokens.isReady()).as("nothing has been read").isFalse();
            mayWait.remove().run();
            assertThat(tokens.isReady()).isTrue();
            tokens.check(sign(claims(), "ES256", old.getPrivate(), "old"));

            String byFresh = sign(claims(), "RS256", fresh.getPrivate(), "fresh");
            content.set(set(jwk(old, "old"), jwk(fresh, "fresh")));
            assertThatThrownBy(() -> tokens.check(byFresh)).isInstanceOf(BadTokenException.class);
            assertThat(mayWait).as("asked a moment ago").isEmpty();
            now += Duration.ofSeconds(11).toNanos();
            assertThatThrownBy(() -> tokens.check(byFresh)).isInstanceOf(BadTokenException.class);
            mayWait.remove().run();
            tokens.check(byFresh);
            assertThat(asked).hasValue(2);

            now += REFRESH.toNanos();
            assertThat(tokens.isReady()).isTrue();
            assertThat(mayWait).as("old enough to be read again").hasSize(1);
            content.set("no keys");
            mayWait.remove().run();
            tokens.check(byFresh);
        } finally {
            server.stop(0);
        }
    }

    /** Who asks whether it is ready makes it look again: while it is not, no token comes that would. */
    @Test
    void aSetThatCouldNotBeReadAtTheStartIsReadLater() throws Exception {
        Queue<Runnable> mayWait = new ArrayDeque<>();
        Path file = folder.resolve("later.json");
        String address = "http://127.0.0.1:1/" + file; // nobody listens there
        Tokens tokens = new Tokens(settings("", null, address), mayWait::add, () -> now, Clock.systemUTC());
        mayWait.remove().run();
        assertThat(tokens.isReady()).isFalse();
        assertThat(mayWait).as("tried a moment ago").isEmpty();
        now += Duration.ofSeconds(11).toNanos();
        assertThat(tokens.isReady()).isFalse();
        assertThat(mayWait).hasSize(1);
    }

    @Test
    void aSetInAFileIsReadAtTheStartAndASecretInItIsNotUsed() throws Exception {
        KeyPair pair = pair("Ed25519");
        JsonWebKey secret = JsonWebKey.Factory.newJwk(new HmacKey(SECRET.getBytes(StandardCharsets.UTF_8)));
        Path file = Files.writeString(
                folder.resolve("keys.json"),
                new JsonWebKeySet(jwk(pair, "one"), secret).toJson(JsonWebKey.OutputControlLevel.INCLUDE_SYMMETRIC));
        Tokens tokens = tokens(settings("", null, file.toString()));
        assertThat(tokens.isReady()).isTrue();
        tokens.check(sign(claims(), "EdDSA", pair.getPrivate(), "one"));
        assertThatThrownBy(() -> tokens.check(hmac(claims()))).isInstanceOf(BadTokenException.class);
    }
}

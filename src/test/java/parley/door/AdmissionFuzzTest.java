package parley.door;

import static org.assertj.core.api.Assertions.assertThat;
import static org.quicktheories.QuickTheory.qt;
import static org.quicktheories.generators.Generate.constant;
import static org.quicktheories.generators.Generate.oneOf;
import static org.quicktheories.generators.Generate.pick;
import static org.quicktheories.generators.SourceDSL.lists;
import static org.quicktheories.generators.SourceDSL.strings;

import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.keys.HmacKey;
import org.jose4j.lang.JoseException;
import org.junit.jupiter.api.Test;
import org.quicktheories.core.Gen;
import parley.access.AccessSettings;
import parley.access.TicketSettings;
import parley.access.Tickets;
import parley.access.Tokens;
import parley.room.Overflow;
import parley.room.RoomRegistry;
import parley.room.Samples;
import parley.session.AddressLimit;
import parley.session.SessionLimits;
import parley.session.Sessions;

/** Whatever a handshake says, the door answers with a verdict, and one that it did not fail at. */
class AdmissionFuzzTest {
    private static final String SECRET = "this is a secret of at least thirty-two bytes";

    private final SessionLimits limits = new SessionLimits(
            1,
            Duration.ofSeconds(1),
            Duration.ofSeconds(1),
            Duration.ofSeconds(2),
            Duration.ofSeconds(1),
            100,
            200,
            100,
            5,
            1,
            0,
            Long.MAX_VALUE,
            0);
    private final Access access = Access.tokens(
                    new Tokens(
                            new AccessSettings(SECRET, null, "", Duration.ofHours(1), "", "", Duration.ZERO),
                            Runnable::run,
                            System::nanoTime,
                            Clock.systemUTC()),
                    "token")
            .withTickets(new Tickets(
                    new TicketSettings(Duration.ofSeconds(30), SECRET, ""), System::nanoTime, Clock.systemUTC()));
    private final Admission admission = new Admission(
            new Origins(List.of("https://*.example.com", "null")),
            new Proxies(List.of("127.0.0.0/8"), Proxies.Header.FORWARDED),
            access,
            new DoorLimits(0, 0, 0),
            new AddressCounts(0),
            new Sessions(
                    limits,
                    Runnable::run,
                    Runnable::run,
                    System::nanoTime,
                    Clock.systemUTC(),
                    access,
                    AddressLimit.NONE),
            new RoomRegistry(
                    Samples.limits(10, 10, Overflow.LATEST, Duration.ZERO), 9, Runnable::run, Clock.systemUTC()));

    private static Gen<String> text() {
        return oneOf(
                strings().allPossible().ofLengthBetween(0, 40),
                strings().basicLatinAlphabet().ofLengthBetween(0, 40),
                strings().betweenCodePoints(0, 0x24F).ofLengthBetween(0, 12));
    }

    private Admission.Verdict judge(String path, String query, Map<String, String> headers) {
        return admission.judge(new Request(path, query, headers::get, new InetSocketAddress("127.0.0.1", 1234), null));
    }

    private void didNotFail() {
        assertThat(admission.refusedCount(Admission.Cause.UNREADABLE)).isZero();
    }

    @Test
    void whateverARequestSaysThereIsAVerdict() {
        Gen<String> path = oneOf(text(), text().map(room -> "/chat/" + room), constant("/chat"));
        Gen<String> query = oneOf(
                text(),
                text().map(value -> "name=" + value),
                text().map(value -> "history=" + value),
                text().map(value -> "after=1&epoch=" + value),
                text().map(value -> "token=" + value),
                text().map(value -> "ticket=" + value),
                text().map(value -> "%" + value));
        Gen<Map<String, String>> headers = lists().of(text()).ofSize(7).map(values -> {
            Map<String, String> all = new HashMap<>();
            all.put("Origin", values.get(0));
            all.put("Host", values.get(1));
            all.put("Forwarded", "for=" + values.get(2));
            all.put("Authorization", "Bearer " + values.get(3));
            all.put("Sec-WebSocket-Protocol", values.get(4));
            all.put("Cookie", values.get(5).isEmpty() ? "" : "token=" + values.get(5));
            all.put("Sec-Fetch-Site", values.get(6).length() % 2 == 0 ? "same-origin" : values.get(6));
            all.values().removeIf(String::isEmpty);
            return all;
        });
        qt().withExamples(3_000).forAll(path, query, headers).checkAssert((where, with, said) -> {
            assertThat(judge(where, with, said)).isNotNull();
            didNotFail();
        });
    }

    private static Gen<String> json() {
        Gen<String> scalar = oneOf(
                pick(List.of(
                        "null",
                        "true",
                        "0",
                        "-0",
                        "1e300",
                        "-1e300",
                        "1e99999",
                        "9223372036854775807",
                        "9223372036854775808",
                        "-9223372036854775808",
                        "1764290000000000000",
                        "1.5",
                        "\"\"",
                        "\"*\"",
                        "\"a\"",
                        "\"\\ud800\"",
                        "{}",
                        "[]",
                        "[".repeat(2900) + "]".repeat(2900),
                        "{\"a\":".repeat(900) + "1" + "}".repeat(900))),
                strings().basicLatinAlphabet().ofLengthBetween(0, 20).map(AdmissionFuzzTest::quoted));
        return oneOf(scalar, lists().of(scalar).ofSizeBetween(0, 3).map(all -> "[" + String.join(",", all) + "]"));
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        text.chars().forEach(c -> quoted.append(String.format("\\u%04x", c)));
        return quoted.append('"').toString();
    }

    private static String signed(String claims) throws JoseException {
        JsonWebSignature token = new JsonWebSignature();
        token.setPayload(claims);
        token.setAlgorithmHeaderValue("HS256");
        token.setKey(new HmacKey(SECRET.getBytes(StandardCharsets.UTF_8)));
        return token.getCompactSerialization();
    }

    @Test
    void whateverATokenClaimsThereIsAVerdict() {
        List<String> names = List.of("name", "rooms", "read", "write", "exp", "nbf", "iat", "iss", "aud", "sub", "jti");
        Gen<String> claims = lists().of(json()).ofSize(3).zip(pick(names), (values, first) -> {
            List<String> members = new ArrayList<>();
            for (int i = 0; i < values.size(); i++) {
                String name = names.get((names.indexOf(first) + i * 3) % names.size());
                members.add("\"" + name + "\":" + values.get(i));
            }
            return "{" + String.join(",", members) + "}";
        });
        qt().withExamples(3_000).forAll(claims).checkAssert(said -> {
            String token;
            try {
                token = signed(said);
            } catch (JoseException e) {
                throw new AssertionError(e);
            }
            assertThat(judge("/chat", null, Map.of("Host", "localhost", "Authorization", "Bearer " + token)))
                    .isNotNull();
            didNotFail();
        });
    }

    /** Read before the signature is looked at, so anybody can send it. */
    @Test
    void whateverTheHeaderOfATokenSaysTheAnswerIs401() {
        Base64.Encoder base64 = Base64.getUrlEncoder().withoutPadding();
        Gen<String> header = oneOf(
                text(),
                json(),
                json().map(value -> "{\"alg\":" + value + "}"),
                json().map(value -> "{\"alg\":\"HS256\",\"kid\":" + value + "}"),
                json().map(value -> "{\"alg\":\"HS256\",\"crit\":" + value + "}"),
                json().map(value -> "{\"alg\":\"HS256\",\"b64\":" + value + "}"),
                json().map(value -> "{\"alg\":\"HS256\",\"zip\":\"DEF\",\"x5c\":" + value + "}"),
                json().map(value -> "{\"alg\":\"HS256\",\"jwk\":" + value + "}"));
        qt().withExamples(3_000).forAll(header, text()).checkAssert((said, rest) -> {
            String token = base64.encodeToString(said.getBytes(StandardCharsets.UTF_8)) + "."
                    + base64.encodeToString(rest.getBytes(StandardCharsets.UTF_8)) + "." + rest.strip();
            assertThat(judge("/chat", null, Map.of("Host", "localhost", "Authorization", "Bearer " + token)))
                    .isInstanceOfSatisfying(
                            Admission.Refusal.class,
                            refusal -> assertThat(refusal.status()).isEqualTo(401));
            didNotFail();
        });
    }
}

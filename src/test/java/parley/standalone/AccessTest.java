package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static parley.testclient.JsonClient.quoted;
import static parley.testclient.Token.SECRET;
import static parley.testclient.Token.claims;
import static parley.testclient.Token.endsIn;
import static parley.testclient.Token.token;

import jakarta.json.JsonObject;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jose4j.jwt.JwtClaims;
import org.junit.jupiter.api.Test;
import parley.app.SettingsException;
import parley.door.Cause;
import parley.session.Ending;
import parley.testclient.Client;
import parley.testclient.JsonClient;
import parley.testclient.RawClient;

/** Who may enter, over real sockets. */
class AccessTest extends ServerBase {
    private void startWithTokens(String... more) throws Exception {
        List<String> settings =
                new ArrayList<>(List.of("access.mode=token", "access.secret=" + SECRET, "access.leeway=0s"));
        settings.addAll(List.of(more));
        start(settings.toArray(new String[0]));
    }

    private RawClient handshake(String path, String headers) throws Exception {
        return RawClient.handshake(server.port(), path, 0, headers);
    }

    @Test
    void aTokenComesInAHeaderAParameterOrASubprotocol() throws Exception {
        startWithTokens();
        String token = token(claims("Ann", "java"));
        try (RawClient header = handshake("/chat/java", "Authorization: Bearer " + token + "\r\n");
                RawClient parameter = handshake("/chat/java?token=" + token, "");
                RawClient subprotocol = handshake(
                        "/chat/java", "Sec-WebSocket-Protocol: parley.v1.json, parley.token." + token + "\r\n");
                RawClient echo = handshake("/echo?token=" + token, "")) {
            assertThat(List.of(header.status(), parameter.status(), subprotocol.status(), echo.status()))
                    .containsOnly(101);
            assertThat(subprotocol.response()).contains("parley.v1.json").doesNotContain(token);
        }
    }

    @Test
    void withoutATokenTheAnswerIs401AndSaysHow() throws Exception {
        startWithTokens();
        for (String path : List.of("/chat/java", "/echo", "/chat/java?token=", "/chat/java?token=a.b.c")) {
            try (RawClient client = handshake(path, "")) {
                assertThat(client.status()).as(path).isEqualTo(401);
                assertThat(client.response()).contains("WWW-Authenticate: Bearer");
                assertThat(client.body()).contains("token");
            }
        }
        assertThat(server.parley().admission().refusedCount(Cause.TOKEN_MISSING))
                .isEqualTo(3);
        assertThat(server.parley().admission().refusedCount(Cause.TOKEN_UNREADABLE))
                .isEqualTo(1);
    }

    @Test
    void aRoomThatTheTokenDoesNotOpenIs403() throws Exception {
        startWithTokens();
        try (RawClient client = handshake("/chat/other?token=" + token(claims("Ann", "java")), "")) {
            assertThat(client.status()).isEqualTo(403);
        }
    }

    @Test
    void theNameIsTheTokens() throws Exception {
        startWithTokens();
        String token = token(claims("Ann", "java"));
        try (JsonClient ann = new JsonClient(ws("/chat/java?name=Bob&token=" + token))) {
            assertThat(ann.next("welcome").getString("name")).isEqualTo("Ann");
            assertThat(ann.ask("{'type':'rename','name':'Bob'}").getString("code"))
                    .isEqualTo("forbidden");
            ann.ask("{'type':'say','room':'java','text':'hi'}");
            assertThat(ann.next("message").getString("from")).isEqualTo("Ann");
        }
    }

    private static String tokenOf(String user, String name) throws Exception {
        JwtClaims claims = claims(name, "java");
        claims.setSubject(user);
        return token(claims);
    }

    @Test
    void theUserIsTheTokensAndStaysTheSame() throws Exception {
        startWithTokens();
        try (JsonClient ann = new JsonClient(ws("/chat/java?name=Ann&token=" + tokenOf("u-7", null)));
                JsonClient nobody = new JsonClient(ws("/chat/java?name=Ann&token=" + token(claims(null, "java"))))) {
            assertThat(ann.next("welcome").getString("user")).isEqualTo("u-7");
            assertThat(nobody.next("welcome")).doesNotContainKey("user");
            ann.ask("{'type':'say','room':'java','text':'hi'}");
            assertThat(nobody.next("message").getString("user")).isEqualTo("u-7");
            ann.ask("{'type':'signal','room':'java','data':1}");
            assertThat(nobody.next("signal").getString("user")).isEqualTo("u-7");
            nobody.ask("{'type':'say','room':'java','text':'hi'}");
            assertThat(nobody.next("message")).doesNotContainKey("user");
            JsonObject history = nobody.ask("{'type':'history','room':'java'}");
            assertThat(history.getJsonArray("messages").getJsonObject(0).getString("user"))
                    .isEqualTo("u-7");
            assertThat(ann.ask("{'type':'renew','token':'" + tokenOf("u-8", null) + "'}")
                            .getString("reason"))
                    .isEqualTo("the token is of another user; open another connection with it");
            assertThat(ann.ask("{'type':'renew','token':'" + tokenOf("u-7", null) + "'}")
                            .getString("type"))
                    .isEqualTo("ack");
            JsonObject members = nobody.ask("{'type':'who','room':'java'}");
            assertThat(members.getJsonArray("members"))
                    .hasToString("[{\"user\":\"u-7\",\"name\":\"Ann\",\"connections\":1}]");
            assertThat(members.getJsonArray("names")).hasToString("[\"Ann\"]");
        }
    }

    @Test
    void jsonClientsAreAnsweredWhatTheyMayNot() throws Exception {
        startWithTokens();
        JwtClaims claims = claims("Ann");
        claims.setStringListClaim("read", "java", "news");
        claims.setStringListClaim("write", "java");
        try (JsonClient ann = new JsonClient(ws("/chat/news?token=" + token(claims)))) {
            ann.next("joined");
            for (String command : List.of(
                    "{'type':'say','room':'news','text':'x'}",
                    "{'type':'signal','room':'news','data':1}",
                    "{'type':'state','room':'news','state':{}}",
                    "{'type':'join','room':'tea'}")) {
                assertThat(ann.ask(command).getString("code")).as(command).isEqualTo("forbidden");
            }
            assertThat(ann.ask("{'type':'join','room':'java'}").getString("type"))
                    .isEqualTo("joined");
            assertThat(ann.ask("{'type':'say','room':'java','text':'x'}").getString("type"))
                    .isEqualTo("ack");
            assertThat(server.parley().rooms().counts().published()).isEqualTo(1);
        }
    }

    @Test
    void aPlainClientThatMayNotWriteIsClosed() throws Exception {
        startWithTokens();
        JwtClaims claims = claims("Ann");
        claims.setStringListClaim("read", "news");
        try (Client ann = new Client(ws("/chat/news?token=" + token(claims)))) {
            ann.say("x");
            assertThat(ann.closed()).isEqualTo("1008 this token may not write here");
        }
    }

    @Test
    void theEndOfATokenEndsTheSession() throws Exception {
        startWithTokens();
        try (Client ann = new Client(ws("/chat/java?token=" + token(endsIn(claims("Ann", "java"), 2_000))))) {
            assertThat(ann.closed()).isEqualTo("1008 token expired");
        }
        awaitEnding(Ending.EXPIRED);
    }

    @Test
    void aTokenIsRenewedOverTheOpenConnection() throws Exception {
        startWithTokens();
        JwtClaims first = endsIn(claims("Ann", "java", "tea"), 2_000);
        long ends = first.getExpirationTime().getValueInMillis();
        try (JsonClient ann = new JsonClient(ws("/chat/java?token=" + token(first)))) {
            ann.next("joined");
            ann.ask("{'type':'join','room':'tea'}");
            assertThat(ann.ask("{'type':'renew','token':'" + token(claims("Bob", "java")) + "'}")
                            .getString("code"))
                    .as("of another name")
                    .isEqualTo("forbidden");
            assertThat(ann.ask("{'type':'renew','token':'nonsense'}").getString("code"))
                    .isEqualTo("forbidden");
            assertThat(ann.ask("{'type':'renew','token':'" + token(claims("Ann", "java")) + "'}")
                            .getString("type"))
                    .isEqualTo("ack");
            assertThat(ann.next("left").getString("room"))
                    .as("no longer opened")
                    .isEqualTo("tea");
            await().until(() -> System.currentTimeMillis() > ends + 1_000); // two sweeps and more
            assertThat(ann.ask("{'type':'say','room':'java','text':'still here'}")
                            .getString("type"))
                    .isEqualTo("ack");
        }
    }

    @Test
    void aTokenThatNobodyHasThoughtOfRenewsOrIsRefusedAndEndsNothing() throws Exception {
        startWithTokens();
        JwtClaims forEver = claims("Ann", "java");
        forEver.setClaim("exp", 1e300);
        JwtClaims inNanoseconds = claims("Ann", "java");
        inNanoseconds.setClaim("exp", System.currentTimeMillis() * 1_000_000);
        JwtClaims ofNothing = claims("Ann", (String) null);
        try (JsonClient ann = new JsonClient(ws("/chat/java?token=" + token(claims("Ann", "java"))))) {
            for (JwtClaims claims : List.of(forEver, inNanoseconds)) {
                assertThat(ann.ask("{'type':'renew','token':'" + token(claims) + "'}")
                                .getString("type"))
                        .isEqualTo("ack");
            }
            assertThat(ann.ask("{'type':'renew','token':'" + token(ofNothing) + "'}")
                            .getString("code"))
                    .isEqualTo("forbidden");
            assertThat(ann.ask("{'type':'ping'}").getString("type")).isEqualTo("pong");
        }
        try (RawClient client = handshake("/chat/java?token=" + token(ofNothing), "")) {
            assertThat(client.status()).isEqualTo(401);
        }
    }

    @Test
    void whereNoTokensAreTakenNoneIsRenewed() throws Exception {
        start();
        try (JsonClient client = new JsonClient(ws("/chat"))) {
            assertThat(client.ask("{'type':'renew','token':'x'}").getString("code"))
                    .isEqualTo("forbidden");
            assertThat(client.ask("{'type':'renew'}").getString("code")).isEqualTo("missing-field");
        }
    }

    /** Nor what was said. */
    @Test
    void noTokenReachesTheLog() throws Exception {
        List<String> lines = new ArrayList<>();
        Handler handler = new Handler() {
            @Override
            public synchronized void publish(LogRecord line) {
                lines.add(line.getMessage() + line.getThrown());
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Logger.getLogger("").addHandler(handler);
        try {
            startWithTokens("limits.message-bytes=1KiB");
            String good = token(claims("Ann", "java"));
            String expired = token(endsIn(claims("Ann", "java"), -5_000));
            handshake("/chat/java?token=" + expired, "").close();
            handshake("/chat/java", "Authorization: Bearer " + expired + "x\r\n")
                    .close();
            try (RawClient ann = handshake("/chat/java?token=" + good, "")) {
                ann.text("a word in secret");
                ann.read();
                ann.frame(true, RawClient.BINARY, new byte[1]);
                ann.readClose();
            }
            try (JsonClient ann = new JsonClient(ws("/chat/java?token=" + good))) {
                ann.send(quoted("{'type':'renew','token':'" + expired + "'}")).next("error");
            }
            await().until(() -> server.parley().sessions().openCount() == 0);
            String all = String.join("\n", lines);
            assertThat(all).contains("401").contains("1003");
            assertThat(all)
                    .doesNotContain(good.substring(0, 30))
                    .doesNotContain(good.substring(good.length() - 20))
                    .doesNotContain(expired.substring(expired.length() - 20))
                    .doesNotContain("a word in secret");
        } finally {
            Logger.getLogger("").removeHandler(handler);
        }
    }

    /** Browsers do not tell a page why a handshake was refused. */
    @Test
    void aPlainGetOfTheAddressSaysWhyAHandshakeIsRefusedAndIsNotCounted() throws Exception {
        startWithTokens();
        String good = token(claims("Ann", "java"));
        assertThat(get("/chat/java").statusCode()).isEqualTo(401);
        assertThat(get("/chat/java").headers().firstValue("WWW-Authenticate")).isPresent();
        HttpResponse<String> expired = get("/chat/java?token=" + token(endsIn(claims("Ann", "java"), -5_000)));
        assertThat(expired.statusCode()).isEqualTo(401);
        assertThat(expired.body()).contains("expired");
        assertThat(get("/chat/tea?token=" + good).statusCode()).isEqualTo(403);
        HttpResponse<String> fine = get("/chat/java?token=" + good);
        assertThat(fine.statusCode()).isEqualTo(426);
        assertThat(fine.headers().firstValue("Upgrade")).hasValue("websocket");
        assertThat(server.parley().admission().refusedCount(Cause.TOKEN_EXPIRED))
                .isZero();
    }

    private HttpResponse<String> get(String path) throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + server.port() + path);
        return HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void principalsAreForServers() {
        assertThatThrownBy(() -> start("access.mode=principal"))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("'access.mode'");
    }
}

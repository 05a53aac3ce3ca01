package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static parley.testclient.Token.SECRET;
import static parley.testclient.Token.claims;
import static parley.testclient.Token.token;

import java.util.List;
import org.jose4j.jwt.JwtClaims;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import parley.door.Cause;
import parley.testclient.EventReader;
import parley.testclient.JsonClient;
import parley.testclient.RawClient;

/** How pages come in that can set no header: with a ticket, with a cookie. Over real sockets. */
class TicketTest extends HttpBase {
    private void startWithTokens(String... more) throws Exception {
        String[] settings = new String[more.length + 2];
        settings[0] = "access.mode=token";
        settings[1] = "access.secret=" + SECRET;
        System.arraycopy(more, 0, settings, 2, more.length);
        startWithKey(settings);
    }

    private String ticket(JwtClaims claims) throws Exception {
        Got got = askAs("Bearer " + token(claims), "POST", "/tickets", null);
        assertThat(got.status()).isEqualTo(201);
        assertThat(got.header("Cache-Control")).isEqualTo("no-store");
        assertThat(got.json().getInt("expiresIn")).isEqualTo(30);
        return got.json().getString("ticket");
    }

    private EventReader read(String path, String... lines) throws Exception {
        return EventReader.open(server.port(), path, lines);
    }

    @Test
    void aTicketOpensOneConnectionOfAnyKind() throws Exception {
        startWithTokens();
        for (String path : List.of("/rooms/java/events", "/events?room=java&history=0")) {
            String query = (path.contains("?") ? "&" : "?") + "ticket=" + ticket(claims("Ann", "java"));
            try (EventReader reader = read(path + query);
                    EventReader again = read(path + query, "Last-Event-ID: x:1")) {
                assertThat(reader.next("welcome").data()).contains("\"name\":\"Ann\"");
                assertThat(again.status())
                        .as("a browser that comes back by itself")
                        .isEqualTo(401);
            }
        }
        for (String path : List.of("/chat/java", "/echo")) {
            String query = "?ticket=" + ticket(claims("Ann", "java"));
            try (RawClient client = RawClient.handshake(server.port(), path + query, 0, "");
                    RawClient again = RawClient.handshake(server.port(), path + query, 0, "")) {
                assertThat(client.status()).isEqualTo(101);
                assertThat(again.status()).isEqualTo(401);
                assertThat(again.body()).contains("ticket has been used");
            }
        }
        assertThat(server.parley().admission().refusedCount(Cause.TICKET_USED)).isEqualTo(4);
        assertThat(get("/metrics").body())
                .contains("parley_tickets_made_total 4.0")
                .contains("parley_tickets_taken_total 4.0")
                .contains("parley_handshakes_refused_total{cause=\"ticket-used\"} 4.0");
    }

    @Test
    void anExplanationLeavesTheTicketAsItIs() throws Exception {
        startWithTokens();
        String path = "/chat/java?ticket=" + ticket(claims("Ann", "java"));
        assertThat(askAs(null, "GET", path, null).status()).isEqualTo(426);
        try (RawClient client = RawClient.handshake(server.port(), path, 0, "")) {
            assertThat(client.status()).isEqualTo(101);
        }
        assertThat(askAs(null, "GET", path, null).status()).isEqualTo(401);
    }

    @Test
    void aTicketHasTheRightsOfItsToken() throws Exception {
        startWithTokens();
        JwtClaims claims = claims("Ann");
        claims.setStringListClaim("read", "java");
        try (JsonClient ann = new JsonClient(ws("/chat/java?name=Bob&ticket=" + ticket(claims)))) {
            assertThat(ann.next("welcome").getString("name")).isEqualTo("Ann");
            assertThat(ann.ask("{'type':'say','room':'java','text':'x'}").getString("code"))
                    .isEqualTo("forbidden");
        }
        try (EventReader elsewhere = read("/rooms/tea/events?ticket=" + ticket(claims))) {
            assertThat(elsewhere.status()).isEqualTo(403);
        }
    }

    @Test
    void aTicketIsForConnectionsAlone() throws Exception {
        startWithTokens();
        String ticket = ticket(claims("Ann", "java"));
        assertThat(askAs(null, "GET", "/rooms/java/messages?ticket=" + ticket, null)
                        .status())
                .isEqualTo(401);
        assertThat(askAs(null, "POST", "/tickets", null).status()).isEqualTo(401);
        Got withKey = ask("POST", "/tickets", null);
        assertThat(withKey.status()).isEqualTo(403);
        assertThat(withKey.code()).isEqualTo("forbidden");
        Got stream = get("/rooms/java/events");
        assertThat(stream.status()).isEqualTo(401);
        assertThat(stream.json().getString("detail")).contains("the API key opens no event stream");
    }

    @Test
    void aRequestThatOpensNothingLeavesTheTicketAsItIs() throws Exception {
        startWithTokens();
        String ticket = "ticket=" + ticket(claims("Ann", "java"));
        assertThat(askAs(null, "HEAD", "/rooms/java/events?" + ticket, null).status())
                .isEqualTo(200);
        assertThat(askAs(null, "GET", "/rooms/tea/events?" + ticket, null).status())
                .isEqualTo(403);
        assertThat(askAs(null, "GET", "/events?room=java&room=tea&" + ticket, null)
                        .status())
                .isEqualTo(403);
        for (String path : List.of("/chat/tea?", "/chat/java?history=x&", "/chat/java?after=1&")) {
            try (RawClient refused = RawClient.handshake(server.port(), path + ticket, 0, "")) {
                assertThat(refused.status()).isIn(400, 403);
            }
        }
        try (EventReader reader = read("/rooms/java/events?" + ticket)) {
            assertThat(reader.next("welcome").data()).contains("Ann");
        }
        assertThat(askAs(null, "HEAD", "/rooms/java/events?" + ticket, null).status())
                .isEqualTo(401);
    }

    /** A server that is full has the client come back with the address that it has. */
    @Test
    void aServerThatIsFullLeavesTheTicketAsItIs() throws Exception {
        startWithTokens("limits.connections=1");
        String path = "/rooms/java/events?ticket=" + ticket(claims("Ann", "java"));
        try (EventReader first = read("/rooms/java/events?ticket=" + ticket(claims("Bob", "java")))) {
            first.next("joined");
            try (EventReader second = read(path, "Connection: close")) {
                assertThat(second.status()).isEqualTo(200);
                assertThat(second.next("bye").data()).contains("full");
            }
        }
        await().until(() -> server.parley().sessions().openCount() == 0
                && server.parley().sessions().notYetGoneCount() == 0);
        try (EventReader again = read(path)) {
            assertThat(again.next("welcome").data()).contains("Ann");
        }
    }

    @Test
    void withoutTokensTicketsAreMadeAndIgnored() throws Exception {
        startWithKey();
        Got got = askAs(null, "POST", "/tickets", null);
        assertThat(got.status()).isEqualTo(201);
        String path = "/rooms/java/events?ticket=" + got.json().getString("ticket");
        try (EventReader first = read(path);
                EventReader second = read(path)) {
            assertThat(List.of(first.status(), second.status())).containsOnly(200);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "GET,  Sec-Fetch-Site, same-origin,            200",
        "GET,  Sec-Fetch-Site, none,                   200",
        "GET,  Sec-Fetch-Site, same-site,              401",
        "GET,  Sec-Fetch-Site, cross-site,             401",
        "GET,  Accept,         */*,                    401",
        "GET,  Origin,         https://friend.example, 200",
        "GET,  Origin,         https://foe.example,    403",
        "GET,  Origin,         null,                   403",
        "POST, Origin,         https://friend.example, 201",
        "POST, Origin,         https://foe.example,    403",
        "POST, Accept,         */*,                    401",
        "POST, Sec-Fetch-Site, cross-site,             401",
    })
    void aCookieCountsWhereThePageIsKnown(String method, String header, String value, int status) throws Exception {
        startWithTokens("access.cookie=__Host-token", "origins=https://friend.example");
        String cookie = "theme=dark; __Host-token=" + token(claims("Ann", "java")) + "; a=b";
        Got got = askAs(
                null,
                method,
                "/rooms/java/messages",
                method.equals("GET") ? null : "{\"text\":\"hi\"}",
                "Cookie",
                cookie,
                "Content-Type",
                "application/json",
                header,
                value);
        assertThat(got.status()).isEqualTo(status);
        boolean isPageElsewhere = value.equals("https://friend.example");
        assertThat(got.header("Access-Control-Allow-Credentials")).isEqualTo(isPageElsewhere ? "true" : "");
        if (method.equals("GET")) {
            try (EventReader reader = read("/rooms/java/events", "Cookie: " + cookie, header + ": " + value);
                    RawClient socket = RawClient.handshake(
                            server.port(),
                            "/chat/java",
                            0,
                            "Cookie: " + cookie + "\r\n" + header + ": " + value + "\r\n")) {
                assertThat(reader.status()).isEqualTo(status);
                assertThat(socket.status()).isEqualTo(status == 200 ? 101 : status);
            }
        }
    }

    @Test
    void aCookieCountsOnlyWhereTheSettingsNameIt() throws Exception {
        startWithTokens();
        try (EventReader reader = read(
                "/rooms/java/events", "Cookie: token=" + token(claims("Ann", "java")), "Sec-Fetch-Site: same-origin")) {
            assertThat(reader.status()).isEqualTo(401);
        }
    }
}

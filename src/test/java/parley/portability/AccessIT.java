package parley.portability;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static parley.testclient.Token.claims;
import static parley.testclient.Token.endsIn;
import static parley.testclient.Token.token;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import org.jose4j.jwt.JwtClaims;
import org.junit.jupiter.api.Test;
import parley.testclient.EventReader;
import parley.testclient.JsonClient;
import parley.testclient.RawClient;
import parley.testclient.Token;

/**
 * Who is let in, and for how long, where not everybody is. Everything in one test, since it needs a deployment of its
 * own.
 */
class AccessIT extends Portability {
    private static final int PER_ADDRESS = 6;

    @Test
    void tokensSayWhoEntersWhereAndForHowLongAndOneAddressDoesNotFillTheServer() throws Exception {
        server.settings(
                "access.mode=token",
                "access.secret=" + Token.SECRET,
                "access.leeway=0s",
                "access.cookie=token",
                "limits.connections-per-address=" + PER_ADDRESS);
        try {
            deployer.deploy(SHORT_LIVED);
            whoHasNoTokenOrNoneForTheRoomIsRefused();
            aTokenComesInAHeaderAParameterOrASubprotocol();
            aTokenSaysNameAndRights();
            aReadMarkIsItsUsersOnAllConnections();
            aTicketOpensOneConnection();
            whoseTokenEndsIsClosed();
            oneAddressHasOnlySoMany();
        } finally {
            server.settings();
            deployer.undeploy(SHORT_LIVED);
        }
    }

    private RawClient handshake(String pathAndQuery, String header) throws IOException {
        String line = header.isEmpty() ? "" : header + "\r\n";
        return RawClient.handshake(server.address(SHORT_LIVED).getPort(), "/" + SHORT_LIVED + pathAndQuery, 0, line);
    }

    /** The same once connections of the same address that have been closed do not count any more. */
    private RawClient placed(String pathAndQuery, String header) {
        return await().until(
                        () -> {
                            RawClient client = handshake(pathAndQuery, header);
                            if (client.status() == 429) {
                                client.close();
                            }
                            return client;
                        },
                        client -> client.status() != 429);
    }

    private JsonClient json(String pathAndQuery) {
        return new JsonClient(socket(SHORT_LIVED, pathAndQuery));
    }

    private void whoHasNoTokenOrNoneForTheRoomIsRefused() throws Exception {
        try (RawClient none = handshake("/chat/java", "");
                RawClient broken = handshake("/echo?token=a.b.c", "");
                RawClient elsewhere = handshake("/chat/other?token=" + token(claims("Ann", "java")), "")) {
            assertThat(none.status()).isEqualTo(401);
            assertThat(none.response()).containsIgnoringCase("WWW-Authenticate: Bearer");
            assertThat(none.body()).contains("a token is needed");
            assertThat(broken.status()).isEqualTo(401);
            assertThat(elsewhere.status()).isEqualTo(403);
        }
    }

    private void aTokenComesInAHeaderAParameterOrASubprotocol() throws Exception {
        String token = token(claims("Ann", "java"));
        try (RawClient header = placed("/chat/java", "Authorization: Bearer " + token);
                RawClient parameter = placed("/chat/java?token=" + token, "");
                RawClient subprotocol =
                        placed("/chat/java", "Sec-WebSocket-Protocol: parley.v1.json, parley.token." + token)) {
            assertThat(List.of(header.status(), parameter.status(), subprotocol.status()))
                    .containsOnly(101);
            assertThat(subprotocol.response()).contains("parley.v1.json").doesNotContain(token);
        }
    }

    private void aTicketOpensOneConnection() throws Exception {
        HttpResponse<String> made = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:"
                                        + server.address(SHORT_LIVED).getPort() + "/" + SHORT_LIVED + "/tickets"))
                                .header("Authorization", "Bearer " + token(claims("Ann", "java")))
                                .POST(HttpRequest.BodyPublishers.noBody())
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        assertThat(made.statusCode()).isEqualTo(201);
        String ticket = JsonClient.parse(made.body()).getString("ticket");
        int port = server.address(SHORT_LIVED).getPort();
        String stream = "/" + SHORT_LIVED + "/rooms/java/events?ticket=" + ticket;
        // One that is not let in for now is a stream that is over, with its length; it takes no ticket.
        try (EventReader reader = await().until(
                                () -> EventReader.open(port, stream),
                                opened -> opened.header("Content-Length").isEmpty());
                RawClient again = placed("/chat/java?ticket=" + ticket, "")) {
            assertThat(reader.next("welcome").data()).contains("\"name\":\"Ann\"");
            assertThat(again.status()).isEqualTo(401);
        }
        try (RawClient cookie = placed(
                        "/chat/java",
                        "Cookie: a=b; token=" + token(claims("Ann", "java")) + "\r\nSec-Fetch-Site: same-origin");
                RawClient elsewhere = placed("/chat/java", "Cookie: token=" + token(claims("Ann", "java")))) {
            assertThat(cookie.status()).isEqualTo(101);
            assertThat(elsewhere.status()).isEqualTo(401);
        }
    }

    private void aTokenSaysNameAndRights() throws Exception {
        JwtClaims claims = claims("Ann");
        claims.setStringListClaim("read", "java");
        try (JsonClient ann = json("/chat/java?name=Bob&token=" + token(claims))) {
            assertThat(ann.next("welcome").getString("name")).isEqualTo("Ann");
            assertThat(ann.ask("{'type':'say','room':'java','text':'hi'}").getString("code"))
                    .isEqualTo("forbidden");
            assertThat(ann.ask("{'type':'join','room':'other'}").getString("code"))
                    .isEqualTo("forbidden");
        }
    }

    private void aReadMarkIsItsUsersOnAllConnections() throws Exception {
        JwtClaims claims = claims("Ann", "marks");
        claims.setSubject("u-1");
        String path = "/chat/marks?token=" + token(claims);
        try (JsonClient ann = json(path);
                JsonClient tab = json(path)) {
            assertThat(ann.next("joined")).doesNotContainKey("mark");
            tab.next("joined");
            ann.ask("{'type':'say','room':'marks','text':'one'}");
            ann.ask("{'type':'say','room':'marks','text':'two'}");
            assertThat(ann.ask("{'type':'mark','room':'marks','seq':1}").getInt("seq"))
                    .isOne();
            for (JsonClient one : List.of(ann, tab)) {
                assertThat(one.next("mark").getInt("unread")).isOne();
            }
            assertThat(tab.ask("{'type':'join','room':'marks'}").getInt("mark")).isOne();
        }
    }

    private void whoseTokenEndsIsClosed() throws Exception {
        try (JsonClient ends = json("/chat/java?token=" + token(endsIn(claims("Ann", "java"), 2_000)));
                JsonClient renews = json("/chat/java?token=" + token(endsIn(claims("Bob", "java"), 2_000)))) {
            assertThat(renews.ask("{'type':'renew','token':'" + token(claims("Bob", "java")) + "'}")
                            .getString("type"))
                    .isEqualTo("ack");
            assertThat(ends.closed()).isEqualTo("1008 token expired");
            assertThat(renews.ask("{'type':'say','room':'java','text':'still here'}")
                            .getString("type"))
                    .isEqualTo("ack");
        }
    }

    private void oneAddressHasOnlySoMany() throws Exception {
        String path = "/echo?token=" + token(claims(null, "*"));
        List<RawClient> clients = new ArrayList<>();
        try {
            for (int i = 0; i < PER_ADDRESS; i++) {
                clients.add(handshake(path, "X-Forwarded-For: 203.0.113.7"));
                assertThat(clients.get(i).status()).isEqualTo(101);
                clients.get(i).text("open"); // counted when it is, which is behind the answer
                clients.get(i).read();
            }
            clients.add(handshake(path, "X-Forwarded-For: 203.0.113.7"));
            assertThat(clients.get(PER_ADDRESS).status()).isEqualTo(429);
            assertThat(clients.get(PER_ADDRESS).response()).containsIgnoringCase("Retry-After: 5");
            clients.add(handshake(path, "X-Forwarded-For: 203.0.113.8"));
            assertThat(clients.get(PER_ADDRESS + 1).status()).isEqualTo(101);
        } finally {
            for (RawClient client : clients) {
                client.close();
            }
        }
    }
}

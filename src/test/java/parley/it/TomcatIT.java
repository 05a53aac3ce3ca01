package parley.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jakarta.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.URL;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.jboss.arquillian.container.test.api.Deployer;
import org.jboss.arquillian.container.test.api.Deployment;
import org.jboss.arquillian.container.test.api.OperateOnDeployment;
import org.jboss.arquillian.container.test.api.RunAsClient;
import org.jboss.arquillian.junit5.container.annotation.ArquillianTest;
import org.jboss.arquillian.test.api.ArquillianResource;
import org.jboss.shrinkwrap.api.ShrinkWrap;
import org.jboss.shrinkwrap.api.importer.ZipImporter;
import org.jboss.shrinkwrap.api.spec.WebArchive;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import parley.client.Client;
import parley.client.JsonClient;
import parley.client.RawClient;

/**
 * The WAR as it was built, on Tomcat: what a client sees there. Arquillian starts and stops the server and deploys; all
 * else goes over the network. The settings that differ from the defaults are in {@code arquillian.xml}, the server's log is
 * in {@code target/servers/tomcat-base-<port>/logs}.
 */
@ArquillianTest
@RunAsClient
class TomcatIT {
    private static final String PARLEY = "parley";
    private static final String SHORT_LIVED = "short-lived";

    /** The default of {@code limits.message-bytes}. */
    private static final int LIMIT = 64 * 1024;

    private static final HttpClient HTTP = HttpClient.newHttpClient();

    @ArquillianResource
    @OperateOnDeployment(PARLEY)
    private URL base;

    @ArquillianResource
    private Deployer deployer;

    @Deployment(name = PARLEY, testable = false)
    public static WebArchive parley() {
        return theWarAs(PARLEY);
    }

    /** A second one, for the tests that undeploy. */
    @Deployment(name = SHORT_LIVED, managed = false, testable = false)
    public static WebArchive shortLived() {
        return theWarAs(SHORT_LIVED);
    }

    private static WebArchive theWarAs(String context) {
        return ShrinkWrap.create(ZipImporter.class, context + ".war")
                .importFrom(new File(System.getProperty("parley.war")))
                .as(WebArchive.class);
    }

    private HttpResponse<String> get(String path) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://" + base.getAuthority() + path))
                .timeout(Duration.ofSeconds(20))
                .build();
        return HTTP.send(request, HttpResponse.BodyHandlers.ofString());
    }

    private Client open(String path) {
        return new Client("ws://" + base.getAuthority() + "/parley" + path);
    }

    private Client openShortLived(String path) {
        return new Client("ws://" + base.getAuthority() + "/short-lived" + path);
    }

    private RawClient raw(String path) throws IOException {
        return RawClient.open(base.getPort(), "/parley" + path);
    }

    private RawClient handshake(String path, String... headers) throws IOException {
        String lines = headers.length == 0 ? "" : String.join("\r\n", headers) + "\r\n";
        return RawClient.handshake(base.getPort(), "/parley" + path, 0, lines);
    }

    @Test
    void thePageIsServedUnderTheContextPathWithItsContentSecurityPolicy() throws Exception {
        assertThat(base.getPath()).isEqualTo("/parley/");

        HttpResponse<String> page = get("/parley/");

        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.body()).contains("<title>Parley");
        assertThat(page.headers().firstValue("Content-Type")).get().asString().startsWith("text/html");
        assertThat(page.headers().firstValue("Content-Security-Policy"))
                .get()
                .asString()
                .contains("default-src 'none'", "frame-ancestors 'none'");
        assertThat(page.headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
    }

    @Test
    void theClientLibraryIsBesideThePage() throws Exception {
        HttpResponse<String> library = get("/parley/parley.js");
        assertThat(library.statusCode()).isEqualTo(200);
        assertThat(library.headers().firstValue("Content-Type"))
                .get()
                .asString()
                .startsWith("text/javascript");
        assertThat(library.body()).isEqualTo(Files.readString(Path.of("webapp/parley.js")));
        assertThat(get("/parley/parley.d.ts").body()).contains("export function connect");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/parley/org/springframework/boot/loader/launch/WarLauncher.class",
                "/parley//org/springframework/boot/loader/launch/WarLauncher.class",
                "/parley/./org/springframework/boot/loader/launch/WarLauncher.class",
                "/parley/%6Frg/springframework/boot/loader/launch/WarLauncher.class",
                "/parley/org;x=y/springframework/boot/loader/launch/WarLauncher.class",
                "/parley/WEB-INF/web.xml",
                "/parley/WEB-INF/classes/parley/app/Parley.class",
                "/parley/META-INF/MANIFEST.MF"
            })
    void whatTheWarConsistsOfCannotBeDownloaded(String path) throws Exception {
        assertThat(get(path).statusCode()).isIn(403, 404);
    }

    @Test
    void textAndBinaryComeBackWhole() throws Exception {
        try (Client client = open("/echo")) {
            assertThat(client.say("grüß dich, 世界 😀").next()).isEqualTo("grüß dich, 世界 😀");
            assertThat(client.say("").next()).isEqualTo("");
            assertThat(client.send(new byte[] {0, -1, 7}).next()).isEqualTo(new byte[] {0, -1, 7});
            assertThat(client.send(new byte[0]).next()).isEqualTo(new byte[0]);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "é", "世", "😀"})
    void aTextUpToTheLimitInBytesPassesInOneFrame(String character) throws Exception {
        byte[] text = character.repeat(LIMIT / character.getBytes(UTF_8).length).getBytes(UTF_8);
        try (RawClient client = raw("/echo")) {
            client.frame(true, RawClient.TEXT, text);
            assertIsMessage(client.readMessage(), RawClient.TEXT, text);
        }
    }

    @Test
    void aBinaryMessageUpToTheLimitPassesInOneFrame() throws Exception {
        try (RawClient client = raw("/echo")) {
            client.frame(true, RawClient.BINARY, counted(LIMIT));
            assertIsMessage(client.readMessage(), RawClient.BINARY, counted(LIMIT));
        }
    }

    /** The cuts fall within characters too, and the first fragment is empty. */
    @Test
    void fragmentsArePutTogetherWhereverTheyWereCut() throws Exception {
        byte[] characters = "😀é世".getBytes(UTF_8);
        byte[] text = "aé世😀".repeat(LIMIT / 10).getBytes(UTF_8);
        try (RawClient client = raw("/echo")) {
            inPieces(client, RawClient.TEXT, characters, 1);
            assertIsMessage(client.readMessage(), RawClient.TEXT, characters);
            inPieces(client, RawClient.TEXT, text, 4_099);
            assertIsMessage(client.readMessage(), RawClient.TEXT, text);
            inPieces(client, RawClient.BINARY, counted(LIMIT), 10_000);
            assertIsMessage(client.readMessage(), RawClient.BINARY, counted(LIMIT));
        }
    }

    @Test
    void twoThousandMessagesInARowComeBackInOrder() throws Exception {
        List<String> messages =
                IntStream.range(0, 2_000).mapToObj(i -> "message " + i).toList();
        try (Client client = open("/echo")) {
            messages.forEach(client::say);
            assertThat(client.next(2_000)).isEqualTo(messages);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {RawClient.TEXT, RawClient.BINARY})
    void aMessageOverTheLimitInOneFrameClosesWith1009(int opcode) throws Exception {
        try (RawClient client = raw("/echo")) {
            client.frame(true, opcode, new byte[LIMIT + 1]);
            assertThat(client.readMessage()).hasToString("close 1009 message too big");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {RawClient.TEXT, RawClient.BINARY})
    void aMessageOverTheLimitInFragmentsClosesWith1009(int opcode) throws Exception {
        try (RawClient client = raw("/echo")) {
            inPieces(client, opcode, new byte[LIMIT + 1], 10_000);
            assertThat(client.readMessage()).hasToString("close 1009 message too big");
        }
    }

    /** Tomcat by itself would count the characters. */
    @Test
    void aTextOverTheLimitInBytesAloneClosesWith1009() throws Exception {
        try (RawClient client = raw("/echo")) {
            client.text("é".repeat(LIMIT / 2 + 1));
            assertThat(client.readMessage()).hasToString("close 1009 message too big");
        }
    }

    @Test
    void aFrameThatClaimsATerabyteIsNotWaitedFor() throws Exception {
        try (RawClient client = raw("/echo")) {
            client.raw(RawClient.encode(0x82, true, 1L << 40, new byte[2 * LIMIT]));
            assertThat(client.readMessage()).hasToString("close 1009 message too big");
        }
    }

    /** Every browser asks for permessage-deflate, and Tomcat grants it. */
    @Test
    void aCompressedMessageComesBackAndTheLimitIsForWhatIsInIt() throws Exception {
        String deflate = "Sec-WebSocket-Extensions: permessage-deflate;"
                + " client_no_context_takeover; server_no_context_takeover";
        byte[] text = "compress me ".repeat(LIMIT / 12).getBytes(UTF_8);
        try (RawClient client = handshake("/echo", deflate)) {
            assertThat(client.response()).containsIgnoringCase("permessage-deflate");
            compressed(client, RawClient.TEXT, text);
            RawClient.Received echo = client.readMessage();
            assertThat(echo.isCompressed() ? inflate(echo.payload()) : echo.payload())
                    .isEqualTo(text);
        }
        try (RawClient client = handshake("/echo", deflate)) {
            compressed(client, RawClient.BINARY, new byte[32 * 1024 * 1024]);
            assertThat(client.readMessage()).hasToString("close 1009 message too big");
        }
    }

    @Test
    void brokenFramesCloseWith1002AndTextThatIsNotUtf8With1007() throws Exception {
        try (RawClient client = raw("/chat")) {
            client.raw(RawClient.encode(0x81, false, 2, "hi".getBytes(UTF_8)));
            assertThat(client.readClose().closeCode()).isEqualTo(1002);
        }
        try (RawClient client = raw("/chat")) {
            client.frame(true, RawClient.TEXT, new byte[] {'a', (byte) 0xC3, (byte) 0x28});
            assertThat(client.readClose().closeCode()).isEqualTo(1007);
        }
    }

    @Test
    void twoClientsInARoomSeeEachOthersLines() throws Exception {
        try (Client ann = open("/chat/pair?name=Ann");
                Client bob = open("/chat/pair?name=Bob+Lee");
                Client elsewhere = open("/chat/other")) {
            // Whoever has seen a message of its own is in the room.
            assertThat(ann.say("hi").next()).isEqualTo("Ann: hi");
            bob.say("hello");
            assertThat(ann.next()).isEqualTo("Bob Lee: hello");
            Object first = bob.next();
            assertThat(first.equals("Ann: hi") ? bob.next() : first).isEqualTo("Bob Lee: hello");

            ann.say("how are you?");
            assertThat(bob.next()).isEqualTo("Ann: how are you?");
            assertThat(ann.next()).isEqualTo("Ann: how are you?");
            assertThat(elsewhere.say("alone").next()).isEqualTo("alone");
        }
    }

    @Test
    void chatWithoutARoomIsTheLobby() throws Exception {
        try (Client one = open("/chat");
                Client two = open("/chat/lobby")) {
            assertThat(one.say("in").next()).isEqualTo("in");
            two.say("here");
            assertThat(one.next()).isEqualTo("here");
        }
    }

    @Test
    void historyStartsThatManyMessagesBack() throws Exception {
        try (Client early = open("/chat/past")) {
            for (int i = 1; i <= 10; i++) {
                early.say("m" + i).next();
            }
            try (Client late = open("/chat/past?history=3")) {
                assertThat(late.next(3)).containsExactly("m8", "m9", "m10");
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/chat/two%20words | 400 | a room's name is 1 to 64",
                "/chat/caf%C3%A9   | 400 | a room's name is 1 to 64",
                "/chat/a;b         | 400 | a room's name is 1 to 64",
                "/chat/a/b         | 400 | a room's name is 1 to 64",
                "/chat/            | 400 | a room's name is 1 to 64",
                "/chat?name=%0A    | 400 | name is 1 to 40",
                "/chat?history=x   | 400 | history is a number",
                "/other            | 404 | there is /echo, /chat",
            })
    void whoAsksForWhatThereIsNotIsToldWhatThereIs(String path, int status, String words) throws Exception {
        try (RawClient client = handshake(path)) {
            assertThat(client.status()).isEqualTo(status);
            assertThat(client.body()).contains(words);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/echo", "/chat", "/chat/room"})
    void aForeignOriginIsRefusedWith403AndThePagesOwnIsNot(String path) throws Exception {
        for (String origin : List.of("https://elsewhere.example", "http://127.0.0.1:1", "null")) {
            try (RawClient client = handshake(path, "Origin: " + origin)) {
                assertThat(client.status()).as(origin).isEqualTo(403);
                assertThat(client.body()).contains("origin is not allowed");
            }
        }
        try (RawClient client = handshake(path, "Origin: http://" + base.getAuthority())) {
            assertThat(client.status()).isEqualTo(101);
        }
    }

    private JsonClient openJson(String path) {
        return new JsonClient("ws://" + base.getAuthority() + "/parley" + path);
    }

    @Test
    void plainTextAndJsonMeetInOneRoom() throws Exception {
        try (Client plain = open("/chat/both?name=Pia");
                JsonClient json = openJson("/chat/both?name=Jo")) {
            assertThat(json.next().getString("type")).isEqualTo("welcome");
            assertThat(json.next().getString("type")).isEqualTo("joined");
            plain.say("grüße 😀");
            assertThat(plain.next()).isEqualTo("Pia: grüße 😀");
            JsonObject message = json.next();
            assertThat(message.getString("from")).isEqualTo("Pia");
            assertThat(message.getString("text")).isEqualTo("grüße 😀");
            JsonObject ack = json.ask("{'type':'say','room':'both','data':{'n':[1,2]},'id':'once'}");
            assertThat(ack.getInt("seq")).isEqualTo(2);
            assertThat(json.ask("{'type':'say','room':'both','data':0,'id':'once'}")
                            .getBoolean("duplicate"))
                    .isTrue();
            assertThat(plain.next()).isEqualTo("Jo: {\"n\":[1,2]}");
            assertThat(json.ask("{'type':'who','room':'both'}").getJsonArray("names"))
                    .hasSize(2);
            assertThat(json.send("nonsense").next("error").getString("code")).isEqualTo("bad-json");
        }
    }

    @Test
    void whoComesBackGetsWhatItMissed() throws Exception {
        String epoch;
        try (JsonClient talker = openJson("/chat/resumed");
                JsonClient leaver = openJson("/chat/elsewhere")) {
            epoch = leaver.ask("{'type':'join','room':'resumed'}").getString("epoch");
            talker.ask("{'type':'say','room':'resumed','text':'1'}");
            assertThat(leaver.next("message").getInt("seq")).isEqualTo(1);
            leaver.cut();
            for (int i = 2; i <= 500; i++) {
                talker.send(JsonClient.quoted("{'type':'say','room':'resumed','text':'" + i + "'}"));
            }
            talker.soFar();
            try (JsonClient back = openJson("/chat/resumed?after=1&epoch=" + epoch)) {
                assertThat(back.next("joined").getBoolean("recovered")).isTrue();
                for (int i = 2; i <= 500; i++) {
                    assertThat(back.next("message").getString("text")).isEqualTo(String.valueOf(i));
                }
            }
        }
    }

    @Test
    void aThousandCommandsInOneFrameAreAnsweredInOrder() throws Exception {
        try (JsonClient json = openJson("/chat/many")) {
            StringBuilder frame = new StringBuilder();
            for (int i = 0; i < 1_000; i++) {
                frame.append("{\"type\":\"say\",\"room\":\"many\",\"text\":\"x\",\"ref\":")
                        .append(i)
                        .append("}\n");
            }
            json.send(frame.toString());
            for (int i = 0; i < 1_000; i++) {
                assertThat(json.next("ack").getInt("ref")).isEqualTo(i);
            }
            for (int i = 1; i <= 1_000; i++) {
                assertThat(json.next("message").getInt("seq")).isEqualTo(i);
            }
        }
    }

    @Test
    void presenceAndSignalsPass() throws Exception {
        try (JsonClient ann = openJson("/chat/presence?name=Ann")) {
            assertThat(ann.presence().getInt("count")).isEqualTo(1);
            try (Client bob = open("/chat/presence?name=Bob")) {
                assertThat(ann.presence().getJsonArray("joined").getString(0)).isEqualTo("Bob");
                ann.ask("{'type':'signal','room':'presence','data':'typing'}");
                assertThat(ann.next("signal").getString("data")).isEqualTo("typing");
                assertThat(bob.waiting()).isZero();
            }
            assertThat(ann.presence().getJsonArray("left").getString(0)).isEqualTo("Bob");
        }
    }

    @Test
    void aBinaryMessageInARoomClosesWith1003AndTheOthersStay() throws Exception {
        try (Client other = open("/chat/words");
                Client client = open("/chat/words")) {
            client.send(new byte[] {1, 2, 3});
            assertThat(client.closed()).isEqualTo("1003 rooms carry text");
            assertThat(other.say("still here").next()).isEqualTo("still here");
        }
    }

    @Test
    void whoAnswersNoPingIsClosedWith1001AndWhoDoesStays() throws Exception {
        try (Client quiet = open("/chat/silence");
                RawClient mute = raw("/chat/silence")) {
            assertThat(mute.read().opcode()).isEqualTo(RawClient.PING);
            assertThat(mute.readClose()).hasToString("close 1001 idle");
            assertThat(quiet.say("not gone").next()).isEqualTo("not gone");
        }
    }

    /**
     * It goes on sending pongs, so that what ends it is not its silence, but the frame that it does not take; and it is cut
     * off before the 20 seconds are over after which Tomcat gives up on a send.
     */
    @Test
    void whoStopsReadingIsCutOffAndTheOthersKeepReceiving() throws Exception {
        String large = "x".repeat(60_000);
        try (Client reader = open("/chat/busy");
                RawClient stalled = RawClient.open(base.getPort(), "/parley/chat/busy?name=stalled", 16 * 1024)) {
            assertThat(reader.say("first").next()).isEqualTo("first");
            stalled.text("in");
            assertThat(reader.next()).isEqualTo("stalled: in");

            await().pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(5))
                    .atMost(Duration.ofSeconds(15))
                    .until(() -> {
                        assertThat(reader.say(large).next()).isEqualTo(large);
                        return isCutOff(stalled);
                    });

            assertThat(reader.say("last").next()).isEqualTo("last");
        }
    }

    /** Tomcat gives its close frame 50 ms to leave. If it cannot, the connection is cut; if it can, the flood is read on. */
    @Test
    void whoFloodsTheEchoWithoutReadingIsCutOffOrClosedWith1013() throws Exception {
        byte[] message = RawClient.encode(0x82, true, 16_000, new byte[16_000]);
        try (RawClient client = RawClient.open(base.getPort(), "/parley/echo", 16 * 1024)) {
            if (!isCutOffWhileSending(client, message, 10_000)) {
                assertThat(client.readClose()).hasToString("close 1013 too slow: read the echoes");
            }
        }
    }

    @Test
    void anUndeployClosesEveryoneWith1001() throws Exception {
        deployer.deploy(SHORT_LIVED);
        try (Client echo = openShortLived("/echo");
                Client lobby = openShortLived("/chat");
                Client room = openShortLived("/chat/room?name=member");
                JsonClient json = new JsonClient("ws://" + base.getAuthority() + "/short-lived/chat/json")) {
            echo.say("here").next();
            lobby.say("here").next();
            room.say("here").next();
            json.next("joined"); // whoever is not in when the stop begins is closed without a word

            deployer.undeploy(SHORT_LIVED);

            for (Client client : List.of(echo, lobby, room)) {
                assertThat(client.closed()).isEqualTo("1001 shutdown; retry 500-8000 ms");
            }
            assertThat(json.next("bye").getJsonObject("retry").getInt("max")).isEqualTo(8_000);
            assertThat(json.closed()).isEqualTo("1001 shutdown; retry 500-8000 ms");
        }
        assertThat(get("/short-lived/").statusCode()).isEqualTo(404);
    }

    @Test
    void whatWasUndeployedCanBeDeployedAgain() throws Exception {
        for (int i = 0; i < 2; i++) {
            deployer.deploy(SHORT_LIVED);
            try (Client client = openShortLived("/chat?history=10")) {
                assertThat(client.say("a new room").next()).isEqualTo("a new room");
            } finally {
                deployer.undeploy(SHORT_LIVED);
            }
        }
    }

    /** Whether the connection is closed, found out without reading: nobody asked for this pong, so nobody answers it. */
    private static boolean isCutOff(RawClient client) {
        try {
            client.frame(true, RawClient.PONG, new byte[0]);
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    private static boolean isCutOffWhileSending(RawClient client, byte[] frame, int times) {
        try {
            for (int sent = 0; sent < times; sent++) {
                client.raw(frame);
            }
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    private static void inPieces(RawClient client, int opcode, byte[] message, int piece) throws IOException {
        client.frame(false, opcode, new byte[0]);
        for (int from = 0; from < message.length; from += piece) {
            int to = Math.min(message.length, from + piece);
            client.frame(to == message.length, RawClient.CONTINUATION, Arrays.copyOfRange(message, from, to));
        }
    }

    private static void assertIsMessage(RawClient.Received received, int opcode, byte[] payload) {
        assertThat(received.opcode()).isEqualTo(opcode);
        assertThat(received.payload()).isEqualTo(payload);
    }

    /** Bytes in which a piece that is missing or out of place shows. */
    private static byte[] counted(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i % 251);
        }
        return bytes;
    }

    /** Sends a whole message compressed (RFC 7692 section 7.2.1). */
    private static void compressed(RawClient client, int opcode, byte[] message) throws IOException {
        Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
        deflater.setInput(message);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] buffer = new byte[8192];
        int length;
        do {
            length = deflater.deflate(buffer, 0, buffer.length, Deflater.SYNC_FLUSH);
            out.write(buffer, 0, length);
        } while (length == buffer.length);
        deflater.end();
        byte[] withoutTail = Arrays.copyOf(out.toByteArray(), out.size() - 4);
        client.raw(RawClient.encode(0xC0 | opcode, true, withoutTail.length, withoutTail));
    }

    /** Expands a whole compressed message (RFC 7692 section 7.2.2). */
    private static byte[] inflate(byte[] compressed) throws DataFormatException {
        byte[] withTail = Arrays.copyOf(compressed, compressed.length + 4);
        withTail[withTail.length - 2] = -1;
        withTail[withTail.length - 1] = -1;
        Inflater inflater = new Inflater(true);
        inflater.setInput(withTail);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] buffer = new byte[8192];
        int length;
        while ((length = inflater.inflate(buffer)) > 0) {
            out.write(buffer, 0, length);
        }
        inflater.end();
        return out.toByteArray();
    }
}

package parley.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonValue;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import parley.testclient.Threads;

/** What the Java client does besides the scenarios that it shares with parley.js. */
@Timeout(30)
class ParleyClientTest {
    private static final JsonObject NOTHING = JsonValue.EMPTY_JSON_OBJECT;

    private final FakeServer server = new FakeServer();
    private final FakeTimers timers = new FakeTimers();
    private ParleyClient client = builder().build(server.runtime(timers, 0.5));

    private static ParleyClient.Builder builder() {
        return ParleyClient.to("ws://example.org/chat");
    }

    private void with(ParleyClient.Builder builder) {
        client = builder.build(server.runtime(timers, 0.5));
    }

    private ClientRoom enter(Joining joining) {
        ClientRoom room = client.join("java", joining);
        server.newest().welcome("java", NOTHING);
        return room;
    }

    @AfterEach
    void close() {
        client.close();
    }

    private static final class Texts implements RoomCallbacks {
        final List<String> read = new CopyOnWriteArrayList<>();

        @Override
        public void message(RoomMessage message) {
            read.add(message.text());
        }
    }

    /** Asks for as much as the test says. */
    private static final class Reader implements Flow.Subscriber<RoomMessage> {
        final List<String> read = new ArrayList<>();
        Flow.Subscription subscription;
        String end = "";

        @Override
        public void onSubscribe(Flow.Subscription to) {
            subscription = to;
        }

        @Override
        public void onNext(RoomMessage message) {
            read.add(message.text());
        }

        @Override
        public void onError(Throwable failure) {
            end += failure instanceof ParleyException reason
                    ? reason.code()
                    : failure.getClass().getSimpleName();
        }

        @Override
        public void onComplete() {
            end += "complete";
        }
    }

    @Test
    void aSubscriberIsGivenWhatItAsksForAndCompletedWhenTheRoomIsLeft() {
        Reader reader = new Reader();
        ClientRoom room = enter(Joining.live().subscriber(reader));
        server.newest().message("java", 1, NOTHING);
        server.newest().message("java", 2, NOTHING);
        assertThat(reader.read).isEmpty();
        reader.subscription.request(1);
        assertThat(reader.read).containsExactly("m1");
        reader.subscription.request(5);
        server.newest().message("java", 3, NOTHING);
        room.leave();
        assertThat(reader.read).containsExactly("m1", "m2", "m3");
        assertThat(reader.end).isEqualTo("complete");
        Reader late = new Reader();
        room.subscribe(late);
        assertThat(late.end).isEqualTo("complete");
    }

    @Test
    void aSubscriberThatIsTooFarBehindIsEndedAndDoesNotGrow() {
        with(builder().remembered(2));
        Reader reader = new Reader();
        enter(Joining.live().subscriber(reader));
        for (int seq = 1; seq <= 5; seq++) {
            server.newest().message("java", seq, NOTHING);
        }
        reader.subscription.request(Long.MAX_VALUE);
        assertThat(reader.read).containsExactly("m1", "m2", "m3");
        assertThat(reader.end).isEqualTo(ParleyException.FULL);
    }

    @Test
    void aSubscriberThatAsksForNothingIsRefusedAndOneThatCancelsHearsNothing() {
        Reader wrong = new Reader();
        Reader cancelled = new Reader();
        enter(Joining.live().subscriber(wrong).subscriber(cancelled));
        wrong.subscription.request(0);
        cancelled.subscription.request(9);
        cancelled.subscription.cancel();
        server.newest().message("java", 1, NOTHING);
        assertThat(wrong.end).isEqualTo("IllegalArgumentException");
        assertThat(cancelled.read).isEmpty();
        assertThat(cancelled.end).isEmpty();
    }

    /** Callbacks that block hold up neither the answers nor memory: what they cannot take is fetched afterwards. */
    @Test
    void callbacksThatBlockGetTheRestFromTheRoomAfterwards() throws Exception {
        client = builder().remembered(10).build(server.runtime(Threads.EACH, timers, 0.5));
        CountDownLatch goOn = new CountDownLatch(1);
        Texts texts = new Texts();
        ClientRoom room = client.join("java", Joining.live().callbacks(texts).callbacks(new RoomCallbacks() {
            @Override
            public void message(RoomMessage message) {
                try {
                    goOn.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
        }));
        Awaitility.await().until(() -> !server.lines.isEmpty());
        FakeServer.Line line = server.newest();
        line.welcome("java", NOTHING);
        int most = 100;
        for (int seq = 1; seq <= most; seq++) {
            line.message("java", seq, NOTHING);
        }
        CompletableFuture<Receipt> said = room.say("x");
        Awaitility.await().until(() -> !line.all("say").isEmpty());
        line.answer(line.all("say").get(0), FakeServer.parse("{\"type\":\"ack\",\"seq\":101,\"duplicate\":false}"));
        assertThat(said.get(10, TimeUnit.SECONDS).seq()).isEqualTo(101);
        assertThat(texts.read).hasSizeLessThan(20);
        assertThat(line.all("history")).isEmpty();

        goOn.countDown();
        Awaitility.await().until(() -> !line.all("history").isEmpty());
        JsonObject history = line.all("history").get(0);
        var messages = Json.createArrayBuilder();
        for (int seq = history.getInt("after") + 1; seq <= most; seq++) {
            messages.add(FakeServer.message("java", seq, NOTHING));
        }
        line.answer(
                history,
                Json.createObjectBuilder()
                        .add("type", "history")
                        .add("epoch", "e")
                        .add("more", false)
                        .add("messages", messages)
                        .build());
        Awaitility.await().until(() -> texts.read.size() == most);
        assertThat(texts.read)
                .isEqualTo(IntStream.rangeClosed(1, most)
                        .mapToObj(seq -> "m" + seq)
                        .toList());
    }

    @Test
    void callbacksThatComeLaterHearOfMembersTooThoughNoneWereThereBefore() {
        ClientRoom room = enter(Joining.live());
        FakeServer.Line line = server.newest();
        line.say("{'type':'presence','room':'java','names':['Ann'],'count':1}".replace('\'', '"'));
        List<RoomMembers> told = new ArrayList<>();
        room.listen(new RoomCallbacks() {
            @Override
            public void members(RoomMembers members) {
                told.add(members);
            }
        });
        line.say("{'type':'presence','room':'java','names':['Bob'],'count':1}".replace('\'', '"'));
        assertThat(told).containsExactly(room.members());
        assertThat(room.members().names()).containsExactly("Bob");
    }

    /** A program may set states while it is not connected, for hours and at any rate. */
    @Test
    void statesThatWaitAreOneCommandAndOneFuture() {
        ClientRoom room = client.join("java");
        CompletableFuture<Void> first = room.setState(FakeServer.parse("{\"x\":0}"));
        for (int x = 1; x <= 1_000; x++) {
            assertThat(room.setState(FakeServer.parse("{\"x\":" + x + "}"))).isSameAs(first);
        }
        server.newest().welcome("java", NOTHING);
        assertThat(server.newest().all("state"))
                .singleElement()
                .satisfies(command ->
                        assertThat(command.getJsonObject("state").getInt("x")).isEqualTo(1_000));
    }

    @Test
    void aStateThatTheServerRefusesIsNotSentAgainAndTheOneBeforeItIs() {
        ClientRoom room = enter(Joining.live());
        FakeServer.Line line = server.newest();
        JsonObject refusal = FakeServer.parse("{\"type\":\"error\",\"code\":\"too-large\",\"reason\":\"of the test\"}");
        JsonObject ack = FakeServer.parse("{\"type\":\"ack\",\"room\":\"java\"}");
        room.setState(FakeServer.parse("{\"x\":1}"));
        line.answer(line.all("state").get(0), ack);
        CompletableFuture<Void> refused = room.setState(FakeServer.parse("{\"x\":2}"));
        line.answer(line.all("state").get(1), refusal);
        assertThat(refused).isCompletedExceptionally();
        assertThat(line.all("state")).as("this connection shows the first").hasSize(2);
        line = comeBack(line);
        assertThat(states(line)).containsExactly("{\"x\":1}");
        line.answer(line.all("state").get(0), ack);
        room.setState(FakeServer.parse("{\"x\":3}"));
        line = comeBack(line);
        assertThat(states(line)).as("it was on its way").containsExactly("{\"x\":3}");
        line.answer(line.all("state").get(0), refusal);
        assertThat(states(line)).as("nothing is shown yet").containsExactly("{\"x\":3}", "{\"x\":1}");
        line.answer(line.all("state").get(1), refusal);
        assertThat(line.all("state")).as("not for ever").hasSize(2);
        assertThat(states(comeBack(line))).isEmpty();
    }

    private FakeServer.Line comeBack(FakeServer.Line line) {
        line.drop(1006, "", 0);
        timers.pass(60_000);
        server.newest().welcome("java", NOTHING);
        return server.newest();
    }

    private static List<String> states(FakeServer.Line line) {
        return line.all("state").stream()
                .map(command -> command.get("state").toString())
                .toList();
    }

    @Test
    void callbacksThatAreBehindHearOfMembersOnce() throws Exception {
        client = builder().build(server.runtime(Threads.EACH, timers, 0.5));
        CountDownLatch goOn = new CountDownLatch(1);
        CountDownLatch isBehind = new CountDownLatch(1);
        List<Long> told = new CopyOnWriteArrayList<>();
        ClientRoom room = client.join("java", Joining.live().callbacks(new RoomCallbacks() {
            @Override
            public void message(RoomMessage message) {
                try {
                    isBehind.countDown();
                    goOn.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }

            @Override
            public void members(RoomMembers members) {
                told.add(members.count());
            }
        }));
        Awaitility.await().until(() -> !server.lines.isEmpty());
        FakeServer.Line line = server.newest();
        line.welcome("java", NOTHING);
        line.message("java", 1, NOTHING);
        isBehind.await();
        for (int count = 1; count <= 100; count++) {
            line.say("{\"type\":\"presence\",\"room\":\"java\",\"count\":" + count + "}");
        }
        Awaitility.await().until(() -> room.members().count() == 100);
        goOn.countDown();
        Awaitility.await().until(() -> !told.isEmpty());
        assertThat(told).containsExactly(100L);
    }

    @Test
    void aCallbackThatThrowsIsCalledAgainAndHoldsUpNoOther() {
        Texts texts = new Texts();
        List<Long> seen = new ArrayList<>();
        enter(Joining.live()
                .callbacks(new RoomCallbacks() {
                    @Override
                    public void message(RoomMessage message) {
                        seen.add(message.seq());
                        throw new IllegalStateException("on purpose");
                    }
                })
                .callbacks(texts));
        server.newest().message("java", 1, NOTHING);
        server.newest().message("java", 2, NOTHING);
        assertThat(seen).containsExactly(1L, 2L);
        assertThat(texts.read).containsExactly("m1", "m2");
    }

    @Test
    void whatDependsOnAFutureMayWaitForAnother() throws Exception {
        client = builder().build(server.runtime(Threads.EACH, timers, 0.5));
        ClientRoom room = client.join("java");
        Awaitility.await().until(() -> !server.lines.isEmpty());
        FakeServer.Line line = server.newest();
        CompletableFuture<Receipt> second = new CompletableFuture<>();
        room.joined().thenAccept(joined -> second.complete(joined.say("x").join()));
        line.welcome("java", NOTHING);
        Awaitility.await().until(() -> !line.all("say").isEmpty());
        line.answer(line.all("say").get(0), FakeServer.parse("{\"type\":\"ack\",\"seq\":1,\"duplicate\":false}"));
        assertThat(second.get(10, TimeUnit.SECONDS).seq()).isEqualTo(1);
    }

    @Test
    void aTokenThatNeverComesIsNotWaitedFor() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch over = new CountDownLatch(1);
        client = builder()
                .token(() -> {
                    asked.countDown();
                    try {
                        over.await();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                    return "late";
                })
                .build(server.runtime(Threads.EACH, timers, 0.5));
        client.join("java");
        asked.await();
        timers.pass(30_000);
        Awaitility.await().until(() -> client.state() instanceof ConnectionState.Waiting);
        assertThat(((ConnectionState.Waiting) client.state()).reason()).contains("none came within 30 s");
        over.countDown();
        assertThat(server.lines).isEmpty();
    }

    @Test
    void aTokenThatFailsIsAskedForAgain() {
        List<String> tokens = new ArrayList<>(List.of("", "x".repeat(8193), "t"));
        with(builder().token(() -> {
            String next = tokens.remove(0);
            if (next.isEmpty()) {
                throw new IllegalStateException("no login");
            }
            return next;
        }));
        client.join("java");
        assertThat(((ConnectionState.Waiting) client.state()).reason()).isEqualTo("no token: no login");
        timers.pass(20_000);
        assertThat(server.newest().token).isEqualTo("t");
    }

    /** HTTP could not carry it, today or later. The message does not show it. */
    @ParameterizedTest
    @ValueSource(strings = {"se cret", "secret\n", "s\u00e9cret", "secret\u007f"})
    void aTokenThatNoHeaderCarriesIsRefused(String token) {
        assertThatThrownBy(() -> builder().token(token))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("of this one is U+")
                .hasMessageNotContaining(token);
    }

    @Test
    void aSlowLineIsNotADeadOne() {
        ClientRoom room = enter(Joining.live());
        room.say("x");
        FakeServer.Line line = server.newest();
        line.buffered = 60_000;
        for (int i = 0; i < 50; i++) {
            timers.pass(1_000);
            line.buffered -= 1_000;
        }
        assertThat(client.state()).isInstanceOf(ConnectionState.Open.class);
    }

    @Test
    void aFrameThatIsNoEventEndsTheConnection() {
        enter(Joining.live());
        server.newest().say("{\"type\":");
        assertThat(client.state()).isInstanceOf(ConnectionState.Waiting.class);
        assertThat(server.newest().isAborted).isTrue();
        timers.pass(1_000);
        assertThat(server.lines).hasSize(2);
    }

    @Test
    void gapsOfManyRoomsAreFilledOnePageAtATimeInTurn() {
        enter(Joining.live());
        FakeServer.Line line = server.newest();
        List<Texts> all = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            Texts texts = new Texts();
            client.join("room-" + i, Joining.live().callbacks(texts));
            all.add(texts);
        }
        for (JsonObject join : line.all("join")) {
            line.answer(
                    join,
                    Json.createObjectBuilder()
                            .add("type", "joined")
                            .add("room", join.get("room"))
                            .add("epoch", "e")
                            .add("seq", 0)
                            .add("count", 1)
                            .build());
        }
        for (int i = 0; i < 20; i++) {
            line.say("{\"type\":\"gap\",\"room\":\"room-" + i + "\",\"after\":0,\"before\":3}");
        }
        for (int pages = 1; pages <= 40; pages++) {
            assertThat(line.all("history")).as("one at a time").hasSize(pages);
            JsonObject page = line.all("history").get(pages - 1);
            JsonObject message = FakeServer.message(page.getString("room"), page.getInt("after") + 1, NOTHING);
            line.answer(
                    page,
                    Json.createObjectBuilder()
                            .add("type", "history")
                            .add("epoch", "e")
                            .add("more", true)
                            .add("messages", Json.createArrayBuilder().add(message))
                            .build());
        }
        Set<String> first = line.all("history").subList(0, 20).stream()
                .map(page -> page.getString("room"))
                .collect(Collectors.toSet());
        assertThat(first).as("in turn").hasSize(20);
        assertThat(all).allSatisfy(texts -> assertThat(texts.read).containsExactly("m1", "m2"));
    }

    @Test
    void questionsThatWaitTheirTurnEndWithTheConnectionHoweverMany() {
        ClientRoom room = enter(Joining.live());
        List<CompletableFuture<HistoryPage>> pages = new ArrayList<>();
        for (int i = 0; i < 20_000; i++) {
            pages.add(room.history());
        }
        server.newest().drop(1006, "", 0);
        assertThat(pages).allSatisfy(page -> assertThat(page).isCompletedExceptionally());
    }

    @Test
    void aPositionOfAnEarlierClientIsGoneOnFrom() {
        Texts texts = new Texts();
        client.join("java", Joining.after("e", 41).callbacks(texts));
        assertThat(server.newest().address.getRawQuery()).isEqualTo("epoch=e&after=41");
        server.newest().welcome("java", FakeServer.parse("{\"seq\":42,\"recovered\":true}"));
        server.newest().message("java", 42, NOTHING);
        assertThat(texts.read).containsExactly("m42");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "..", "a b", "ä", "a/b"})
    void aNameThatIsNoRoomIsRefused(String name) {
        assertThatThrownBy(() -> client.join(name))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + name + "' is not a room");
        assertThat(client.rooms()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "a\nb", "a\u202eb", "\ud800", "12345678901234567890123456789012345678901"})
    void aNameThatCannotBeIsRefused(String name) {
        assertThatThrownBy(() -> builder().name(name)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> client.rename(name)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void theQueryOfTheAddressIsKeptAndARoomInItIsRefused() {
        client = ParleyClient.to("http://example.org/a/chat/?tenant=x&name=Ann&history=9&after=1&epoch=e#here")
                .build(server.runtime(timers, 0.5));
        client.join("java", Joining.last(3));
        assertThat(server.newest().address).hasToString("ws://example.org/a/chat/java?tenant=x&name=Ann&history=3");
        assertThat(client.name()).contains("Ann");
        assertThatThrownBy(() -> ParleyClient.to("ws://example.org/chat/java/"))
                .hasMessageContaining("ends in a room")
                .hasMessageContaining("join(\"java\")");
        assertThatThrownBy(() -> ParleyClient.to("ftp://example.org/chat")).hasMessageContaining("ftp://example.org");
        ParleyClient.to("wss://example.org/chat/chat");
    }

    @Test
    void whatCannotBeSaidIsRefusedAtOnce() {
        ClientRoom room = enter(Joining.live());
        assertThatThrownBy(() -> room.say("\ud800")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> room.say("x", "")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> room.say("x", "x".repeat(65))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Joining.last(-1)).hasMessageContaining("-1");
        assertThatThrownBy(() -> builder().unsent(0)).hasMessageContaining("unsent cannot be 0");
        assertThatThrownBy(() -> builder().waits(Duration.ofSeconds(2), Duration.ofSeconds(1)))
                .hasMessageContaining("PT2S");
        assertThat(room.unacknowledged()).isZero();
    }

    @Test
    void reactionsArePassedOver() {
        with(builder());
        ClientRoom room = client.join("java", Joining.live());
        List<Long> heard = new CopyOnWriteArrayList<>();
        room.listen(new RoomCallbacks() {
            @Override
            public void message(RoomMessage message) {
                heard.add(message.seq());
            }

            @Override
            public void changed(RoomMessage change) {
                heard.add(-change.seq());
            }
        });
        server.newest().welcome("java", NOTHING);
        server.newest().message("java", 1, NOTHING);
        server.newest()
                .say(
                        "{'type':'message','room':'java','seq':2,'at':'2026-11-21T09:30:00.123Z','changes':1,'reactions':[]}"
                                .replace('\'', '"'));
        server.newest().message("java", 3, FakeServer.parse("{\"changes\":1}"));
        server.newest().message("java", 4, FakeServer.parse("{\"reactions\":[],\"reacted\":2}"));
        assertThat(heard).containsExactly(1L, -3L, 4L);
    }

    @Test
    void changesTakeTheSlotsThatMessagesTakeAndFreeThem() {
        with(builder().unsent(1));
        ClientRoom room = enter(Joining.live());
        CompletableFuture<ChangeReceipt> edited = room.edit(7, "seven");
        assertThat(room.say("x")).isCompletedExceptionally();
        assertThat(room.remove(8)).isCompletedExceptionally();
        server.newest().answer(server.newest().all("edit").get(0), FakeServer.parse("{\"type\":\"ack\",\"seq\":9}"));
        assertThat(edited).isCompletedWithValue(new ChangeReceipt(9, false));
        assertThat(room.say("x")).isNotDone();
        assertThatThrownBy(() -> room.edit(-1, "x")).hasMessageContaining("-1 is not the number");
        assertThatThrownBy(() -> room.edit(1, "x", "")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> room.edit(1, "\ud800")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aClientThatIsClosedJoinsNothingAndSaysWhen() {
        ClientRoom room = enter(Joining.live());
        assertThat(client.ended()).isNotDone();
        client.close();
        client.close();
        assertThat(client.ended()).isCompleted();
        assertThat(server.newest().isClosed).isTrue();
        assertThatThrownBy(() -> client.join("tea"))
                .isInstanceOfSatisfying(
                        ParleyException.class, e -> assertThat(e.code()).isEqualTo(ParleyException.CLOSED));
        assertThat(room.state()).isEqualTo(ClientRoom.State.LEFT);
        assertThat(client.rooms()).isEmpty();
    }
}

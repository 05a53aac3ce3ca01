package parley.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import parley.api.Attendance;
import parley.api.ChatRoom;
import parley.api.Payload;
import parley.api.Position;
import parley.api.Publication;
import parley.api.Published;
import parley.api.Reading;
import parley.api.RoomEvent;
import parley.api.RoomException;
import parley.api.RoomException.Reason;
import parley.api.Rooms;
import parley.app.Parley;
import parley.app.SettingsSources;
import parley.testclient.NatsServer;

/** The API against rooms in memory, and on disk where that matters. */
class LocalRoomsTest {
    @TempDir
    Path folder;

    private Parley parley;

    private Rooms rooms(String... settings) {
        SettingsSources sources = new SettingsSources(Map.of(), new Properties());
        for (String setting : settings) {
            sources.set(setting.split("=")[0], setting.split("=")[1]);
        }
        parley = new Parley(sources.load());
        return parley.local();
    }

    @AfterEach
    void stop() {
        if (parley != null) {
            parley.stop();
        }
    }

    private static <T> T of(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    private static Reason why(CompletionStage<?> stage) {
        return whole(stage).reason();
    }

    private static RoomException whole(CompletionStage<?> stage) {
        try {
            throw new AssertionError(
                    "not refused: " + stage.toCompletableFuture().join());
        } catch (CompletionException e) {
            return (RoomException) e.getCause();
        }
    }

    private static List<String> texts(List<? extends RoomEvent> events) {
        return events.stream()
                .filter(RoomEvent.Said.class::isInstance)
                .map(event -> ((Payload.Text) ((RoomEvent.Said) event).payload()).text())
                .toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"memory", "disk"})
    void whatIsPublishedIsRead(String where) throws Exception {
        Rooms rooms = where.equals("disk") ? rooms("data.folder=" + folder, "room.keep=disk") : rooms();
        ChatRoom room = rooms.room("tea");
        Published first = of(room.publish(Publication.text("one").from("ann").id("a-1")));
        Published again = of(room.publish(Publication.text("one").from("ann").id("a-1")));
        of(room.publish(Publication.data("{\"n\": 1}")));

        assertThat(first.seq()).isEqualTo(1);
        assertThat(first.at()).isNotNull();
        assertThat(again.isDuplicate()).isTrue();
        assertThat(again.seq()).isEqualTo(1);
        var page = of(room.history(Reading.newest(10)));
        assertThat(page.epoch()).isEqualTo(first.epoch());
        assertThat(page.messages()).hasSize(2);
        assertThat(page.hasMore()).isFalse();
        RoomEvent.Said said = page.messages().get(0);
        assertThat(said.from()).isEqualTo("ann");
        assertThat(said.id()).isEqualTo("a-1");
        assertThat(said.payload()).isEqualTo(new Payload.Text("one"));
        assertThat(said.at()).isEqualTo(first.at());
        assertThat(((Payload.Data) page.messages().get(1).payload()).json()).contains("1");
        assertThat(of(room.history(Reading.after(1, 10))).messages()).hasSize(1);
        assertThat(of(room.history(Reading.before(2, 10))).messages()).hasSize(1);
    }

    @Test
    void limitsHoldAsOverTheWire() {
        Rooms rooms = rooms("limits.message-bytes=10", "limits.rooms=1", "limits.bytes-per-second=0");
        ChatRoom room = rooms.room("tea");
        assertThat(why(room.publish("01234567890"))).isEqualTo(Reason.TOO_LARGE);
        assertThat(why(room.publish(Publication.data("{")))).isEqualTo(Reason.INVALID);
        assertThat(why(room.publish(Publication.data("1,\"id\":\"x\"")))).isEqualTo(Reason.INVALID);
        assertThat(why(room.publish(Publication.text("\ud800")))).isEqualTo(Reason.INVALID);
        assertThat(why(room.publish(Publication.text("a").from("\n")))).isEqualTo(Reason.INVALID);
        assertThat(why(room.publish(Publication.text("a").id("")))).isEqualTo(Reason.INVALID);
        room.publish("one").toCompletableFuture().join();
        assertThat(why(rooms.room("other").publish("a"))).isEqualTo(Reason.UNAVAILABLE);
        assertThat(why(rooms.room("other").history(Reading.newest(1)))).isEqualTo(Reason.TOO_MANY_ROOMS);
        assertThatThrownBy(() -> rooms.room("no name")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Reading.newest(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> rooms.close("ann", "\n")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> rooms.close("", "go")).isInstanceOf(IllegalArgumentException.class);
        assertThat(rooms.close("ann", "go")).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"memory", "disk"})
    void messagesOfAnySenderAreEditedAndRemoved(String where) throws Exception {
        Rooms rooms = where.equals("disk") ? rooms("data.folder=" + folder, "room.keep=disk") : rooms();
        ChatRoom room = rooms.room("tea");
        Published one = of(room.publish(Publication.text("one").from("ann")));
        of(room.publish("two"));
        Listening listening = new Listening();
        room.subscribe(Position.now(), listening);
        listening.request(Long.MAX_VALUE);
        RoomEvent.Placed placed = (RoomEvent.Placed) listening.next();

        Publication better = Publication.text("uno").from("editor").id("e-1");
        Published edited = of(room.edit(one.seq(), better));
        Published again = of(room.edit(Position.after(one.epoch(), one.seq()), better));
        Published removed = of(room.remove(2));
        Published removedAgain = of(room.remove(Position.after(one.epoch(), 2)));

        assertThat(edited.seq()).isEqualTo(3);
        assertThat(edited.epoch()).isEqualTo(one.epoch());
        assertThat(edited.isDuplicate()).isFalse();
        assertThat(List.of(again.seq(), again.isDuplicate())).isEqualTo(List.of(3L, true));
        assertThat(List.of(removed.seq(), removed.isDuplicate())).isEqualTo(List.of(4L, false));
        assertThat(List.of(removedAgain.seq(), removedAgain.isDuplicate())).isEqualTo(List.of(4L, true));
        RoomEvent.Changed edit = (RoomEvent.Changed) listening.next();
        assertThat(edit.changes()).isEqualTo(1);
        assertThat(edit.from()).isEqualTo("editor");
        assertThat(edit.payload()).isEqualTo(new Payload.Text("uno"));
        RoomEvent.Changed removal = (RoomEvent.Changed) listening.next();
        assertThat(removal.changes()).isEqualTo(2);
        assertThat(removal.payload()).isEqualTo(new Payload.Removed());
        assertThat(of(room.history(Reading.newest(10))).messages().stream()
                        .map(RoomEvent.Said::payload)
                        .toList())
                .containsExactly(new Payload.Text("uno"), new Payload.Removed());
        assertThat(placed.epoch()).isEqualTo(one.epoch());
    }

    @Test
    void changesThatCannotBeMadeAreRefusedWithTheirReason() throws Exception {
        ChatRoom room = rooms("limits.message-bytes=10").room("tea");
        Published one = of(room.publish("one"));
        of(room.publish("two"));
        Position.After here = Position.after(one.epoch(), 1);
        of(room.remove(2));

        assertThat(why(room.edit(9, Publication.text("x")))).isEqualTo(Reason.NOT_FOUND);
        assertThat(why(room.edit(2, Publication.text("x")))).isEqualTo(Reason.NOT_FOUND);
        assertThat(why(room.remove(9))).isEqualTo(Reason.NOT_FOUND);
        assertThat(why(room.remove(3))).isEqualTo(Reason.NOT_FOUND);
        assertThat(why(room.edit(Position.after("other", 1), Publication.text("x"))))
                .isEqualTo(Reason.OTHER_EPOCH);
        assertThat(why(room.remove(Position.after("other", 1)))).isEqualTo(Reason.OTHER_EPOCH);
        assertThat(why(room.edit(here, Publication.text("01234567890")))).isEqualTo(Reason.TOO_LARGE);
        assertThat(why(room.edit(here, Publication.data("{")))).isEqualTo(Reason.INVALID);
        assertThat(why(room.edit(here, Publication.text("x").behind(here)))).isEqualTo(Reason.INVALID);
        assertThat(of(room.history(Reading.newest(2))).messages().get(0).payload())
                .isEqualTo(new Payload.Text("one"));
        parley.stop();
        assertThat(why(room.remove(1))).isEqualTo(Reason.STOPPED);
    }

    @Test
    void aMessageBehindAnotherIsNotPublishedWhenSomethingWasSaidSince() throws Exception {
        ChatRoom room = rooms().room("tea");
        Published one = of(room.publish("one"));
        Published two = of(room.publish(Publication.text("two").behind(Position.after(one.epoch(), one.seq()))));
        RoomException moved =
                whole(room.publish(Publication.text("three").behind(Position.after(one.epoch(), one.seq()))));
        assertThat(moved.reason()).isEqualTo(Reason.MOVED);
        assertThat(moved.newest()).hasValue(Position.after(two.epoch(), two.seq()));
    }

    @Test
    void aSubscriberIsGivenWhatItAsksFor() throws Exception {
        ChatRoom room = rooms().room("tea");
        of(room.publish("one"));
        of(room.publish("two"));
        Listening listening = new Listening();
        room.subscribe(Position.last(1), listening);

        listening.request(1);
        RoomEvent.Placed placed = (RoomEvent.Placed) listening.next();
        assertThat(placed.seq()).isEqualTo(1);
        assertThat(listening.events()).isEmpty();
        listening.request(1);
        assertThat(texts(List.of(listening.next()))).containsExactly("two");
        of(room.publish("three"));
        of(room.publish("four"));
        assertThat(listening.events()).isEmpty();
        listening.request(Long.MAX_VALUE);
        assertThat(texts(List.of(listening.next(), listening.next()))).containsExactly("three", "four");
    }

    @ParameterizedTest
    @ValueSource(strings = {"memory", "disk"})
    void aSubscriberGoesOnWhereItWas(String where) throws Exception {
        Rooms rooms = where.equals("disk")
                ? rooms("data.folder=" + folder, "room.history=10", "room.linger=1s")
                : rooms("room.history=1000");
        ChatRoom room = rooms.room("tea");
        for (int i = 1; i <= 500; i++) {
            of(room.publish("m" + i));
        }
        Listening first = new Listening();
        room.subscribe(Position.last(500), first);
        first.request(101);
        for (int i = 0; i < 100; i++) {
            first.next();
        }
        RoomEvent last = first.next();
        first.cancel();
        Listening second = new Listening();
        room.subscribe(last.position(), second);
        second.request(Long.MAX_VALUE);
        assertThat(((RoomEvent.Placed) second.next()).isResumed()).isTrue();
        List<RoomEvent> rest =
                IntStream.range(0, 400).mapToObj(i -> second.next()).toList();
        assertThat(texts(rest))
                .containsExactlyElementsOf(
                        IntStream.rangeClosed(101, 500).mapToObj(i -> "m" + i).toList());
    }

    @Test
    void aSubscriberThatAsksForNothingMissesWhatTheRoomLetsGoOf() throws Exception {
        ChatRoom room = rooms("room.history=10", "room.slow-after=100ms").room("tea");
        Listening listening = new Listening();
        room.subscribe(Position.now(), listening);
        listening.request(1);
        assertThat(listening.next()).isInstanceOf(RoomEvent.Placed.class);
        for (int i = 1; i <= 50; i++) {
            of(room.publish("m" + i));
        }
        await().until(() -> of(room.history(Reading.newest(100))).messages().size() <= 10);

        listening.request(Long.MAX_VALUE);
        RoomEvent.Missed missed = (RoomEvent.Missed) listening.next();
        assertThat(missed.after()).isZero();
        assertThat(missed.seq()).isEqualTo(40);
        assertThat(missed.count()).isEqualTo(40);
        assertThat(texts(List.of(listening.next()))).containsExactly("m41");
    }

    @Test
    void aSubscriberThatIsSlowIsClosedWhereTheRoomClosesThose() throws Exception {
        ChatRoom room = rooms("room.policy=disconnect", "room.slow-after=100ms").room("tea");
        Listening listening = new Listening();
        room.subscribe(Position.now(), listening);
        listening.request(1);
        listening.next();
        of(room.publish("one"));
        assertThat(((RoomException) listening.error()).reason()).isEqualTo(Reason.BEHIND);
    }

    @Test
    void clientsDoNotSeeASubscriberButItTakesAPlace() throws Exception {
        ChatRoom room = rooms("room.members=1").room("tea");
        Listening one = new Listening();
        room.subscribe(Position.now(), one);
        one.request(1);
        one.next();
        assertThat(of(room.members())).isEqualTo(new Attendance("tea", 0, List.of(), true));
        Listening two = new Listening();
        room.subscribe(Position.now(), two);
        assertThat(((RoomException) two.error()).reason()).isEqualTo(Reason.ROOM_FULL);
        one.cancel();
        Listening three = new Listening();
        room.subscribe(Position.now(), three);
        three.request(1);
        assertThat(three.next()).isInstanceOf(RoomEvent.Placed.class);
    }

    @Test
    void aSubscriberThatThrowsIsGivenNothingMore() throws Exception {
        ChatRoom room = rooms().room("tea");
        Listening throwing = new Listening() {
            @Override
            public void onNext(RoomEvent event) {
                super.onNext(event);
                throw new IllegalStateException("on purpose");
            }
        };
        Listening other = new Listening();
        room.subscribe(Position.now(), throwing);
        room.subscribe(Position.now(), other);
        throwing.request(Long.MAX_VALUE);
        other.request(Long.MAX_VALUE);
        throwing.next();
        other.next();
        of(room.publish("one"));
        assertThat(texts(List.of(other.next()))).containsExactly("one");
        assertThat(throwing.events()).isEmpty();
    }

    @Test
    void aRequestForNothingIsAnError() {
        ChatRoom room = rooms().room("tea");
        Listening listening = new Listening();
        room.subscribe(Position.now(), listening);
        listening.request(0);
        assertThat(listening.error()).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aStopCompletesSubscribersAndRefusesTheRest() throws Exception {
        ChatRoom room = rooms().room("tea");
        Listening listening = new Listening();
        room.subscribe(Position.now(), listening);
        listening.request(1);
        listening.next();
        parley.stop();
        listening.completed();
        assertThat(why(room.publish("late"))).isEqualTo(Reason.STOPPED);
        assertThat(why(room.members())).isEqualTo(Reason.STOPPED);
        Listening late = new Listening();
        room.subscribe(Position.now(), late);
        late.completed();
    }

    /** 4 writers and 50 subscribers that ask for a few at a time: each is given all, in order, once. */
    @Test
    void manySubscribersAreGivenEverythingInOrder() throws Exception {
        ChatRoom room = rooms().room("tea");
        List<Listening> all =
                IntStream.range(0, 50).mapToObj(i -> new Listening(7)).toList();
        all.forEach(one -> room.subscribe(Position.now(), one));
        all.forEach(one -> assertThat(one.next()).isInstanceOf(RoomEvent.Placed.class));
        Thread[] writers = IntStream.range(0, 4)
                .mapToObj(w -> new Thread(() -> {
                    for (int i = 0; i < 500; i++) {
                        room.publish(w + "-" + i);
                    }
                }))
                .toArray(Thread[]::new);
        for (Thread writer : writers) {
            writer.start();
        }
        for (Listening one : all) {
            long seq = 0;
            for (int i = 0; i < 2_000; i++) {
                RoomEvent.Said said = (RoomEvent.Said) one.next();
                assertThat(said.seq()).isEqualTo(++seq);
            }
        }
        for (Thread writer : writers) {
            writer.join(Duration.ofSeconds(20).toMillis());
        }
    }

    /** A room that is not open here cannot be opened while NATS is away. */
    @Test
    void aRoomThatCannotBeOpenedIsRefusedWithinTheDeadline() throws Exception {
        try (NatsServer nats = NatsServer.start(folder)) {
            Rooms rooms = rooms("nats.url=" + nats.url(), "nats.deadline=1s");
            nats.suspend(true);
            try {
                assertThat(whole(rooms.room("tea").history(Reading.after(0, 10)))
                                .getMessage())
                        .isEqualTo("the room cannot be opened now; retry later");
                assertThat(why(rooms.room("tea").members())).isEqualTo(Reason.UNAVAILABLE);
            } finally {
                nats.suspend(false);
            }
        }
    }
}

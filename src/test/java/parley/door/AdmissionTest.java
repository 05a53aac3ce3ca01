package parley.door;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import parley.delivery.FakeTransport;
import parley.protocol.MemberName;
import parley.protocol.RoomName;
import parley.room.Overflow;
import parley.room.RoomRegistry;
import parley.room.Samples;
import parley.room.Start;
import parley.session.AddressLimit;
import parley.session.Client;
import parley.session.Connection;
import parley.session.FirstRoom;
import parley.session.Renewal;
import parley.session.SessionLimits;
import parley.session.Sessions;
import parley.session.Visitor;

class AdmissionTest {
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
    private final Sessions sessions = new Sessions(
            limits, Runnable::run, Runnable::run, System::nanoTime, Clock.systemUTC(), Renewal.NONE, AddressLimit.NONE);
    private final RoomRegistry rooms = new RoomRegistry(
            Samples.limits(10, 10, Overflow.LATEST, Duration.ZERO), 9, Runnable::run, Clock.systemUTC());
    private final Admission admission = new Admission(
            new Origins(List.of()),
            new Proxies(List.of(), Proxies.Header.X_FORWARDED_FOR),
            Access.ANONYMOUS,
            new DoorLimits(0, 0, 0),
            new AddressCounts(0),
            sessions,
            rooms);

    private Admission.Verdict judge(String path, String query) {
        return judge(path, query, null);
    }

    private Admission.Verdict judge(String path, String query, String origin) {
        Map<String, String> headers = new HashMap<>(Map.of("Host", "localhost"));
        headers.put("Origin", origin);
        return admission.judge(new Request(path, query, headers::get, null, null));
    }

    private Admission.Refusal refusal(String path, String query) {
        return (Admission.Refusal) judge(path, query);
    }

    /** Where a client starts that comes in now. */
    private Start start(RoomName room, int history) {
        return rooms.fix(room, new Start.Last(history));
    }

    @Test
    void thePathSaysWhereTo() {
        RoomName java = new RoomName("java");
        assertThat(judge("/echo", null)).isEqualTo(new Admission.Echo(Visitor.UNKNOWN));
        assertThat(judge("/chat", null))
                .isEqualTo(new Admission.Chat(Visitor.UNKNOWN, RoomName.LOBBY, null, start(RoomName.LOBBY, 0)));
        assertThat(judge("/chat/java", "")).isEqualTo(new Admission.Chat(Visitor.UNKNOWN, java, null, start(java, 0)));
        assertThat(judge("/chat/java", "x=1&name=Ann+Lee%21&history=50&name=Other"))
                .isEqualTo(new Admission.Chat(Visitor.UNKNOWN, java, new MemberName("Ann Lee!"), start(java, 50)));
    }

    @ParameterizedTest
    @CsvSource({
        "/chat/,            '',             400, room's name",
        "/chat/a%20b,       '',             400, room's name",
        "/chat/a/b,         '',             400, room's name",
        "/chat,             name=,          400, name is 1 to 40",
        "/chat,             name=%0A,       400, name is 1 to 40",
        "/chat,             name=%zz,       400, escape",
        "/chat,             name=%4,        400, escape",
        "/chat,             name=%,         400, escape",
        "/chat,             name=%FF,       400, escape",
        "/chat,             name=%C3%28,    400, escape",
        "/chat,             name=%ED%A0%80, 400, escape",
        "/chat,             name=a&x=%C3,   400, escape",
        "/chat,             history=-1,     400, 0 to 999999999",
        "/chat,             history=many,   400, 0 to 999999999",
        "/chat,             history=,       400, 0 to 999999999",
        "/chat,             history=99999999999, 400, 0 to 999999999",
        "/other,            '',             404, /chat/{room}",
    })
    void whatIsWrongIsNamedWithWhatIsAllowed(String path, String query, int status, String words) {
        assertThat(refusal(path, query).status()).isEqualTo(status);
        assertThat(refusal(path, query).reason()).contains(words);
        assertThat(refusal(path, query).reason().length())
                .as("fits a close frame")
                .isLessThanOrEqualTo(123);
    }

    /** As bytes, one character each, or decoded: containers differ. */
    @ParameterizedTest
    @ValueSource(strings = {"name=Zo\u00C3\u00AB", "name=Zo\u00EB", "name=Zo%C3%AB", "name=Zo\u00C3%AB"})
    void whatIsNotEscapedInTheQueryIsUtf8(String query) {
        assertThat(judge("/chat", query))
                .isEqualTo(new Admission.Chat(
                        Visitor.UNKNOWN, RoomName.LOBBY, new MemberName("Zoë"), start(RoomName.LOBBY, 0)));
    }

    @Test
    void charactersThatTheContainerHasDecodedAreTakenAsTheyAre() {
        assertThat(judge("/chat", "name=\u674E%E9%9B%B7"))
                .isEqualTo(new Admission.Chat(
                        Visitor.UNKNOWN, RoomName.LOBBY, new MemberName("李雷"), start(RoomName.LOBBY, 0)));
    }

    @Test
    void aForeignOriginIsRefusedAndTheLogSaysWhatWasCompared() {
        Admission.Refusal refusal = (Admission.Refusal) judge("/chat", null, "http://evil.example");
        assertThat(refusal.detail()).isEqualTo("origin 'http://evil.example', host 'localhost'");
        assertThat(refusal.reason()).hasSizeLessThanOrEqualTo(123);
        assertThat(((Admission.Refusal) judge("/chat", null, "http://evil.example")).status())
                .isEqualTo(403);
    }

    @Test
    void aFullServerRefusesUntilSomebodyGoes() {
        Connection connection = sessions.openEcho(
                new Client("/echo", null, Visitor.UNKNOWN), new FakeTransport(FakeTransport.When.LATER, 1));
        assertThat(refusal("/echo", null).status()).isEqualTo(503);
        connection.gone(1000);
        sessions.sweep();
        assertThat(judge("/echo", null)).isInstanceOf(Admission.Echo.class);
    }

    @Test
    void aClosedDoorLetsNobodyIn() {
        admission.close();
        assertThat(refusal("/echo", null).status()).isEqualTo(503);
        assertThat(refusal("/echo", null).code().number()).isEqualTo(1001);
    }

    @Test
    void whomTheServerHasAuthenticatedComesInUnderThatName() {
        Admission door = new Admission(
                new Origins(List.of()),
                new Proxies(List.of(), Proxies.Header.X_FORWARDED_FOR),
                Access.PRINCIPAL,
                new DoorLimits(0, 0, 0),
                new AddressCounts(0),
                sessions,
                rooms);
        Request.Headers headers = Map.of("Host", "localhost")::get;
        assertThat(door.judge(new Request("/chat", "name=Boss", headers, null, "ann")))
                .isInstanceOfSatisfying(
                        Admission.Chat.class, chat -> assertThat(chat.name()).isEqualTo(new MemberName("ann")));
        for (String login : new String[] {null, "x".repeat(41)}) {
            assertThat(door.judge(new Request("/chat", "name=Boss", headers, null, login)))
                    .isInstanceOfSatisfying(
                            Admission.Refusal.class,
                            refusal -> assertThat(refusal.status()).isEqualTo(401));
        }
    }

    /** Who will not come in anyway takes nothing from the rate that others need. */
    @Test
    void badHandshakesDoNotCountAsHandshakes() {
        Admission door = new Admission(
                new Origins(List.of()),
                new Proxies(List.of(), Proxies.Header.X_FORWARDED_FOR),
                Access.ANONYMOUS,
                new DoorLimits(1, 0, 0),
                new AddressCounts(0),
                sessions,
                rooms);
        Request.Headers headers = Map.of("Host", "localhost")::get;
        for (int i = 0; i < 100; i++) {
            door.judge(new Request("/chat/a%20b", null, headers, null, null));
            door.judge(new Request("/nothing", null, headers, null, null));
        }
        assertThat(door.judge(new Request("/chat", null, headers, null, null))).isInstanceOf(Admission.Chat.class);
        for (int i = 0; i < 9; i++) {
            door.judge(new Request("/chat", null, headers, null, null));
        }
        assertThat(door.refusedCount(Cause.RATE)).isPositive();
    }

    /** One line of each cause a minute, with the number of those that were not said. */
    @Test
    void aRefusalThatIsRepeatedDoesNotFillTheLog() {
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
        Logger logger = Logger.getLogger("parley.door");
        logger.addHandler(handler);
        try {
            RefusalLog log = new RefusalLog(0);
            Admission.Refusal full = new Admission.Refusal(Cause.FULL, "the server is full");
            Admission.Refusal other =
                    new Admission.Refusal(Cause.NOT_FOUND, "there is nothing", "line\nbreak " + "x".repeat(300));
            for (int second = 0; second < 121; second++) {
                log.refused(full, Proxies.literal("192.0.2.1"), second * 1_000_000_000L);
            }
            log.refused(other, null, 0);
            assertThat(lines)
                    .containsExactly(
                            "refused a handshake from 192.0.2.1 with 503: the server is full",
                            "refused a handshake from 192.0.2.1 with 503: the server is full (and 59 more since it was"
                                    + " last said)",
                            "refused a handshake from 192.0.2.1 with 503: the server is full (and 59 more since it was"
                                    + " last said)",
                            "refused a handshake with 404: there is nothing; line?break " + "x".repeat(189) + "...");
            assertThat(log.count(Cause.FULL)).isEqualTo(121);
        } finally {
            logger.removeHandler(handler);
        }
    }

    private Admission.Verdict judgeReader(String path, String query, String lastEventId) {
        Map<String, String> headers = new HashMap<>(Map.of("Host", "localhost"));
        headers.put("Last-Event-ID", lastEventId);
        return admission.judgeReader(new Request(path, query, headers::get, null, null));
    }

    private List<FirstRoom> read(String path, String query, String lastEventId) {
        return ((Admission.Events) judgeReader(path, query, lastEventId)).rooms();
    }

    private FirstRoom first(String room, String name, Start start) {
        RoomName in = new RoomName(room);
        return new FirstRoom(in, name == null ? null : new MemberName(name), rooms.fix(in, start));
    }

    @Test
    void aReaderSaysWhichRoomsAndUnderWhichName() {
        assertThat(read("/rooms/java/events", "name=Ann&history=5", null))
                .containsExactly(first("java", "Ann", new Start.Last(5)));
        assertThat(read("/events", "room=a&room=b&room=a", null))
                .containsExactly(first("a", null, new Start.Last(0)), first("b", null, new Start.Last(0)));
    }

    @Test
    void aReaderThatComesBackGoesOnWhereItWasAndItsHeaderIsNewerThanItsAddress() {
        Start there = new Start.After("e", 7);
        assertThat(read("/rooms/java/events", "history=5", "e:7")).containsExactly(first("java", null, there));
        assertThat(read("/rooms/java/events", "after=e:7", null)).containsExactly(first("java", null, there));
        assertThat(read("/rooms/java/events", "lastEventId=e:7&after=e:1", ""))
                .containsExactly(first("java", null, there));
        assertThat(read("/rooms/java/events", "lastEventId=e:1", "e:7")).containsExactly(first("java", null, there));
        assertThat(read("/events", "room=a&room=b&history=5", "b=e:7"))
                .containsExactly(first("a", null, new Start.Last(5)), first("b", null, there));
    }

    @ParameterizedTest
    @CsvSource({
        "/rooms/a%20b/events, '',                                       room's name",
        "/events,             '',                                       1 to 5 rooms",
        "/events,             room=a&room=b&room=c&room=d&room=e&room=f, 1 to 5 rooms",
        "/events,             room=,                                    room's name",
        "/events,             room=a&x=%zz,                             escape",
        "/rooms/java/events,  name=%0A,                                 name is",
        "/rooms/java/events,  history=-1,                               0 to 999999999",
        "/rooms/java/events,  after=7,                                  epoch:seq",
        "/events,             room=a&room=b&lastEventId=e:7,            room=epoch:seq",
    })
    void whatIsWrongWithAReaderIsNamedWithWhatIsAllowed(String path, String query, String words) {
        Admission.Refusal refusal = (Admission.Refusal) judgeReader(path, query, null);
        assertThat(refusal.status()).isEqualTo(400);
        assertThat(refusal.reason()).contains(words);
        assertThat(refusal.isForNow()).isFalse();
    }

    @Test
    void aReaderIsCountedAndRefusedAsAHandshakeIs() {
        admission.close();
        Admission.Refusal refusal = (Admission.Refusal) judgeReader("/rooms/java/events", null, null);
        assertThat(refusal.cause()).isEqualTo(Cause.CLOSED);
        assertThat(refusal.isForNow()).isTrue();
        assertThat(admission.refusedCount(Cause.CLOSED)).isEqualTo(1);
    }

    @Test
    void whatIsOverSoonIsForNow() {
        List<Cause> forNow = new ArrayList<>();
        for (Cause cause : Cause.values()) {
            if (new Admission.Refusal(cause, "why").isForNow()) {
                forNow.add(cause);
            }
        }
        assertThat(forNow)
                .containsExactly(
                        Cause.CLOSED,
                        Cause.STARTING,
                        Cause.FULL,
                        Cause.RATE,
                        Cause.ADDRESS_FULL,
                        Cause.ADDRESS_RATE,
                        Cause.APPLICATION_FAILS);
    }
}

package parley.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import parley.delivery.FakeTransport;
import parley.delivery.Overflow;
import parley.protocol.MemberName;
import parley.protocol.RoomName;
import parley.room.RoomRegistry;
import parley.room.Samples;

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
            0);
    private final Sessions sessions = new Sessions(limits, Runnable::run, Runnable::run, System::nanoTime);
    private final RoomRegistry rooms = new RoomRegistry(
            Samples.limits(10, 10, Overflow.LATEST, Duration.ZERO), 9, Runnable::run, Clock.systemUTC());
    private final Admission admission = new Admission(new Origins(List.of()), sessions, rooms);

    private static final RoomRegistry.Position NO_ROOM = new RoomRegistry.Position(null, 1, null);

    private Admission.Verdict judge(String path, String query) {
        return admission.judge(new Request(path, query, null, "localhost"));
    }

    private Admission.Refusal refusal(String path, String query) {
        return (Admission.Refusal) judge(path, query);
    }

    @Test
    void thePathSaysWhereTo() {
        assertThat(judge("/echo", null)).isEqualTo(new Admission.Echo());
        assertThat(judge("/chat", null)).isEqualTo(new Admission.Chat(RoomName.LOBBY, null, NO_ROOM));
        assertThat(judge("/chat/java", "")).isEqualTo(new Admission.Chat(new RoomName("java"), null, NO_ROOM));
        assertThat(judge("/chat/java", "x=1&name=Ann+Lee%21&history=50&name=Other"))
                .isEqualTo(new Admission.Chat(new RoomName("java"), new MemberName("Ann Lee!"), NO_ROOM));
    }

    @ParameterizedTest
    @CsvSource({
        "/chat/,            '',             400, room's name",
        "/chat/a%20b,       '',             400, room's name",
        "/chat/a/b,         '',             400, room's name",
        "/chat,             name=,          400, name is 1 to 40",
        "/chat,             name=%0A,       400, name is 1 to 40",
        "/chat,             name=%zz,       400, escape",
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

    @Test
    void aForeignOriginIsRefused() {
        Request request = new Request("/chat", null, "http://evil.example", "localhost");
        assertThat(((Admission.Refusal) admission.judge(request)).status()).isEqualTo(403);
    }

    @Test
    void aFullServerRefusesUntilSomebodyGoes() {
        Connection connection =
                sessions.openEcho(new Client("/echo", null, null), new FakeTransport(FakeTransport.When.LATER, 1));
        assertThat(refusal("/echo", null).status()).isEqualTo(503);
        connection.gone(1000);
        assertThat(judge("/echo", null)).isInstanceOf(Admission.Echo.class);
    }

    @Test
    void aClosedDoorLetsNobodyIn() {
        admission.close();
        assertThat(refusal("/echo", null).status()).isEqualTo(503);
        assertThat(refusal("/echo", null).code().number()).isEqualTo(1001);
    }
}

package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static parley.testclient.Token.SECRET;
import static parley.testclient.Token.claims;
import static parley.testclient.Token.token;

import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jose4j.jwt.JwtClaims;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import parley.client.ClientRoom;
import parley.client.ParleyClient;
import parley.client.ReadPosition;
import parley.client.RoomSummaries;
import parley.client.RoomSummary;
import parley.client.WatchDetail;
import parley.testclient.ClientThreads;

/** The Java client with a server: marks, rooms that are watched, and what members have read. */
class ClientMarksTest extends ServerBase {
    /** Not the client's own, whose threads would seem to be the server's. */
    private final ClientThreads threads = new ClientThreads();

    @AfterEach
    void endThreads() {
        threads.close();
    }

    private ParleyClient client(String user) throws Exception {
        JwtClaims claims = claims(user, "*");
        claims.setSubject(user);
        return threads.client(ws("/chat")).token(token(claims)).build();
    }

    @Test
    void aUserMarksInOneRoomWhatItWatchesFromAnother() throws Exception {
        start("access.mode=token", "access.secret=" + SECRET, "room.marks-shown=members");
        AtomicReference<RoomSummaries> newest = new AtomicReference<>();
        try (ParleyClient ann = client("ann");
                ParleyClient tab = client("ann");
                ParleyClient bob = client("bob")) {
            ClientRoom java = ann.join("java");
            ClientRoom bobs = bob.join("java");
            bobs.joined().get(20, TimeUnit.SECONDS);
            long first = java.say("one").get(20, TimeUnit.SECONDS).seq();
            long second = java.say("two").get(20, TimeUnit.SECONDS).seq();
            tab.join("lobby");
            tab.watch(List.of("j*"), newest::set, WatchDetail.MARKS, WatchDetail.LAST)
                    .get(20, TimeUnit.SECONDS);
            assertThat(java.mark(first).get(20, TimeUnit.SECONDS)).isEqualTo(first);
            await().until(() -> mark(newest.get()) != null);
            assertThat(mark(newest.get())).isEqualTo(new ReadPosition(first, OptionalInt.of(1), false));
            await().until(() -> java.readMark().isPresent());
            assertThat(java.mark(second + 10).get(20, TimeUnit.SECONDS)).isEqualTo(second);
            ReadPosition all = new ReadPosition(second, OptionalInt.of(0), false);
            await().until(() -> all.equals(mark(newest.get())));
            await().until(() -> all.equals(java.readMark().orElse(null)));
            await().until(() -> bobs.members().people().stream()
                    .anyMatch(member -> "ann".equals(member.user())
                            && member.read().isPresent()
                            && member.read().getAsLong() == second));
            for (ParleyClient client : List.of(ann, tab, bob)) {
                client.close();
                client.ended().get(20, TimeUnit.SECONDS);
            }
        }
    }

    private static ReadPosition mark(RoomSummaries now) {
        RoomSummary java = now == null ? null : now.rooms().get("java");
        return java == null ? null : java.mark();
    }
}

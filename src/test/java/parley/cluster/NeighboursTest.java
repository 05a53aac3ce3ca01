package parley.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import parley.protocol.RoomName;
import parley.room.RoomStore;
import parley.room.SilentListener;

/** Who is said to be where, without NATS. */
class NeighboursTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long TIMEOUT = 5 * SECOND;

    private final Subjects subjects = new Subjects("p", 1);
    /** What was said of rooms: the subject, and how many are there. */
    private final List<String> said = new ArrayList<>();

    private final List<byte[]> payloads = new ArrayList<>();
    /** What the room heard. */
    private final List<String> heard = new ArrayList<>();

    private final Set<Remote> rooms = new LinkedHashSet<>();
    private long now;
    private long maxPayload = 1 << 20;
    private final Counted counted = new Counted();
    private final Neighbours neighbours = new Neighbours(
            "here",
            subjects,
            TIMEOUT,
            this::send,
            () -> maxPayload,
            () -> now,
            new Decoder(counted, new Complaints(() -> now)),
            rooms);
    private final Remote room = room("java");

    private void send(String subject, byte[] data) {
        said.add(subject + (subject.endsWith(".p") ? " " + here(data).present().count() : ""));
        payloads.add(data);
    }

    private static PresentEnvelope here(byte[] data) {
        try {
            return PresentEnvelope.decode(data);
        } catch (Envelope.UnreadableException e) {
            throw new AssertionError(e);
        }
    }

    private Remote room(String name) {
        RoomStore.Listener listener = new SilentListener() {
            @Override
            public void present(String node, RoomStore.Present there) {
                heard.add(node + " " + there.count());
            }

            @Override
            public void lost(String node) {
                heard.add(node + " lost");
            }
        };
        Remote.Reads reads = new Remote.Reads() {
            @Override
            public void open(Remote of) {}

            @Override
            public void fill(Remote of, long from, long until) {}
        };
        Remote remote = new Remote(new RoomName(name), 0, listener, reads, (entry, attempt) -> {});
        rooms.add(remote);
        remote.open();
        remote.opened(new Remote.Opened(new Remote.Bounds("e", 1, 1, 0), 1, List.of(), new Changed()));
        return remote;
    }

    private static RoomStore.Present members(int count) {
        return new RoomStore.Present(count, Map.of(), true);
    }

    /** Time goes by, with a tick now and then. */
    private void pass(long nanos) {
        for (long passed = 0; passed < nanos; passed += SECOND / 4) {
            tick(SECOND / 4);
        }
    }

    private void tick(long later) {
        now += later;
        neighbours.tick(now);
    }

    private void present(String node, int count) {
        neighbours.present(room, new PresentEnvelope(node, members(count)).encode());
    }

    private void beat(String node) {
        neighbours.beat(Envelope.of(node, 0).encode());
    }

    private List<String> ofRooms() {
        return said.stream().filter(one -> one.contains(".p ")).toList();
    }

    @Test
    void whoLeavesJustBeforeTheRoomIsGivenUpIsSaidToHaveLeft() {
        neighbours.here(room, members(3));
        pass(SECOND);
        neighbours.here(room, RoomStore.Present.NOBODY);
        neighbours.closed(room); // in the same sweep
        pass(SECOND);
        pass(SECOND);
        assertThat(ofRooms()).containsExactly("p.at.java.p 3", "p.at.java.p 0");
    }

    @Test
    void aRoomThatIsOpenedAgainIsNotSaidToBeEmptyAfterwards() {
        neighbours.here(room, members(3));
        pass(SECOND);
        neighbours.closed(room);
        Remote again = room("java");
        neighbours.here(again, members(1));
        pass(SECOND);
        pass(SECOND);
        assertThat(ofRooms()).containsExactly("p.at.java.p 3", "p.at.java.p 0", "p.at.java.p 1");
    }

    @Test
    void aRoomOfWhichNothingWasSaidEndsWithoutAWord() {
        neighbours.here(room, members(3));
        neighbours.closed(room);
        pass(SECOND);
        assertThat(ofRooms()).isEmpty();
    }

    @Test
    void aNodeThatWasSilentIsAskedForAllItsRoomsWhateverIsHeardOfItFirst() {
        present("there", 2);
        beat("there");
        pass(TIMEOUT + 2 * SECOND);
        assertThat(heard).containsExactly("there 2", "there lost");
        said.clear();
        present("there", 2);
        assertThat(said).containsExactly("p.node.there");
        beat("there");
        assertThat(said).as("once").hasSize(1);
    }

    @Test
    void aNodeThatSaysNothingOfARoomAnyMoreHasLeftIt() {
        present("there", 2);
        for (int i = 0; i < 359; i++) {
            beat("there");
            pass(SECOND);
        }
        assertThat(heard).as("three times as long as it may say nothing").containsExactly("there 2");
        for (int i = 0; i < 3; i++) {
            beat("there");
            pass(SECOND);
        }
        assertThat(heard).containsExactly("there 2", "there 0");
    }

    /** Suspended, or its thread had no processor: what the others sent meanwhile has not been read yet. */
    @Test
    void aNodeThatStoodStillGivesNobodyUpBeforeItHasReadWhatWaits() {
        present("there", 2);
        for (int i = 0; i < 5; i++) {
            tick(SECOND / 20);
        }
        tick(20 * SECOND);
        assertThat(heard).containsExactly("there 2");
        beat("there");
        for (int i = 0; i < 90; i++) {
            tick(SECOND / 20);
        }
        assertThat(heard).containsExactly("there 2");
        for (int i = 0; i < 40; i++) {
            tick(SECOND / 20);
        }
        assertThat(heard).as("when it says nothing").containsExactly("there 2", "there lost");
    }

    @Test
    void moreNamesThanNatsTakesAreNotSaid() {
        Map<String, Integer> names = new LinkedHashMap<>();
        for (int i = 0; i < 50_000; i++) {
            names.put("a name of some length " + i, 1);
        }
        neighbours.here(room, new RoomStore.Present(50_000, names, true));
        pass(SECOND);
        byte[] last = payloads.get(payloads.size() - 1);
        assertThat(last.length).isLessThan(512 << 10);
        RoomStore.Present present = here(last).present();
        assertThat(present.count()).isEqualTo(50_000);
        assertThat(present.isWhole()).isFalse();
        assertThat(present.names()).isNotEmpty();
    }

    @Test
    void moreUsersThanNatsTakesAreNotSaid() {
        Map<String, RoomStore.User> users = new LinkedHashMap<>();
        for (int i = 0; i < 2_000; i++) {
            users.put("\u4e16".repeat(250) + i, new RoomStore.User(1, "\ud83d\ude00".repeat(36) + i, i, null));
        }
        neighbours.here(room, new RoomStore.Present(2_000, Map.of("Ann", 1), true, users, Map.of(), Set.of()));
        pass(SECOND);
        byte[] last = payloads.get(payloads.size() - 1);
        assertThat(last.length).isBetween(256 << 10, 512 << 10);
        RoomStore.Present present = here(last).present();
        assertThat(present.isWhole()).isFalse();
        assertThat(present.users()).hasSizeGreaterThan(300);
    }
}

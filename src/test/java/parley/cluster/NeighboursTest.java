package parley.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.RoomName;
import parley.room.RoomStore;

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
    private final Neighbours neighbours = new Neighbours("here", subjects, TIMEOUT, this::send, rooms);
    private final Remote room = room("java");
    private long now = System.nanoTime();

    private void send(String subject, byte[] data) {
        Envelope.Here here = Envelope.Here.decode(data);
        said.add(subject
                + (subject.endsWith(".p") && here != null ? " " + here.present().count() : ""));
        payloads.add(data);
    }

    private Remote room(String name) {
        RoomStore.Listener listener = new RoomStore.Listener() {
            @Override
            public void opened(RoomStore.Contents contents) {}

            @Override
            public void couldNotOpen() {}

            @Override
            public void appended(List<Message> messages) {}

            @Override
            public void trimmed(long first) {}

            @Override
            public void present(String node, RoomStore.Present there) {
                heard.add(node + " " + there.count());
            }

            @Override
            public void signalled(Draft draft) {}
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
        remote.opened(new Remote.Opened("e", 1, 1, 0, List.of()));
        return remote;
    }

    private static RoomStore.Present members(int count) {
        return new RoomStore.Present(count, Map.of(), true);
    }

    private void tick(long later) {
        now += later;
        neighbours.tick(now);
    }

    private void present(String node, int count) {
        neighbours.present(room, new Envelope.Here(node, members(count)).encode(), now);
    }

    private void beat(String node) {
        Draft nothing = new Draft(null, new Content(Content.Kind.DATA, "", 0), null);
        neighbours.beat(new Envelope(node, 0, 0, nothing).encode(), now);
    }

    private List<String> ofRooms() {
        return said.stream().filter(one -> one.contains(".p ")).toList();
    }

    @Test
    void whoLeavesJustBeforeTheRoomIsGivenUpIsSaidToHaveLeft() {
        neighbours.here(room, members(3));
        tick(SECOND);
        neighbours.here(room, RoomStore.Present.NOBODY);
        neighbours.closed(room); // in the same sweep
        tick(SECOND);
        tick(SECOND);
        assertThat(ofRooms()).containsExactly("p.at.java.p 3", "p.at.java.p 0");
    }

    @Test
    void aRoomThatIsOpenedAgainIsNotSaidToBeEmptyAfterwards() {
        neighbours.here(room, members(3));
        tick(SECOND);
        neighbours.closed(room);
        Remote again = room("java");
        neighbours.here(again, members(1));
        tick(SECOND);
        tick(SECOND);
        assertThat(ofRooms()).containsExactly("p.at.java.p 3", "p.at.java.p 0", "p.at.java.p 1");
    }

    @Test
    void aRoomOfWhichNothingWasSaidEndsWithoutAWord() {
        neighbours.here(room, members(3));
        neighbours.closed(room);
        tick(SECOND);
        assertThat(ofRooms()).isEmpty();
    }

    @Test
    void aNodeThatWasSilentIsAskedForAllItsRoomsWhateverIsHeardOfItFirst() {
        present("there", 2);
        beat("there");
        tick(TIMEOUT + 2 * SECOND);
        assertThat(heard).containsExactly("there 2", "there 0");
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
            tick(SECOND);
        }
        assertThat(heard).as("three times as long as it may say nothing").containsExactly("there 2");
        for (int i = 0; i < 3; i++) {
            beat("there");
            tick(SECOND);
        }
        assertThat(heard).containsExactly("there 2", "there 0");
    }

    @Test
    void moreNamesThanNatsTakesAreNotSaid() {
        Map<String, Integer> names = new LinkedHashMap<>();
        for (int i = 0; i < 50_000; i++) {
            names.put("a name of some length " + i, 1);
        }
        neighbours.here(room, new RoomStore.Present(50_000, names, true));
        tick(SECOND);
        byte[] last = payloads.get(payloads.size() - 1);
        assertThat(last.length).isLessThan(512 << 10);
        RoomStore.Present present = Envelope.Here.decode(last).present();
        assertThat(present.count()).isEqualTo(50_000);
        assertThat(present.isWhole()).isFalse();
        assertThat(present.names()).isNotEmpty();
    }
}

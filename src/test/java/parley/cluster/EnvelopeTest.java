package parley.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import parley.protocol.ChangeKind;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.Revision;
import parley.protocol.RoomName;
import parley.room.RoomStore;

class EnvelopeTest {
    private static final Draft DRAFT = new Draft("Zoë", new Content(Content.Kind.DATA, "{\"ä\":1}", 8), "id 1");

    private static final Draft OF_USER = new Draft("Zoë", "u 7", DRAFT.content(), "id 1");
    private static final RoomStore.State STATE = new RoomStore.State(DRAFT.content(), 77);
    private static final Map<String, RoomStore.User> USERS = Map.of(
            "7", new RoomStore.User(3, "Ann", 5, STATE),
            "8", new RoomStore.User(1, "Bob", 6, null),
            "9", new RoomStore.User(1, null, 0, STATE),
            "away", new RoomStore.User(0, "Bob", 6, null));

    @Test
    void anEnvelopeIsReadAsItWasWritten() throws Exception {
        for (Draft draft : List.of(new Draft(null, new Content(Content.Kind.TEXT, "", 0), null), DRAFT)) {
            for (Envelope.Quiet quiet : List.of(Envelope.Quiet.UNKNOWN, new Envelope.Quiet(7, 90))) {
                Envelope envelope = new Envelope("node", 17, 3, quiet, draft);
                assertThat(Envelope.decode(envelope.encode())).isEqualTo(envelope);
            }
        }
        Envelope ofUser = new Envelope("node", 17, 3, new Envelope.Quiet(7, 90), OF_USER);
        assertThat(Envelope.decode(ofUser.encode())).isEqualTo(ofUser);
    }

    @Test
    void aChangeAndAChangedMessageAreReadAsTheyWereWritten() throws Exception {
        Draft removed = OF_USER.with(Content.REMOVED);
        for (Revision revision : List.of(
                new Revision.Change(7, 0, ChangeKind.Whole.EDIT),
                new Revision.Changed(8, 99, "Zoë", null),
                new Revision.Changed(8, 99, null, "u 7"))) {
            Envelope envelope = new Envelope("node", 17, 3, new Envelope.Quiet(7, 90), OF_USER, revision);
            assertThat(Envelope.decode(envelope.encode())).isEqualTo(envelope);
        }
        Revision removal = new Revision.Change(7, 5, ChangeKind.Whole.REMOVAL);
        Envelope envelope = new Envelope("node", 17, 3, Envelope.Quiet.UNKNOWN, removed, removal);
        assertThat(Envelope.decode(envelope.encode())).isEqualTo(envelope);
        Folded folded = new Folded(7, 12, envelope.changedBy(envelope.message(9)));
        assertThat(Folded.decode(folded.encode())).isEqualTo(folded);
        assertThatThrownBy(() -> Folded.decode(new Folded(7, 12, envelope).encode()))
                .hasMessage("it is a message that nobody has changed");
    }

    /** Nodes of earlier versions compare the kind of the content with the two or four that they know. */
    @Test
    void aNodeThatKnowsNoChangesCannotReadOne() throws Exception {
        Revision edit = new Revision.Change(7, 0, ChangeKind.Whole.EDIT);
        byte[] change = new Envelope("node", 17, 3, Envelope.Quiet.UNKNOWN, DRAFT, edit).encode();
        int kind = fixedFields(1).length - DRAFT.content().bytes() - Integer.BYTES - 1;
        assertThat(fixedFields(1)[kind]).isEqualTo((byte) 1);
        assertThat(change[kind]).isGreaterThan((byte) Content.Kind.values().length);
    }

    @Test
    void whoIsInARoomIsReadAsItWasWritten() throws Exception {
        PresentEnvelope here = new PresentEnvelope("node", new RoomStore.Present(3, Map.of("Ann", 2), false));
        assertThat(PresentEnvelope.decode(here.encode())).isEqualTo(here);
        PresentEnvelope users = new PresentEnvelope(
                "node", new RoomStore.Present(7, Map.of("Ann", 2), true, USERS, Map.of("Ann", STATE), Set.of("Dan")));
        assertThat(PresentEnvelope.decode(users.encode())).isEqualTo(users);
    }

    /** As a node before users reads it: a version, the node, the count, whether these are all, and names. */
    @Test
    void aNodeBeforeUsersReadsTheNameOfEachAsALabel() throws Exception {
        byte[] bytes = new PresentEnvelope(
                        "node",
                        new RoomStore.Present(7, Map.of("Ann", 2), true, USERS, Map.of("Ann", STATE), Set.of("Dan")))
                .encode();
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
        assertThat(in.readUnsignedByte()).isEqualTo(1);
        assertThat(in.readUTF()).isEqualTo("node");
        assertThat(in.readInt()).isEqualTo(7);
        assertThat(in.readBoolean()).isTrue();
        Map<String, Integer> names = new HashMap<>();
        for (int i = in.readInt(); i > 0; i--) {
            names.put(in.readUTF(), in.readInt());
        }
        assertThat(names).isEqualTo(Map.of("Ann", 5, "Bob", 1));
    }

    @Test
    void whateverBytesSayWhoIsThereTheyAreReadOrUnreadable() {
        Random random = new Random(42);
        byte[] whole = new PresentEnvelope(
                        "node",
                        new RoomStore.Present(7, Map.of("Ann", 2), true, USERS, Map.of("Ann", STATE), Set.of("Dan")))
                .encode();
        for (int i = 0; i < 20_000; i++) {
            byte[] changed = whole.clone();
            for (int j = 0; j < 3; j++) {
                changed[1 + random.nextInt(changed.length - 1)] = (byte) random.nextInt();
            }
            try {
                assertThat(PresentEnvelope.decode(changed).node()).isNotNull();
            } catch (Envelope.UnreadableException e) {
                assertThat(e).hasMessageStartingWith("it");
            }
        }
    }

    /** As Parley 0.1.0 writes it: fixed fields, and nothing behind them. */
    private static byte[] fixedFields(int version) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeByte(version);
        out.writeUTF("node");
        out.writeLong(17);
        out.writeLong(3);
        out.writeBoolean(true);
        out.writeUTF("Zoë");
        out.writeBoolean(true);
        out.writeUTF("id 1");
        out.writeByte(1);
        byte[] text = "{\"ä\":1}".getBytes(StandardCharsets.UTF_8);
        out.writeInt(text.length);
        out.write(text);
        return bytes.toByteArray();
    }

    @Test
    void anEnvelopeOfTheFirstReleaseIsRead() throws Exception {
        assertThat(Envelope.decode(fixedFields(1)))
                .isEqualTo(new Envelope("node", 17, 3, Envelope.Quiet.UNKNOWN, DRAFT));
    }

    /** The first release compares the version and reads the fixed fields, whatever comes behind them. */
    @Test
    void theFirstReleaseReadsWhatIsWrittenNow() throws Exception {
        byte[] now = new Envelope("node", 17, 3, new Envelope.Quiet(7, 90), OF_USER).encode();
        byte[] then = fixedFields(1);
        assertThat(Arrays.copyOf(now, then.length)).isEqualTo(then);
    }

    @Test
    void fieldsThatTheNextVersionAddsArePassedOver() throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.write(fixedFields(Envelope.VERSION + 1));
        DataOutputStream out = new DataOutputStream(bytes);
        for (int tag : new int[] {99, 1, 100}) { // of which one is known
            out.writeByte(tag);
            out.writeInt(16);
            out.writeLong(5);
            out.writeLong(tag);
        }
        assertThat(Envelope.decode(bytes.toByteArray()))
                .isEqualTo(new Envelope("node", 17, 3, new Envelope.Quiet(5, 1), DRAFT));
    }

    @Test
    void anUnreadableOneSaysWhy() throws Exception {
        assertThatThrownBy(() -> Envelope.decode(fixedFields(Envelope.VERSION + 2)))
                .hasMessage("its version is 3, and this node reads 1 and 2");
        byte[] otherKind =
                new Envelope("n", 0, 0, Envelope.Quiet.UNKNOWN, new Draft(null, Content.text("", 0), null)).encode();
        otherKind[otherKind.length - 5] = 9;
        assertThatThrownBy(() -> Envelope.decode(otherKind)).hasMessage("its content is of kind 9");
        byte[] whole = fixedFields(1);
        for (int length = 0; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> Envelope.decode(cut)).hasMessageStartingWith("it is cut off");
        }
    }

    @Test
    void whateverBytesThereAreTheyAreReadOrUnreadable() {
        Random random = new Random(42);
        byte[] whole = new Envelope("node", 17, 3, new Envelope.Quiet(7, 90), DRAFT).encode();
        for (int i = 0; i < 20_000; i++) {
            byte[] changed = whole.clone();
            for (int j = 0; j < 3; j++) {
                changed[1 + random.nextInt(changed.length - 1)] = (byte) random.nextInt();
            }
            try {
                assertThat(Envelope.decode(changed).draft().content()).isNotNull();
            } catch (Envelope.UnreadableException e) {
                assertThat(e).hasMessageStartingWith("it");
            }
        }
    }

    @Test
    void anUnreadableMessageIsCounted() {
        Counted counted = new Counted();
        Decoder decoder = new Decoder(counted, new Complaints(() -> 0));
        assertThat(decoder.message(RoomName.LOBBY, 3, new byte[] {9})).isNull();
        assertThat(decoder.envelope("s", new byte[0])).isEmpty();
        assertThat(decoder.here("p", new byte[] {1, 0})).isEmpty();
        assertThat(counted.unreadable.sum()).isEqualTo(3);
    }
}

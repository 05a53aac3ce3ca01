package parley.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import parley.protocol.ChangeKind;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.Revision;
import parley.protocol.RoomName;
import parley.room.RoomStore;

/** Changed messages in a stream of which nodes write and erase in steps, and may end behind each. */
class StreamFoldingTest {
    private static final RoomName ROOM = new RoomName("java");
    private static final long AGE = 1_000;
    private static final long NOW = 1_000_000;
    private static final long MUCH = 1 << 20;
    private static final String SECRET = "a secret";

    private final Subjects subjects = new Subjects("p", 1);
    private final FakeStreams stream = new FakeStreams();
    private final Complaints complaints = new Complaints(() -> 0);
    private final Counted counted = new Counted();
    private final ChangeIndex index = new ChangeIndex(stream, subjects, new Decoder(counted, complaints));
    private final List<ChangeNotice> told = new ArrayList<>();
    private final StreamFolding folding =
            new StreamFolding(stream, subjects, index, (room, notice) -> told.add(notice));
    private final ClusterSettings.Kept kept =
            new ClusterSettings.Kept(1_000, 0, Duration.ofMillis(AGE), Duration.ofMinutes(2));
    private final Clock clock = Clock.fixed(Instant.ofEpochMilli(NOW), ZoneOffset.UTC);
    private final StreamReader reader =
            new StreamReader(stream, subjects, kept, clock, new Decoder(counted, complaints), complaints, () -> false);
    private final Extents extents = new Extents(stream, subjects, index, kept, clock);

    private long newest;
    private long at = NOW;

    private static Content text(String text) {
        return text.isEmpty() ? Content.REMOVED : Content.text(text, text.length());
    }

    /** Publishes as a node does that has heard all. */
    private long publish(String text, Revision revision) throws IOException {
        long head = stream.state(0, "").last();
        Envelope envelope = new Envelope(
                "n", at, 0, new Envelope.Quiet(newest, head), new Draft("Ann", text(text), null), revision);
        newest = stream.store(subjects.said(ROOM), envelope.encode());
        return newest;
    }

    private long say(String text) throws IOException {
        return publish(text, Revision.None.UNCHANGED);
    }

    /** Publishes an edit, or with nothing to say a removal. */
    private Message change(long of, long before, String text) throws IOException {
        ChangeKind kind = text.isEmpty() ? ChangeKind.Whole.REMOVAL : ChangeKind.Whole.EDIT;
        Revision.Change change = new Revision.Change(of, before, kind);
        return new Message(publish(text, change), at, new Draft("Ann", text(text), null), change);
    }

    private StreamFolding.Result fold(Message change) throws Exception {
        return folding.fold(ROOM, new Changed(), change);
    }

    /** As a node reads that has just opened the room. */
    private List<Message> read(RoomStore.Entries entries) throws Exception {
        Changed changed = reader.beginning(ROOM).changed();
        RoomStore.Query all = new RoomStore.Query(1, RoomStore.Direction.FORWARD, 100, MUCH, entries);
        return ((RoomStore.Found) reader.answer(ROOM, changed, all).answer()).messages();
    }

    private List<String> texts(RoomStore.Entries entries) throws Exception {
        return read(entries).stream().map(message -> message.content().text()).toList();
    }

    private boolean isAnywhere(String text) {
        return stream.all().stream().anyMatch(data -> new String(data, StandardCharsets.ISO_8859_1).contains(text));
    }

    /** A node ends behind each step of a removal that follows an edit, and another does the rest. */
    @Test
    void whicheverStepANodeEndsBehindAnotherDoesTheRest() throws Exception {
        int ends = 0;
        boolean hasEnded = true;
        while (hasEnded) {
            long one = say("one " + SECRET);
            long two = say("two");
            Message edit = change(one, 0, "uno " + SECRET);
            assertThat(fold(edit)).isEqualTo(new StreamFolding.Result.Done());
            assertThat(isAnywhere("one " + SECRET)).isFalse();
            Message removal = change(one, edit.seq(), "");
            stream.stepsLeft = ends;
            try {
                fold(removal);
                hasEnded = false;
            } catch (IOException e) {
                ends++;
            }
            stream.stepsLeft = Integer.MAX_VALUE;
            List<Message> messages = read(RoomStore.Entries.MESSAGES);
            assertThat(messages).extracting(Message::seq).contains(one, two).isSorted();
            assertThat(messages.get(messages.indexOf(messages.stream()
                                    .filter(message -> message.seq() == one)
                                    .findFirst()
                                    .orElseThrow()))
                            .content())
                    .as("read before the rest is done, %s steps", ends)
                    .isEqualTo(Content.REMOVED);
            assertThat(fold(removal)).isEqualTo(new StreamFolding.Result.Done());
            assertThat(isAnywhere(SECRET)).as("after %s steps", ends).isFalse();
            assertThat(stream.state(0, subjects.changed(ROOM, one)).count()).isEqualTo(1);
            assertThat(told.get(told.size() - 1)).isEqualTo(new ChangeNotice(one, removal.seq(), true));
        }
        assertThat(ends).as("steps").isGreaterThan(3);
    }

    @Test
    void ofTwoChangesTheOneWithTheHigherNumberHoldsWhicheverIsFoldedLast() throws Exception {
        long one = say("one");
        Message first = change(one, 0, "uno");
        Message second = change(one, 0, "eins");
        fold(second);
        fold(first);
        assertThat(texts(RoomStore.Entries.MESSAGES)).containsExactly("eins");
        assertThat(isAnywhere("uno")).isFalse();
        assertThat(index.find(ROOM, one).folded().change()).isEqualTo(second.seq());
    }

    /** Two nodes did not know of each other: for all, a removal is the end of a message. */
    @Test
    void anEditBehindARemovalSaysNothing() throws Exception {
        long one = say("one");
        Message removal = change(one, 0, "");
        Message edit = change(one, 0, SECRET);
        assertThat(texts(RoomStore.Entries.ALL))
                .as("before anybody has folded it")
                .doesNotContain(SECRET);
        assertThat(fold(removal)).isEqualTo(new StreamFolding.Result.Done());
        assertThat(read(RoomStore.Entries.ALL))
                .filteredOn(Message::isSuperseded)
                .hasSize(1);
        assertThat(fold(edit)).isEqualTo(new StreamFolding.Result.Removed(removal.seq()));
        assertThat(isAnywhere(SECRET)).isFalse();
        Changed changed = new Changed();
        assertThat(heard(changed, removal).content()).isEqualTo(Content.REMOVED);
        assertThat(heard(changed, edit).isSuperseded())
                .as("as rooms hear of it")
                .isTrue();
        assertThat(changed.unfolded(one)).contains(removal);
    }

    /** A node that has not heard of the removal folds the edit behind it first. */
    @Test
    void aRemovalHoldsAlsoWhenTheEditBehindItWasFoldedFirst() throws Exception {
        long one = say("one");
        Message removal = change(one, 0, "");
        Message edit = change(one, 0, SECRET);
        fold(edit);
        assertThat(fold(removal)).isEqualTo(new StreamFolding.Result.Done());
        assertThat(read(RoomStore.Entries.MESSAGES))
                .extracting(Message::content)
                .containsExactly(Content.REMOVED);
        assertThat(isAnywhere(SECRET)).isFalse();
        assertThat(fold(removal)).as("once more").isEqualTo(new StreamFolding.Result.Done());
        Changed changed = new Changed();
        heard(changed, removal);
        assertThat(folding.fold(ROOM, changed, change(one, 0, SECRET)))
                .as("by a node that has heard of the removal")
                .isEqualTo(new StreamFolding.Result.Removed(removal.seq()));
    }

    private static Message heard(Changed changed, Message entry) {
        Revision.Change change = (Revision.Change) entry.revision();
        Message heard = changed.inOrder(entry, change);
        changed.add(entry, change);
        changed.heard(heard, change);
        return heard;
    }

    /** A change is there, and nobody has done more: it may have been heard of, or not. */
    @Test
    void aChangeThatNobodyHasFoldedIsReadInItsMessage() throws Exception {
        long one = say("one");
        say("two");
        Message edit = change(one, 0, "uno");
        assertThat(texts(RoomStore.Entries.ALL)).containsExactly("uno", "two", "uno");
        Changed changed = reader.beginning(ROOM).changed();
        assertThat(changed.waiting()).as("the first look").isEmpty();
        assertThat(changed.waiting()).extracting(Message::seq).containsExactly(edit.seq());
        folding.fold(ROOM, changed, edit);
        assertThat(changed.waiting()).isEmpty();
    }

    /** A reader had heard up to the message; the change and the erasing came while it read. */
    @Test
    void whatWasErasedSinceTheNodeHasHeardIsInItsPlace() throws Exception {
        long one = say("one");
        long two = say("two");
        say("three");
        Changed changed = reader.beginning(ROOM).changed();
        fold(change(one, 0, "uno"));
        fold(change(two, 0, ""));
        RoomStore.Query all =
                new RoomStore.Query(1, RoomStore.Direction.FORWARD, 100, MUCH, RoomStore.Entries.MESSAGES);
        RoomStore.Found found =
                (RoomStore.Found) reader.answer(ROOM, changed, all).answer();
        assertThat(found.messages()).extracting(Message::seq).startsWith(one, two);
        Remote.Filled filled = reader.missed(ROOM, changed, one, two);
        assertThat(filled.messages()).extracting(Remote.Heard::seq).containsExactly(one, two);
        assertThat(filled.reached()).isTrue();
    }

    /** It heard of an entry by the one behind it, and a later change has superseded it meanwhile. */
    @Test
    void aChangeThatIsErasedIsNotMissing() throws Exception {
        long one = say("one");
        Message first = change(one, 0, "uno");
        fold(first);
        say("two");
        Changed changed = reader.beginning(ROOM).changed();
        fold(change(one, first.seq(), "eins"));
        Remote.Filled filled = reader.missed(ROOM, changed, one + 1, first.seq());
        assertThat(filled.messages()).isEmpty();
        assertThat(filled.reached()).isTrue();
    }

    private Remote.Bounds bounds() throws Exception {
        return extents.bounds(ROOM, reader.beginning(ROOM).changed(), stream.state(0, subjects.said(ROOM)));
    }

    /** A full stream, or room: the neighbours tell what it has let go of. */
    @Test
    void whatWasErasedIsNotGoneAndWhatAFullStreamHasLetGoOfIs() throws Exception {
        stream.isFull = true;
        List<Long> numbers = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            numbers.add(say("m" + i));
            stream.store(subjects.said(new RoomName("other")));
        }
        fold(change(numbers.get(0), 0, "e0"));
        fold(change(numbers.get(1), 0, "e1"));
        Message last = change(numbers.get(3), 0, "e3");
        fold(last);
        assertThat(bounds().first()).isLessThanOrEqualTo(numbers.get(0));
        stream.trim(numbers.get(2));
        assertThat(bounds().first())
                .as("the stream begins behind what was erased")
                .isLessThanOrEqualTo(numbers.get(0));
        assertThat(texts(RoomStore.Entries.MESSAGES)).startsWith("e0", "e1", "m2", "e3");
        stream.trim(numbers.get(4));
        assertThat(bounds().first()).isGreaterThan(numbers.get(2)).isLessThanOrEqualTo(numbers.get(3));
        assertThat(texts(RoomStore.Entries.MESSAGES)).containsExactly("e3", "m4", "m5");
        stream.trim(numbers.get(5));
        assertThat(bounds().first()).isGreaterThan(numbers.get(4));
        assertThat(texts(RoomStore.Entries.MESSAGES)).containsExactly("m5");
        long six = say("m6");
        stream.trim(last.seq() + 1); // the index has it still
        assertThat(texts(RoomStore.Entries.MESSAGES)).containsExactly("m6");
        assertThat(index.numbers(ROOM)).as("the index lets go of them too").isEmpty();
        assertThat(bounds().first()).isLessThanOrEqualTo(six);
    }

    @Test
    void aChangedMessageGoesWhenItIsTooOld() throws Exception {
        at = NOW - AGE + 1;
        long one = say("one");
        long two = say("two");
        at = NOW;
        fold(change(one, 0, "uno"));
        fold(change(two, 0, "due"));
        assertThat(texts(RoomStore.Entries.MESSAGES)).containsExactly("uno", "due");
        at = NOW - AGE - 1;
        long old = say("old");
        at = NOW;
        fold(change(old, 0, "vecchio"));
        stream.trim(old + 1);
        assertThat(texts(RoomStore.Entries.MESSAGES)).isEmpty();
    }

    /** All that was said has been changed over and over: nothing of it is gone, whatever the stream begins with. */
    @Test
    void whatIsChangedOverAndOverStays() throws Exception {
        List<Long> numbers = new ArrayList<>();
        List<Message> newestOf = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            numbers.add(say("m" + i));
            newestOf.add(null);
        }
        for (int round = 0; round < 40; round++) {
            for (int i = 0; i < 3; i++) {
                Message before = newestOf.get(i);
                Message edit = change(numbers.get(i), before == null ? 0 : before.seq(), "e" + round);
                fold(edit);
                newestOf.set(i, edit);
                assertThat(bounds().first()).isLessThanOrEqualTo(numbers.get(0));
            }
        }
        assertThat(texts(RoomStore.Entries.MESSAGES)).containsExactly("e39", "e39", "e39");
        assertThat(stream.all()).as("three in the index and their changes").hasSize(6);
    }

    @Test
    void aChangeOfAMessageThatIsGoneComesToNothing() throws Exception {
        long one = say("one");
        say("two");
        Message edit = change(one, 0, "uno");
        stream.trim(one + 1);
        assertThat(fold(edit)).isEqualTo(new StreamFolding.Result.Gone());
        assertThat(index.numbers(ROOM)).isEmpty();
    }

    /** More than is read from the index in one go, and entries of the index that are gone. */
    @Test
    void manyChangedMessagesAreReadInPages() throws Exception {
        List<Long> numbers = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            numbers.add(say("m" + i));
        }
        for (int i = 0; i < 300; i += 2) {
            fold(change(numbers.get(i), 0, "e" + i));
        }
        Changed changed = reader.beginning(ROOM).changed();
        for (long stale = numbers.get(50) * 1_000; stale < numbers.get(50) * 1_000 + 10; stale++) {
            changed.isChanged(stale);
        }
        List<Long> read = new ArrayList<>();
        long from = 1;
        boolean more = true;
        while (more) {
            RoomStore.Query next =
                    new RoomStore.Query(from, RoomStore.Direction.FORWARD, 70, MUCH, RoomStore.Entries.MESSAGES);
            RoomStore.Found found =
                    (RoomStore.Found) reader.answer(ROOM, changed, next).answer();
            found.messages().forEach(message -> read.add(message.seq()));
            from = read.get(read.size() - 1) + 1;
            more = found.more();
        }
        assertThat(read).isEqualTo(numbers);
        RoomStore.Query back =
                new RoomStore.Query(newest, RoomStore.Direction.BACKWARD, 300, MUCH, RoomStore.Entries.MESSAGES);
        List<Long> backward = new ArrayList<>(
                ((RoomStore.Found) reader.answer(ROOM, changed, back).answer())
                        .messages().stream().map(Message::seq).toList());
        java.util.Collections.reverse(backward);
        assertThat(backward).isEqualTo(numbers);
    }

    /** Two folds failed, and the third has all to erase. */
    @Test
    void aRemovalErasesAllChangesBeforeItThoughNobodyHasFoldedThem() throws Exception {
        long one = say("one");
        Message first = change(one, 0, SECRET);
        Message second = change(one, first.seq(), "second " + SECRET);
        Message removal = change(one, second.seq(), "");
        assertThat(fold(removal)).isEqualTo(new StreamFolding.Result.Done());
        assertThat(isAnywhere(SECRET)).isFalse();
        Changed changed = new Changed();
        heard(changed, first);
        heard(changed, second);
        heard(changed, removal);
        changed.isFolded(one, removal.seq(), true);
        changed.isDone(one, removal.seq());
        changed.waiting();
        assertThat(changed.waiting()).as("nothing is left to be done").isEmpty();
    }

    /** On two nodes that did not know of each other; one of them ended. */
    @Test
    void aChangeThatTheNextOneDoesNotNameIsErasedToo() throws Exception {
        long one = say("one");
        Message first = change(one, 0, SECRET);
        Message second = change(one, 0, "eins");
        Changed changed = new Changed();
        heard(changed, first);
        heard(changed, second);
        folding.fold(ROOM, changed, second);
        changed.waiting();
        assertThat(changed.waiting()).containsExactly(first);
        folding.fold(ROOM, changed, first);
        assertThat(isAnywhere(SECRET)).isFalse();
        assertThat(changed.waiting()).isEmpty();
    }

    /** A node has written the index and ended, and nobody had the room open. */
    @Test
    void aNodeThatReadsWhatShouldHaveBeenErasedErasesIt() throws Exception {
        long one = say(SECRET);
        say("two");
        Message edit = change(one, 0, "uno");
        stream.stepsLeft = 1;
        assertThatThrownBy(() -> fold(edit)).isInstanceOf(IOException.class);
        stream.stepsLeft = Integer.MAX_VALUE;
        assertThat(isAnywhere(SECRET)).isTrue();
        Changed changed = reader.beginning(ROOM).changed();
        changed.waiting();
        for (Message waiting : changed.waiting()) {
            folding.fold(ROOM, changed, waiting);
        }
        assertThat(isAnywhere(SECRET)).isFalse();
        assertThat(texts(RoomStore.Entries.ALL)).containsExactly("uno", "two", "uno");
    }

    /** Another node told of the removal before the edit came by. */
    @Test
    void anEditThatIsHeardAfterALaterRemovalIsKnownSaysNothing() throws Exception {
        long one = say("one");
        Message edit = change(one, 0, SECRET);
        Message removal = change(one, edit.seq(), "");
        Changed changed = new Changed();
        changed.isFolded(one, removal.seq(), true);
        assertThat(heard(changed, edit).isSuperseded()).isTrue();
        Message heard = heard(changed, removal);
        assertThat(heard.content()).isEqualTo(Content.REMOVED);
    }

    /** A node has read the message, and another one has it let go of before the index is written. */
    @Test
    void aMessageThatIsLetGoOfWhileItIsChangedIsGone() throws Exception {
        long one = say("one");
        Message edit = change(one, 0, SECRET);
        stream.beforeStoring = () -> {
            stream.beforeStoring = () -> {};
            try {
                new Forgetting(stream, subjects, index).forget(ROOM, one, "n");
            } catch (IOException | InterruptedException e) {
                throw new AssertionError(e);
            }
        };
        assertThat(fold(edit)).isEqualTo(new StreamFolding.Result.Gone());
        assertThat(isAnywhere(SECRET)).isFalse();
        assertThat(index.numbers(ROOM)).isEmpty();
    }

    @Test
    void aChangeOfAMessageThatWasLetGoOfIsErased() throws Exception {
        long one = say("one");
        Message edit = change(one, 0, SECRET);
        new Forgetting(stream, subjects, index).forget(ROOM, one, "n");
        Changed changed = new Changed();
        heard(changed, edit);
        changed.forgetBefore(one + 1);
        changed.waiting();
        for (Message waiting : changed.waiting()) {
            assertThat(folding.fold(ROOM, changed, waiting)).isEqualTo(new StreamFolding.Result.Gone());
        }
        assertThat(isAnywhere(SECRET)).isFalse();
    }

    /** A node has stored it and ended, while another one had it let go of. */
    @Test
    void aChangedMessageBelowWhatWasLetGoOfIsErased() throws Exception {
        long one = say("one");
        Message edit = change(one, 0, SECRET);
        byte[] note = Envelope.of("n", 0, one).encode();
        fold(edit);
        stream.store(subjects.gone(ROOM), note);
        assertThat(texts(RoomStore.Entries.MESSAGES)).isEmpty();
        assertThat(isAnywhere(SECRET)).isFalse();
        assertThat(index.numbers(ROOM)).isEmpty();
    }

    /** Their changes are in the stream, and neither they nor the index have them. */
    @Test
    void aReadPassesOverMessagesThatAreGone() throws Exception {
        long first = say("first");
        List<Long> numbers = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            numbers.add(say("m" + i));
        }
        say("last");
        Changed changed = reader.beginning(ROOM).changed();
        for (long of : numbers) {
            Message edit = change(of, 0, "e");
            heard(changed, edit);
            stream.remove(of);
            stream.remove(edit.seq());
        }
        RoomStore.Query some =
                new RoomStore.Query(first + 1, RoomStore.Direction.FORWARD, 2, MUCH, RoomStore.Entries.MESSAGES);
        RoomStore.Found found = org.junit.jupiter.api.Assertions.assertTimeoutPreemptively(Duration.ofSeconds(5), () ->
                (RoomStore.Found) reader.answer(ROOM, changed, some).answer());
        assertThat(found.messages())
                .extracting(message -> message.content().text())
                .containsExactly("last");
    }

    @Test
    void pagesOfARoomWithoutChangesComeFromFollowersAlone() throws Exception {
        long one = say("one");
        say("two");
        Changed changed = reader.beginning(ROOM).changed();
        say("three");
        stream.isLeaderReachable = false;
        RoomStore.Query some =
                new RoomStore.Query(one + 1, RoomStore.Direction.FORWARD, 1, MUCH, RoomStore.Entries.MESSAGES);
        RoomStore.Found found =
                (RoomStore.Found) reader.answer(ROOM, changed, some).answer();
        assertThat(found.messages()).hasSize(1);
    }

    /** NATS before 2.9.21 with replicas compares with what another server has not stored yet. */
    @Test
    void anOlderChangeThatWasStoredBehindANewerOneDoesNotHold() throws Exception {
        long one = say("one");
        Message first = change(one, 0, "uno");
        fold(first);
        byte[] older = index.find(ROOM, one).folded().encode();
        Message second = change(one, first.seq(), "eins");
        fold(second);
        stream.store(subjects.changed(ROOM, one), older);
        fold(first);
        assertThat(texts(RoomStore.Entries.MESSAGES)).containsExactly("eins");
    }

    @Test
    void aSenderWhoseEditIsErasedBehindARemovalLearnsIt() throws Exception {
        long one = say("one");
        Message removal = change(one, 0, "");
        Message edit = change(one, 0, SECRET);
        fold(removal);
        fold(edit);
        assertThat(folding.fold(ROOM, new Changed(), one, edit.seq()))
                .isEqualTo(new StreamFolding.Result.Removed(removal.seq()));
    }

    @Test
    void aRoomOpensThoughAnEntryOfTheIndexCannotBeRead() throws Exception {
        long one = say("one");
        say("two");
        fold(change(one, 0, "uno"));
        stream.store(subjects.changed(ROOM, one), new byte[] {9});
        assertThat(texts(RoomStore.Entries.MESSAGES)).containsExactly("two");
        assertThat(counted.unreadable.sum()).isPositive();
    }

    @Test
    void aPageReadsAboutAsMuchOfTheIndexAsItMay() throws Exception {
        List<Long> numbers = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            numbers.add(say("m"));
        }
        for (long of : numbers) {
            fold(change(of, 0, "e".repeat(100)));
        }
        FoldedReader folded = new FoldedReader(stream, subjects, index);
        Changed changed = reader.beginning(ROOM).changed();
        FoldedReader.Batch batch = folded.read(ROOM, changed, 1, 300, 1_000);
        assertThat(batch.entries()).hasSize(ChangeIndex.AT_ONCE);
        assertThat(batch.next()).isEqualTo(numbers.get(ChangeIndex.AT_ONCE - 1) + 1);
    }

    @Test
    void whatIsKnownOfChangedMessagesIsNotReadAgainForEachLook() throws Exception {
        for (int i = 0; i < 200; i++) {
            fold(change(say("m"), 0, "e"));
        }
        Changed changed = reader.beginning(ROOM).changed();
        stream.asked = 0;
        long first = extents.bounds(ROOM, changed, stream.state(0, subjects.said(ROOM)))
                .first();
        assertThat(first).isEqualTo(1);
        assertThat(stream.asked).as("the state, and the note").isLessThanOrEqualTo(2);
    }

    /** Its account does not have the permission: nothing is published that could not be folded. */
    @Test
    void aNodeKnowsWhetherItMayErase() throws Exception {
        stream.stepsLeft = 0;
        assertThatThrownBy(() -> folding.tryToErase(ROOM)).isInstanceOf(IOException.class);
        assertThat(folding.mayErase()).isFalse();
        stream.stepsLeft = 1;
        folding.tryToErase(ROOM);
        assertThat(folding.mayErase()).isTrue();
    }

    @Test
    void somethingElseInTheIndexIsNotTakenForAMessage() throws Exception {
        long one = say("one");
        stream.store(subjects.changed(ROOM, one), new byte[] {9});
        assertThatThrownBy(() -> index.find(ROOM, one)).hasMessageContaining("cannot be read");
    }
}

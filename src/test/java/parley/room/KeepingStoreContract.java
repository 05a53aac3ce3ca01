package parley.room;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.Revision;
import parley.protocol.Utf8;

/** What a store does that keeps messages beyond the room's ring, one by one in numbers or with holes between them. */
public abstract class KeepingStoreContract extends RoomStoreContract {
    private static final long MUCH = 1 << 20;
    /** How many messages a room keeps in the tests of trimming. */
    protected static final int FEW = 16;

    /**
     * Makes the store of this test, as {@link #begin} does: one that keeps {@link #FEW} messages of a room, or a part
     * more.
     */
    protected abstract RoomStore beginWithFew() throws Exception;

    private RoomStore.Answer answer(RoomStore.Log log, RoomStore.Query query) throws Exception {
        CompletableFuture<RoomStore.Answer> answer = new CompletableFuture<>();
        log.read(query, answer::complete);
        return get(answer);
    }

    private RoomStore.Found forward(RoomStore.Log log, long from, int limit, long bytes) throws Exception {
        return (RoomStore.Found) answer(log, new RoomStore.Query(from, RoomStore.Direction.FORWARD, limit, bytes));
    }

    private RoomStore.Found backward(RoomStore.Log log, long from, int limit, long bytes) throws Exception {
        return (RoomStore.Found) answer(log, new RoomStore.Query(from, RoomStore.Direction.BACKWARD, limit, bytes));
    }

    private static List<String> texts(RoomStore.Found found) {
        return found.messages().stream()
                .map(message -> message.content().text())
                .toList();
    }

    /** Publishes m1, m2, …, and returns their numbers. */
    private List<Long> publishAll(RoomStore.Log log, int count) throws Exception {
        List<Long> numbers = new ArrayList<>();
        for (int i = 1; i <= count; i++) {
            numbers.add(publish(log, "m" + i));
        }
        return numbers;
    }

    @Test
    void messagesAreReadForwardUpToALimit() throws Exception {
        RoomStore.Log log = open(begin(), new Heard());
        List<Long> numbers = publishAll(log, 9);
        RoomStore.Found some = forward(log, numbers.get(3), 3, MUCH);
        assertThat(texts(some)).containsExactly("m4", "m5", "m6");
        assertThat(some.since()).isEqualTo(numbers.get(3));
        assertThat(some.more()).isTrue();
        RoomStore.Found rest = forward(log, numbers.get(7), 9, MUCH);
        assertThat(texts(rest)).containsExactly("m8", "m9");
        assertThat(rest.since()).isEqualTo(numbers.get(7));
        assertThat(rest.more()).isFalse();
        RoomStore.Found justAll = forward(log, numbers.get(0), 9, MUCH);
        assertThat(texts(justAll)).hasSize(9);
        assertThat(justAll.more()).isFalse();
    }

    @Test
    void messagesAreReadBackwardUpToALimit() throws Exception {
        RoomStore.Log log = open(begin(), new Heard());
        List<Long> numbers = publishAll(log, 9);
        RoomStore.Found some = backward(log, numbers.get(3), 3, MUCH);
        assertThat(texts(some)).containsExactly("m4", "m3", "m2");
        assertThat(some.more()).isTrue();
        RoomStore.Found rest = backward(log, numbers.get(1), 9, MUCH);
        assertThat(texts(rest)).containsExactly("m2", "m1");
        assertThat(rest.more()).isFalse();
        RoomStore.Found justAll = backward(log, numbers.get(8), 9, MUCH);
        assertThat(texts(justAll)).hasSize(9);
        assertThat(justAll.more()).isFalse();
    }

    @Test
    void messagesAreReadUpToALimitOfBytesAndOneAtLeast() throws Exception {
        RoomStore.Log log = open(begin(), new Heard());
        List<Long> numbers = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            numbers.add(publish(log, String.valueOf(i).repeat(1_000)));
        }
        RoomStore.Found one = forward(log, numbers.get(3), 9, 1);
        assertThat(one.messages()).extracting(Message::seq).containsExactly(numbers.get(3));
        assertThat(one.more()).isTrue();
        one = backward(log, numbers.get(3), 9, 1);
        assertThat(one.messages()).extracting(Message::seq).containsExactly(numbers.get(3));
        assertThat(one.more()).isTrue();
        RoomStore.Found some = forward(log, numbers.get(0), 9, 3_500);
        assertThat(some.messages()).hasSizeBetween(3, 5);
        assertThat(some.more()).isTrue();
        some = backward(log, numbers.get(8), 9, 3_500);
        assertThat(some.messages()).hasSizeBetween(3, 5);
        assertThat(some.more()).isTrue();
    }

    @Test
    void beyondBothEndsThereIsNothingAndNoMore() throws Exception {
        RoomStore.Log log = open(begin(), new Heard());
        RoomStore.Found empty = forward(log, 1, 9, MUCH);
        assertThat(empty.messages()).isEmpty();
        assertThat(empty.more()).isFalse();
        List<Long> numbers = publishAll(log, 3);
        long behind = numbers.get(2) + 1;
        RoomStore.Found none = forward(log, behind, 9, MUCH);
        assertThat(none.messages()).isEmpty();
        assertThat(none.more()).isFalse();
        assertThat(none.since()).as("nothing is gone").isLessThanOrEqualTo(behind);
        none = backward(log, numbers.get(0) - 1, 9, MUCH);
        assertThat(none.messages()).isEmpty();
        assertThat(none.more()).isFalse();
        assertThat(texts(backward(log, Long.MAX_VALUE - 1, 2, MUCH))).containsExactly("m3", "m2");
        assertThat(texts(forward(log, 0, 2, MUCH))).containsExactly("m1", "m2");
    }

    @Test
    void everythingAboutAMessageIsRead() throws Exception {
        Heard room = new Heard();
        RoomStore.Log log = open(begin(), room);
        String odd = "gr\u00fc\u00df \ud83d\ude00 \u0000 '; DROP TABLE rooms; --";
        CompletableFuture<Outcome> last = new CompletableFuture<>();
        log.append(5, new Draft(null, Content.text(odd, Utf8.length(odd)), "an-id"), outcome -> {});
        log.append(
                6,
                new Draft("O'Neill", "a|\u00fc '7", new Content(Content.Kind.DATA, "{\"a\":1}", 7), null),
                last::complete);
        get(last);
        assertThat(forward(log, 1, 9, MUCH).messages()).hasSize(2).isEqualTo(room.messages());
    }

    @Test
    void theOldestMessagesGoAndReadsSaySo() throws Exception {
        Heard room = new Heard();
        RoomStore.Log log = open(beginWithFew(), room);
        List<Long> numbers = publishAll(log, 5 * FEW);
        long newest = numbers.get(5 * FEW - 1);
        RoomStore.Extent extent = refresh(log);
        assertThat(extent.first()).isGreaterThan(numbers.get(0)).isLessThanOrEqualTo(numbers.get(4 * FEW));
        assertThat(extent.head()).isGreaterThanOrEqualTo(newest);

        RoomStore.Found from = forward(log, numbers.get(0), 5 * FEW, MUCH);
        assertThat(from.messages()).hasSizeBetween(FEW, 2 * FEW);
        assertThat(from.more()).isFalse();
        long oldest = from.messages().get(0).seq();
        assertThat(from.since())
                .isGreaterThan(numbers.get(numbers.indexOf(oldest) - 1))
                .isLessThanOrEqualTo(oldest);
        assertThat(from.messages())
                .extracting(Message::seq)
                .isEqualTo(numbers.subList(numbers.indexOf(oldest), 5 * FEW));

        RoomStore.Found back = backward(log, newest, 5 * FEW, MUCH);
        assertThat(back.messages()).hasSize(from.messages().size());
        assertThat(back.more()).isFalse();
        assertThat(backward(log, numbers.get(0), 9, MUCH).messages()).isEmpty();
    }

    @Test
    void messagesThatWereLetGoOfAreNotReadAndARoomThatIsOpenedLaterKnows() throws Exception {
        RoomStore store = begin();
        Heard room = new Heard();
        RoomStore.Log log = open(store, room);
        String epoch = get(room.opened).epoch();
        List<Long> numbers = publishAll(log, 5);
        long third = numbers.get(2);
        long last = numbers.get(4);
        assertThat(forget(log, third)).isEqualTo(RoomStore.Forgotten.DONE);
        RoomStore.Found left = forward(log, 1, 9, MUCH);
        assertThat(texts(left)).containsExactly("m4", "m5");
        assertThat(left.since()).isGreaterThan(third).isLessThanOrEqualTo(numbers.get(3));
        assertThat(texts(backward(log, last, 9, MUCH))).containsExactly("m5", "m4");
        assertThat(refresh(log).first()).isGreaterThan(third).isLessThanOrEqualTo(numbers.get(3));

        log.close();
        room = new Heard();
        log = open(store, room);
        assertThat(get(room.opened).first()).isGreaterThan(third).isLessThanOrEqualTo(numbers.get(3));
        assertThat(forget(log, last)).isEqualTo(RoomStore.Forgotten.DONE);
        assertThat(forward(log, 1, 9, MUCH).messages()).isEmpty();
        assertThat(backward(log, last, 9, MUCH).messages()).isEmpty();

        log.close();
        room = new Heard();
        log = open(store, room);
        RoomStore.Contents contents = get(room.opened);
        assertThat(contents.epoch()).isEqualTo(epoch);
        assertThat(contents.newest()).isEmpty();
        assertThat(contents.first()).isGreaterThan(last);
        assertThat(contents.head()).isGreaterThanOrEqualTo(last);
        assertThat(appendBehind(log, epoch, third, "late", null)).isInstanceOf(Outcome.Moved.class);
        Outcome next = appendBehind(log, epoch, contents.since() - 1, "next", null);
        assertThat(next).isInstanceOf(Outcome.Published.class);
        assertThat(((Outcome.Published) next).seq()).isGreaterThan(last);
        assertThat(texts(forward(log, 1, 9, MUCH))).containsExactly("next");
    }

    @Test
    void aRoomThatIsOpenedAgainIsThere() throws Exception {
        RoomStore store = begin();
        Heard before = new Heard();
        RoomStore.Log log = open(store, before);
        long one = publish(log, "one");
        long two = ((Outcome.Published) append(log, 900, "two", "an-id")).seq();
        log.close();
        Heard after = new Heard();
        RoomStore.Log again = open(store, after);
        RoomStore.Contents contents = get(after.opened);
        assertThat(contents.epoch()).isEqualTo(get(before.opened).epoch());
        assertThat(contents.numbering()).isEqualTo(get(before.opened).numbering());
        assertThat(contents.first()).isLessThanOrEqualTo(one);
        assertThat(contents.head()).isGreaterThanOrEqualTo(two);
        assertThat(append(again, 0, "two, again", "an-id")).isEqualTo(new Outcome.Published(two, true));
        Outcome next = append(again, 100, "three", null);
        assertThat(((Outcome.Published) next).seq()).isGreaterThan(two);
        assertThat(after.messages())
                .last()
                .extracting(Message::at)
                .as("no earlier than the one before")
                .isEqualTo(900L);
        assertThat(texts(forward(again, one, 9, MUCH))).containsExactly("one", "two", "three");
    }

    @Test
    void aStoreThatIsClosedKeepsNothingAndReadsNothing() throws Exception {
        RoomStore.Log log = open(begin(), new Heard());
        publish(log, "one");
        close();
        assertThat(append(log, 0, "two", null)).isInstanceOf(Outcome.NotKept.class);
        assertThat(appendBehind(log, "any", 1, "two", null)).isInstanceOf(Outcome.NotKept.class);
        assertThat(forget(log, 1)).isEqualTo(RoomStore.Forgotten.NOT_NOW);
        assertThat(answer(log, new RoomStore.Query(1, RoomStore.Direction.FORWARD, 9, MUCH)))
                .isEqualTo(RoomStore.Unread.NOT_NOW);
        refresh(log);
    }

    @Test
    void aMarkIsThereWhenTheRoomIsOpenedAgain() throws Exception {
        RoomStore store = begin();
        Heard room = new Heard();
        RoomStore.Log log = open(store, room);
        String epoch = get(room.opened).epoch();
        long one = publish(log, "one");
        long two = publish(log, "two");
        raise(log, "ann", epoch, one, 9);
        log.close();
        Heard after = new Heard();
        RoomStore.Log again = open(store, after);
        assertThat(mark(again, "ann")).isEqualTo(holds(epoch, one));
        assertThat(raise(again, "ann", epoch, two, 9)).isEqualTo(holds(epoch, two));
        assertThat(after.marks).containsExactly("ann " + two);
        assertThat(room.marks).containsExactly("ann " + one);
    }

    private static Message entry(List<Message> entries, long seq) {
        return entries.stream()
                .filter(entry -> entry.seq() == seq)
                .findFirst()
                .orElseThrow(() -> new AssertionError(seq + " is not among " + entries));
    }

    private RoomStore.Query messages(long from, RoomStore.Direction direction, int limit) {
        return new RoomStore.Query(from, direction, limit, MUCH, RoomStore.Entries.MESSAGES);
    }

    /** The room is opened again in between: nothing of this is known from memory alone. */
    @Test
    void changedMessagesAreReadInTheirPlacesAsTheyAreNow() throws Exception {
        assumeTrue(changesMessages());
        RoomStore store = begin();
        RoomStore.Log log = open(store, new Heard());
        CompletableFuture<Outcome> second = new CompletableFuture<>();
        log.append(5, of("ann", "one", "1"), outcome -> {});
        log.append(6, of("ann", "two", null), second::complete);
        get(second);
        long three = publish(log, "three");
        number(edit(log, 1, "ann", "uno", null));
        long edit = number(edit(log, 1, "ann", "eins", null));
        long removal = number(remove(log, 2, "ann"));
        long four = publish(log, "four");
        Message one = new Message(
                1, 5, "Ann", "ann", Content.text("eins", 4), "1", new Revision.Changed(edit, 7, "Ann", "ann"));
        Message two =
                new Message(2, 6, "Ann", "ann", Content.REMOVED, null, new Revision.Changed(removal, 7, "Ann", "ann"));
        for (int i = 0; i < 2; i++) {
            RoomStore.Found found = (RoomStore.Found) answer(log, messages(1, RoomStore.Direction.FORWARD, 9));
            assertThat(found.messages()).hasSize(4).startsWith(one, two);
            assertThat(found.messages()).extracting(Message::seq).endsWith(three, four);
            assertThat(found.since()).isLessThanOrEqualTo(1);
            assertThat(found.more()).isFalse();
            found = (RoomStore.Found) answer(log, messages(four, RoomStore.Direction.BACKWARD, 9));
            assertThat(found.messages()).hasSize(4).endsWith(two, one);
            found = (RoomStore.Found) answer(log, messages(2, RoomStore.Direction.FORWARD, 1));
            assertThat(found.messages()).containsExactly(two);
            assertThat(found.more()).isTrue();
            found = (RoomStore.Found) answer(log, messages(2, RoomStore.Direction.BACKWARD, 1));
            assertThat(found.messages()).containsExactly(two);
            assertThat(found.more()).isTrue();
            List<Message> all = forward(log, 1, 99, MUCH).messages();
            assertThat(entry(all, edit).content().text()).isEqualTo("eins");
            assertThat(entry(all, removal).content()).isEqualTo(Content.REMOVED);
            assertThat(texts(forward(log, 1, 99, MUCH))).doesNotContain("one", "two", "uno");
            assertThat(refresh(log).first()).as("nothing is gone").isLessThanOrEqualTo(1);
            log.close();
            Heard again = new Heard();
            log = open(store, again);
            assertThat(get(again.opened).first()).as("nothing is gone").isLessThanOrEqualTo(1);
        }
        assertThat(edit(log, 2, "ann", "once more", null)).isInstanceOf(Outcome.NotFound.class);
        assertThat(remove(log, 2, "ann")).isEqualTo(new Outcome.Published(removal, true));
        assertThat(edit(log, 1, "ben", "mine", null)).isInstanceOf(Outcome.Refused.class);
        number(edit(log, 1, "ann", "ein", null));
        assertThat(forward(log, 1, 1, MUCH).messages().get(0).content().text()).isEqualTo("ein");
    }

    @Test
    void changedMessagesThatWereLetGoOfAreGone() throws Exception {
        assumeTrue(changesMessages());
        RoomStore store = begin();
        RoomStore.Log log = open(store, new Heard());
        CompletableFuture<Outcome> first = new CompletableFuture<>();
        log.append(5, of("ann", "one", null), first::complete);
        get(first);
        long two = publish(log, "two");
        long edit = number(edit(log, 1, "ann", "uno", null));
        long three = publish(log, "three");
        assertThat(forget(log, two)).isEqualTo(RoomStore.Forgotten.DONE);
        for (int i = 0; i < 2; i++) {
            RoomStore.Found found = (RoomStore.Found) answer(log, messages(1, RoomStore.Direction.FORWARD, 9));
            assertThat(found.messages()).extracting(Message::seq).containsExactly(three);
            found = (RoomStore.Found) answer(log, messages(three, RoomStore.Direction.BACKWARD, 9));
            assertThat(found.messages()).extracting(Message::seq).containsExactly(three);
            assertThat(texts(forward(log, 1, 9, MUCH)))
                    .as("nor in its change, " + edit)
                    .doesNotContain("uno");
            log.close();
            log = open(store, new Heard());
        }
        assertThat(edit(log, 1, "ann", "once more", null)).isInstanceOf(Outcome.NotFound.class);
    }
}

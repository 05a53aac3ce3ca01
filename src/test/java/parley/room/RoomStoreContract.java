package parley.room;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import parley.protocol.ChangeKind;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.Key;
import parley.protocol.Message;
import parley.protocol.ReactionKey;
import parley.protocol.Reactions;
import parley.protocol.Reactor;
import parley.protocol.Revision;
import parley.protocol.RoomName;
import parley.protocol.Standing;
import parley.protocol.Utf8;

/**
 * What each store of rooms does, whatever it keeps. Those that keep messages beyond the room's ring do what {@link
 * KeepingStoreContract} says too.
 */
@Timeout(RoomStoreContract.AT_MOST_SECONDS)
public abstract class RoomStoreContract {
    static final int AT_MOST_SECONDS = 120;

    protected static final RoomName ROOM = new RoomName("contract");
    protected static final RoomName OTHER = new RoomName("contract-2");
    private static final int TO_ANSWER_SECONDS = 30;

    /** Whether the test has had the store closed. */
    private boolean isClosed;

    /** Makes the store of this test: an empty one. Called once in a test. */
    protected abstract RoomStore begin() throws Exception;

    /** Closes it: when this returns, it calls nobody any more. */
    protected abstract void end() throws Exception;

    /** Has it do what it was asked to. For a store that does nothing by itself. */
    protected void run() {}

    @AfterEach
    void endAfterTest() throws Exception {
        close();
    }

    /** Closes the store, once. */
    protected final void close() throws Exception {
        if (!isClosed) {
            isClosed = true;
            end();
        }
    }

    /** A room that writes down what it hears, and whether it is called one call at a time. */
    protected static class Heard implements RoomStore.Listener {
        public final CompletableFuture<RoomStore.Contents> opened = new CompletableFuture<>();
        /** Contents, messages, results, in the order in which they came. */
        public final List<Object> all = Collections.synchronizedList(new ArrayList<>());

        private final Queue<String> wrong = new ConcurrentLinkedQueue<>();
        private final AtomicInteger calls = new AtomicInteger();

        public Heard() {}

        @Override
        public void opened(RoomStore.Contents contents) {
            hear(() -> {
                all.add(contents);
                opened.complete(contents);
            });
        }

        @Override
        public void couldNotOpen() {
            hear(() -> {
                all.add("could not open");
                opened.completeExceptionally(new AssertionError("could not open"));
            });
        }

        @Override
        public void appended(List<Message> messages) {
            hear(() -> all.addAll(messages));
        }

        @Override
        public Optional<Message> kept(long seq) {
            Optional<Message> kept =
                    messages().stream().filter(message -> message.seq() == seq).findFirst();
            for (Message message : messages()) {
                if (message.revision() instanceof Revision.Change change
                        && change.of() == seq
                        && !message.isSuperseded()) {
                    kept = kept.map(original -> original.changedBy(message));
                }
            }
            return kept;
        }

        @Override
        public KeyDraft.Held held(Key key) {
            Map<Key, Message> last = new LinkedHashMap<>();
            for (Message message : messages()) {
                if (message.revision() instanceof Revision.Keyed keyed) {
                    last.put(keyed.key(), message);
                }
            }
            List<Message> values =
                    last.values().stream().filter(KeyDraft::isValue).toList();
            long bytes = values.stream().mapToLong(KeyDraft::bytes).sum();
            return new KeyDraft.Held(Optional.ofNullable(last.get(key)), values.size(), bytes);
        }

        @Override
        public void trimmed(long first) {
            hear(() -> all.add("trimmed " + first));
        }

        @Override
        public void present(String node, RoomStore.Present there) {
            hear(() -> {});
        }

        @Override
        public void lost(String node) {}

        @Override
        public void signalled(Draft draft) {
            hear(() -> {});
        }

        /** The marks of users, in the order in which they were heard. */
        public final List<String> marks = Collections.synchronizedList(new ArrayList<>());

        @Override
        public void marked(String user, MarkStore.Mark mark) {
            marks.add(user + " " + mark.seq());
        }

        private void hear(Runnable what) {
            if (calls.incrementAndGet() > 1) {
                wrong.add("two calls at a time");
            }
            what.run();
            calls.decrementAndGet();
        }

        public List<Message> messages() {
            synchronized (all) {
                return all.stream()
                        .filter(Message.class::isInstance)
                        .map(Message.class::cast)
                        .toList();
            }
        }

        public List<Long> numbers() {
            return messages().stream().map(Message::seq).toList();
        }

        public List<String> texts() {
            return messages().stream().map(message -> message.content().text()).toList();
        }
    }

    protected static Draft draft(String text, @Nullable String id) {
        return new Draft("Ann", Content.text(text, Utf8.length(text)), id);
    }

    /** Waits for what a store is to call. */
    protected final <T> T get(CompletableFuture<T> future) throws Exception {
        run();
        return future.get(TO_ANSWER_SECONDS, TimeUnit.SECONDS);
    }

    /** Opens a room, and waits until it is. */
    protected final RoomStore.Log open(RoomStore store, Heard room) throws Exception {
        RoomStore.Log log = store.open(ROOM, room);
        get(room.opened);
        return log;
    }

    protected final Outcome append(RoomStore.Log log, long at, String text, @Nullable String id) throws Exception {
        CompletableFuture<Outcome> result = new CompletableFuture<>();
        log.append(at, draft(text, id), result::complete);
        return get(result);
    }

    /** Publishes, and returns the number. */
    protected final long publish(RoomStore.Log log, String text) throws Exception {
        Outcome outcome = append(log, 0, text, null);
        assertThat(outcome).isInstanceOf(Outcome.Published.class);
        return ((Outcome.Published) outcome).seq();
    }

    /** Whether messages can be changed. */
    protected boolean changesMessages() {
        return true;
    }

    /** Whether messages grow and have reactions, besides being edited and removed. */
    protected boolean hasAllChanges() {
        return true;
    }

    protected static Draft of(@Nullable String user, String text, @Nullable String id) {
        return new Draft("Ann", user, Content.text(text, Utf8.length(text)), id);
    }

    protected final Outcome change(RoomStore.Log log, ChangeDraft change) throws Exception {
        CompletableFuture<Outcome> result = new CompletableFuture<>();
        log.change(7, change, result::complete);
        return get(result);
    }

    protected final Outcome edit(RoomStore.Log log, long seq, @Nullable String user, String text, @Nullable String id)
            throws Exception {
        return change(log, new ChangeDraft.Edit(seq, of(user, text, id), ChangeDraft.Right.OWN));
    }

    protected final Outcome remove(RoomStore.Log log, long seq, String user) throws Exception {
        return change(log, ChangeDraft.Removal.by(seq, of(user, "", null), ChangeDraft.Right.OWN));
    }

    /** Has Ann say one, and somebody else two. */
    private RoomStore.Log logOfTwo(Heard room) throws Exception {
        RoomStore.Log log = open(begin(), room);
        CompletableFuture<Outcome> second = new CompletableFuture<>();
        log.append(5, of("ann", "one", "1"), outcome -> {});
        log.append(6, of("ben", "two", null), second::complete);
        get(second);
        return log;
    }

    @Test
    void aStoreThatKeepsMessagesAsTheyWereSaidSaysSo() throws Exception {
        RoomStore.Log log = logOfTwo(new Heard());
        assumeFalse(changesMessages());
        assertThat(edit(log, 1, "ann", "uno", null)).isInstanceOf(Outcome.CannotChange.class);
        assertThat(remove(log, 1, "ann")).isInstanceOf(Outcome.CannotChange.class);
    }

    @Test
    void aStoreThatKeepsNoReactionsSaysSo() throws Exception {
        RoomStore.Log log = logOfTwo(new Heard());
        assumeFalse(hasAllChanges());
        assertThat(react(log, 1, new Draft("Ann", "ann", Content.REACTIONS, null), "ok", false))
                .isInstanceOf(Outcome.CannotChange.class);
    }

    /** The number under which something was published that had not been published before. */
    protected static long number(Outcome outcome) {
        assertThat(outcome)
                .isInstanceOfSatisfying(
                        Outcome.Published.class,
                        published -> assertThat(published.duplicate()).isFalse());
        return ((Outcome.Published) outcome).seq();
    }

    @Test
    void aChangeHasANumberAndNamesItsMessageAndTheChangeBefore() throws Exception {
        assumeTrue(changesMessages());
        Heard room = new Heard();
        RoomStore.Log log = logOfTwo(room);
        long first = number(edit(log, 1, "ann", "uno", null));
        long second = number(edit(log, 1, "ann", "eins", "e"));
        assertThat(edit(log, 1, "ann", "eins, again", "e")).isEqualTo(new Outcome.Published(second, true));
        long removal = number(remove(log, 1, "ann"));
        long three = publish(log, "three");
        assertThat(room.numbers())
                .containsExactly(1L, 2L, first, second, removal, three)
                .isSorted();
        assertThat(room.texts()).containsExactly("one", "two", "uno", "eins", "", "three");
        assertThat(room.messages().stream().map(Message::revision))
                .containsExactly(
                        Revision.None.UNCHANGED,
                        Revision.None.UNCHANGED,
                        new Revision.Change(1, 0, ChangeKind.Whole.EDIT),
                        new Revision.Change(1, first, ChangeKind.Whole.EDIT),
                        new Revision.Change(1, second, ChangeKind.Whole.REMOVAL),
                        Revision.None.UNCHANGED);
        assertThat(append(log, 0, "one, again", "1"))
                .as("the id of what was removed stays")
                .isEqualTo(new Outcome.Published(1, true));
    }

    private Outcome append(RoomStore.Log log, long seq, String user, String text, boolean isLast, @Nullable String id)
            throws Exception {
        return change(log, new ChangeDraft.Append(seq, of(user, text, id), ChangeDraft.Right.OWN, isLast, 12));
    }

    /** Has Ann say something that grows. */
    private long openMessage(RoomStore.Log log, String text) throws Exception {
        CompletableFuture<Outcome> said = new CompletableFuture<>();
        Content content = Content.text(text, Utf8.length(text));
        log.append(5, new Draft("Ann", "ann", content, null, Standing.NONE.with(Standing.Growth.OPEN)), said::complete);
        return ((Outcome.Published) get(said)).seq();
    }

    private static Revision piece(long of, long before, int start, boolean isLast, String whole) {
        Content content = isLast ? Content.text(whole, Utf8.length(whole)) : Content.EMPTY;
        return new Revision.Change(of, before, new ChangeKind.Piece(start, isLast, content));
    }

    @Test
    void piecesGoBehindAMessageThatIsOpenAndKnowWhereTheyBegin() throws Exception {
        Heard room = new Heard();
        RoomStore.Log log = open(begin(), room);
        assumeTrue(hasAllChanges());
        assertThat(openMessage(log, "\u00e4")).isEqualTo(1);
        assertThat(append(log, 1, "ann", "\uD83D\uDE00", false, "p")).isEqualTo(new Outcome.Published(2, false));
        assertThat(append(log, 1, "ann", "again", false, "p")).isEqualTo(new Outcome.Published(2, true));
        assertThat(append(log, 1, "ben", "x", false, null)).isInstanceOf(Outcome.Refused.class);
        assertThat(append(log, 1, "ann", "1234567", false, null)).as("13 bytes").isInstanceOf(Outcome.TooLarge.class);
        assertThat(edit(log, 1, "ann", "X", null)).isEqualTo(new Outcome.Published(3, false));
        assertThat(append(log, 1, "ann", "y", false, null)).isEqualTo(new Outcome.Published(4, false));
        assertThat(append(log, 1, "ann", "z", true, null)).isEqualTo(new Outcome.Published(5, false));
        assertThat(append(log, 1, "ann", "!", false, null)).isInstanceOf(Outcome.NotFound.class);
        assertThat(room.texts()).containsExactly("\u00e4", "\uD83D\uDE00", "X", "y", "z");
        assertThat(room.messages().stream().map(Message::revision))
                .containsExactly(
                        Revision.None.UNCHANGED,
                        piece(1, 0, 1, false, ""),
                        new Revision.Change(1, 2, ChangeKind.Whole.EDIT),
                        piece(1, 3, 1, false, ""),
                        piece(1, 4, 2, true, "Xyz"));
        assertThat(room.messages().get(4).from()).isEqualTo("Ann");
    }

    @Test
    void piecesOfOneMomentComeOneAfterTheOtherAlsoAroundAnEditAndARemoval() throws Exception {
        Heard room = new Heard();
        RoomStore.Log log = open(begin(), room);
        assumeTrue(hasAllChanges());
        openMessage(log, "a");
        CompletableFuture<Outcome> last = new CompletableFuture<>();
        for (String text : List.of("b", "c")) {
            log.change(
                    5, new ChangeDraft.Append(1, of("ann", text, null), ChangeDraft.Right.OWN, false, 12), one -> {});
        }
        log.change(5, new ChangeDraft.Edit(1, of("ann", "XY", null), ChangeDraft.Right.OWN), one -> {});
        log.change(5, new ChangeDraft.Append(1, of("ann", "z", null), ChangeDraft.Right.OWN, false, 12), one -> {});
        log.change(5, ChangeDraft.Removal.by(1, of("ann", "", null), ChangeDraft.Right.OWN), one -> {});
        log.change(5, new ChangeDraft.Append(1, of("ann", "!", null), ChangeDraft.Right.OWN, true, 12), last::complete);
        assertThat(get(last)).isInstanceOf(Outcome.NotFound.class);
        assertThat(room.messages().stream().map(Message::revision).skip(2).limit(3))
                .containsExactly(
                        piece(1, 2, 2, false, ""),
                        new Revision.Change(1, 3, ChangeKind.Whole.EDIT),
                        piece(1, 4, 2, false, ""));
    }

    @Test
    void changesOfOneMomentAreMadeOneAfterTheOther() throws Exception {
        assumeTrue(changesMessages());
        Heard room = new Heard();
        RoomStore.Log log = open(begin(), room);
        CompletableFuture<Outcome> last = new CompletableFuture<>();
        log.append(5, of("ann", "one", null), outcome -> {
            for (int i = 0; i < 20; i++) {
                log.change(5, new ChangeDraft.Edit(1, of("ann", "e" + i, null), ChangeDraft.Right.OWN), outcome2 -> {});
            }
            log.change(5, ChangeDraft.Removal.by(1, of("ann", "", null), ChangeDraft.Right.OWN), last::complete);
        });
        long removal = number(get(last));
        List<Long> numbers = room.numbers();
        assertThat(numbers).hasSize(22).endsWith(removal);
        assertThat(room.texts()).startsWith("one", "e0", "e1").endsWith("e19", "");
        assertThat(room.messages().get(21).revision())
                .isEqualTo(new Revision.Change(1, numbers.get(20), ChangeKind.Whole.REMOVAL));
    }

    private Outcome react(RoomStore.Log log, long seq, Draft sender, String key, boolean isOff) throws Exception {
        return change(log, new ReactionDraft(seq, sender, new ReactionKey(key), isOff, 2, 1 << 20, null));
    }

    @Test
    void aReactionIsAnEntryOnceForEachSenderAndSaysAllThatThereAre() throws Exception {
        Heard room = new Heard();
        RoomStore.Log log = open(begin(), room);
        assumeTrue(hasAllChanges());
        publish(log, "one");
        Draft ann = new Draft("Ann", "ann", Content.REACTIONS, null);
        Draft label = new Draft("ann", null, Content.REACTIONS, null);
        assertThat(react(log, 1, ann, "ok", false)).isEqualTo(new Outcome.Published(2, false));
        assertThat(react(log, 1, ann, "ok", false)).as("it is set").isEqualTo(new Outcome.Published(2, true));
        assertThat(react(log, 1, label, "ok", false)).as("names are apart").isEqualTo(new Outcome.Published(3, false));
        assertThat(react(log, 1, ann, "no", false)).isEqualTo(new Outcome.Published(4, false));
        assertThat(react(log, 1, ann, "too", false)).isInstanceOf(Outcome.TooLarge.class);
        assertThat(react(log, 1, ann, "ok", true)).isEqualTo(new Outcome.Published(5, false));
        assertThat(react(log, 1, ann, "ok", true)).as("it is not set").isEqualTo(new Outcome.Published(5, true));
        assertThat(react(log, 2, ann, "ok", false)).isInstanceOf(Outcome.NotFound.class);
        Message last = room.messages().get(4);
        assertThat(last.revision()).isEqualTo(new Revision.Change(1, 4, ChangeKind.Reacting.REACTION));
        List<Reactions.OfKey> left = List.of(
                new Reactions.OfKey(new ReactionKey("ok"), 1, List.of(new Reactor("ann", false))),
                new Reactions.OfKey(new ReactionKey("no"), 1, List.of(new Reactor("ann", true))));
        assertThat(last.reactions().keys()).isEqualTo(left);
        assertThat(change(log, new ChangeDraft.Edit(1, of("bo", "eins", null), ChangeDraft.Right.ANY)))
                .isEqualTo(new Outcome.Published(6, false));
        assertThat(room.kept(1).orElseThrow().reactions().keys())
                .as("an edit keeps them")
                .isEqualTo(left);
        assertThat(change(log, ChangeDraft.Removal.by(1, of("bo", "", null), ChangeDraft.Right.ANY)))
                .isEqualTo(new Outcome.Published(7, false));
        assertThat(room.kept(1).orElseThrow().reactions()).isEqualTo(Reactions.NONE);
        assertThat(react(log, 1, ann, "ok", false)).isInstanceOf(Outcome.NotFound.class);
    }

    @Test
    void reactionsAreThoseThatASimpleModelHas() throws Exception {
        Heard room = new Heard();
        RoomStore.Log log = open(begin(), room);
        assumeTrue(hasAllChanges());
        for (int i = 0; i < 5; i++) {
            publish(log, "m");
        }
        ReactionModel model = new ReactionModel(22, 5);
        for (int i = 0; i < 600; i++) {
            ReactionDraft draft = model.next();
            assertThat(ReactionModel.word(change(log, draft))).as("%s", draft).isEqualTo(model.make(draft));
            if (i % 150 == 149) {
                long removed = 1 + i / 150;
                model.remove(removed);
                change(log, ChangeDraft.Removal.by(removed, of("bo", "", null), ChangeDraft.Right.ANY));
            }
            assertThat(room.kept(draft.of()).orElseThrow().reactions().keys()).isEqualTo(model.of(draft.of()));
        }
    }

    @Test
    void aMessageOfSomebodyElseOrThatIsGoneIsNotChanged() throws Exception {
        assumeTrue(changesMessages());
        Heard room = new Heard();
        RoomStore.Log log = logOfTwo(room);
        assertThat(edit(log, 2, "ann", "deux", null)).isInstanceOf(Outcome.Refused.class);
        assertThat(edit(log, 1, null, "un", null)).isInstanceOf(Outcome.Refused.class);
        assertThat(edit(log, 9, "ann", "neuf", null)).isInstanceOf(Outcome.NotFound.class);
        long change = number(change(log, new ChangeDraft.Edit(2, of("ann", "deux", null), ChangeDraft.Right.ANY)));
        assertThat(edit(log, change, "ann", "of a change", null)).isInstanceOf(Outcome.NotFound.class);
        assertThat(remove(log, 2, "ann")).as("whoever edited it").isInstanceOf(Outcome.Refused.class);
        long removal = number(remove(log, 2, "ben"));
        assertThat(remove(log, 2, "ben")).isEqualTo(new Outcome.Published(removal, true));
        assertThat(edit(log, 2, "ben", "once more", null)).isInstanceOf(Outcome.NotFound.class);
        assertThat(room.messages()).hasSize(4);
    }

    protected static final KeyLimits FEW_KEYS = new KeyLimits(3, 2_000, Duration.ofDays(1));

    protected static KeyDraft put(String key, String text, OptionalLong expected, @Nullable String id) {
        return new KeyDraft(new Key(key), of("ann", text, id), expected, 0, FEW_KEYS);
    }

    protected static KeyDraft unset(String key, OptionalLong expected) {
        return KeyDraft.removal(new Key(key), of("ben", "", null), expected);
    }

    protected final Outcome put(RoomStore.Log log, KeyDraft draft) throws Exception {
        CompletableFuture<Outcome> result = new CompletableFuture<>();
        log.put(7, draft, result::complete);
        return get(result);
    }

    protected final long put(RoomStore.Log log, String key, String text) throws Exception {
        Outcome outcome = put(log, put(key, text, OptionalLong.empty(), null));
        assertThat(outcome).isInstanceOf(Outcome.Published.class);
        return ((Outcome.Published) outcome).seq();
    }

    @Test
    void aStoreThatKeepsNoValuesOfKeysSaysSo() throws Exception {
        RoomStore.Log log = open(begin(), new Heard());
        assumeFalse(hasAllChanges());
        assertThat(put(log, put("k", "v", OptionalLong.empty(), null))).isInstanceOf(Outcome.CannotChange.class);
        assertThat(put(log, unset("k", OptionalLong.empty()))).isInstanceOf(Outcome.CannotChange.class);
    }

    @Test
    void aValueOfAKeyHasANumberAndNamesTheEntryThatItTakesThePlaceOf() throws Exception {
        Heard room = new Heard();
        RoomStore.Log log = open(begin(), room);
        assumeTrue(hasAllChanges());
        assertThat(put(log, "a", "a1")).isEqualTo(1);
        assertThat(put(log, put("b", "b1", OptionalLong.empty(), "id"))).isEqualTo(new Outcome.Published(2, false));
        assertThat(put(log, put("b", "b2", OptionalLong.empty(), "id"))).isEqualTo(new Outcome.Published(2, true));
        assertThat(put(log, "a", "a2")).isEqualTo(3);
        assertThat(put(log, unset("a", OptionalLong.empty()))).isEqualTo(new Outcome.Published(4, false));
        assertThat(put(log, unset("a", OptionalLong.empty())))
                .as("once more")
                .isEqualTo(new Outcome.Published(4, true));
        assertThat(put(log, unset("c", OptionalLong.empty()))).isInstanceOf(Outcome.NotFound.class);
        assertThat(put(log, "a", "a3")).isEqualTo(5);
        long dayLater = 7 + Duration.ofDays(1).toMillis();
        assertThat(room.messages().stream().map(Message::revision))
                .containsExactly(
                        new Revision.Keyed(new Key("a"), 0, dayLater),
                        new Revision.Keyed(new Key("b"), 0, dayLater),
                        new Revision.Keyed(new Key("a"), 1, dayLater),
                        new Revision.Keyed(new Key("a"), 3, 0),
                        new Revision.Keyed(new Key("a"), 4, dayLater));
        assertThat(room.texts()).containsExactly("a1", "b1", "a2", "", "a3");
        assertThat(edit(log, 5, "ann", "by its number", null)).isInstanceOf(Outcome.NotFound.class);
    }

    @Test
    void aValueIsSetOnlyInThePlaceOfTheOneThatIsExpected() throws Exception {
        RoomStore.Log log = open(begin(), new Heard());
        assumeTrue(hasAllChanges());
        assertThat(put(log, put("a", "a1", OptionalLong.of(1), null)))
                .isInstanceOfSatisfying(
                        Outcome.Conflict.class,
                        conflict -> assertThat(conflict.value()).isEmpty());
        assertThat(put(log, put("a", "a1", OptionalLong.of(0), null))).isEqualTo(new Outcome.Published(1, false));
        assertThat(put(log, put("a", "a2", OptionalLong.of(0), null)))
                .isInstanceOfSatisfying(
                        Outcome.Conflict.class,
                        conflict -> assertThat(
                                        conflict.value().orElseThrow().content().text())
                                .isEqualTo("a1"));
        assertThat(put(log, put("a", "a2", OptionalLong.of(1), null))).isEqualTo(new Outcome.Published(2, false));
        assertThat(put(log, unset("a", OptionalLong.of(1)))).isInstanceOf(Outcome.Conflict.class);
        assertThat(put(log, unset("a", OptionalLong.of(2)))).isEqualTo(new Outcome.Published(3, false));
        assertThat(put(log, put("a", "a3", OptionalLong.of(3), null)))
                .as("what was removed is not there")
                .isInstanceOf(Outcome.Conflict.class);
        assertThat(put(log, put("a", "a3", OptionalLong.of(0), null))).isEqualTo(new Outcome.Published(4, false));
    }

    @Test
    void ofTwoThatExpectTheSameExactlyOneSetsTheValue() throws Exception {
        RoomStore.Log log = open(begin(), new Heard());
        assumeTrue(hasAllChanges());
        long seq = put(log, "a", "0");
        for (int round = 1; round <= 50; round++) {
            List<CompletableFuture<Outcome>> results = new ArrayList<>();
            CountDownLatch ready = new CountDownLatch(2);
            for (int i = 0; i < 2; i++) {
                KeyDraft draft = put("a", round + " of " + i, OptionalLong.of(seq), null);
                CompletableFuture<Outcome> result = new CompletableFuture<>();
                results.add(result);
                new Thread(() -> {
                            ready.countDown();
                            try {
                                ready.await();
                            } catch (InterruptedException e) {
                                throw new AssertionError(e);
                            }
                            log.put(7, draft, result::complete);
                        })
                        .start();
            }
            Outcome one = get(results.get(0));
            Outcome other = get(results.get(1));
            assertThat(List.of(one, other))
                    .filteredOn(Outcome.Published.class::isInstance)
                    .hasSize(1);
            assertThat(List.of(one, other))
                    .filteredOn(Outcome.Conflict.class::isInstance)
                    .hasSize(1);
            seq = ((Outcome.Published) (one instanceof Outcome.Published ? one : other)).seq();
        }
    }

    @Test
    void aRoomKeepsAsManyKeysAndBytesOfThemAsItMay() throws Exception {
        RoomStore.Log log = open(begin(), new Heard());
        assumeTrue(hasAllChanges());
        for (String key : List.of("a", "b", "c")) {
            put(log, key, "v");
        }
        assertThat(put(log, put("d", "v", OptionalLong.empty(), null))).isInstanceOf(Outcome.Full.class);
        assertThat(put(log, "c", "of a key that is there")).isEqualTo(4);
        assertThat(put(log, unset("a", OptionalLong.empty()))).isEqualTo(new Outcome.Published(5, false));
        assertThat(put(log, put("d", "x".repeat(1_400), OptionalLong.empty(), null)))
                .as("with the two others, more than 2,000 bytes")
                .isInstanceOf(Outcome.Full.class);
        assertThat(put(log, "d", "x".repeat(1_300))).isEqualTo(6);
        assertThat(put(log, put("b", "x".repeat(100), OptionalLong.empty(), null)))
                .isInstanceOf(Outcome.Full.class);
        assertThat(put(log, "d", "short")).isEqualTo(7);
        assertThat(put(log, "b", "x".repeat(100))).isEqualTo(8);
    }

    protected final RoomStore.Extent refresh(RoomStore.Log log) throws Exception {
        CompletableFuture<RoomStore.Extent> extent = new CompletableFuture<>();
        log.refresh(extent::complete);
        return get(extent);
    }

    @Test
    void aRoomHearsWhatThereIsBeforeAnythingElse() throws Exception {
        Heard room = new Heard();
        RoomStore.Log log = begin().open(ROOM, room);
        CompletableFuture<Outcome> result = new CompletableFuture<>();
        log.append(5, draft("at once", null), result::complete);
        get(result);
        assertThat(room.all).hasSizeGreaterThanOrEqualTo(1);
        assertThat(room.all.get(0)).isInstanceOfSatisfying(RoomStore.Contents.class, contents -> {
            assertThat(contents.epoch()).isNotEmpty();
            assertThat(contents.since()).isEqualTo(contents.head() + 1);
            assertThat(contents.newest()).isEmpty();
        });
        assertThat(room.texts()).containsExactly("at once");
        assertThat(room.wrong).isEmpty();
    }

    @Test
    void aRoomHearsOfAMessageBeforeItsSenderDoes() throws Exception {
        Heard room = new Heard();
        RoomStore.Log log = open(begin(), room);
        List<CompletableFuture<Long>> results = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            CompletableFuture<Long> result = new CompletableFuture<>();
            results.add(result);
            log.append(0, draft("m" + i, null), outcome -> {
                long seq = ((Outcome.Published) outcome).seq();
                room.all.add(seq);
                result.complete(seq);
            });
        }
        List<Long> numbers = new ArrayList<>();
        for (CompletableFuture<Long> result : results) {
            numbers.add(get(result));
        }
        assertThat(room.numbers()).isEqualTo(numbers).isSorted().doesNotHaveDuplicates();
        List<Object> all = List.copyOf(room.all);
        for (Message message : room.messages()) {
            assertThat(all.indexOf(message)).isLessThan(all.indexOf(message.seq()));
        }
    }

    @Test
    void aMessageIsHeardOfAsItWasPublished() throws Exception {
        Heard room = new Heard();
        RoomStore.Log log = open(begin(), room);
        String odd = "gr\u00fc\u00df \ud83d\ude00 \u0000 '; DROP TABLE rooms; --";
        Content data = new Content(Content.Kind.DATA, "{\"a\":1}", 7);
        CompletableFuture<Outcome> second = new CompletableFuture<>();
        log.append(5, new Draft(null, Content.text(odd, Utf8.length(odd)), "an-id"), outcome -> {});
        log.append(6, new Draft("O'Neill", "a|\u00fc '7", data, null), second::complete);
        get(second);
        List<Long> numbers = room.numbers();
        assertThat(room.messages())
                .containsExactly(
                        new Message(numbers.get(0), 5, null, Content.text(odd, Utf8.length(odd)), "an-id"),
                        new Message(numbers.get(1), 6, "O'Neill", "a|\u00fc '7", data, null));
    }

    @Test
    void aMessageWhoseIdIsKeptIsNotPublishedAgain() throws Exception {
        Heard room = new Heard();
        RoomStore.Log log = open(begin(), room);
        CompletableFuture<Outcome> first = new CompletableFuture<>();
        CompletableFuture<Outcome> twin = new CompletableFuture<>();
        log.append(0, draft("one", "a"), first::complete);
        log.append(0, draft("one, at once again", "a"), twin::complete);
        long seq = ((Outcome.Published) get(first)).seq();
        assertThat(get(first)).isEqualTo(new Outcome.Published(seq, false));
        assertThat(get(twin)).isEqualTo(new Outcome.Published(seq, true));
        Outcome other = append(log, 0, "two", "b");
        assertThat(((Outcome.Published) other).duplicate()).isFalse();
        assertThat(append(log, 0, "one, later again", "a")).isEqualTo(new Outcome.Published(seq, true));
        assertThat(room.texts()).containsExactly("one", "two");
    }

    protected final Outcome appendBehind(RoomStore.Log log, String epoch, long seq, String text, @Nullable String id)
            throws Exception {
        CompletableFuture<Outcome> result = new CompletableFuture<>();
        log.appendBehind(new RoomStore.Expected(epoch, seq), 0, draft(text, id), result::complete);
        return get(result);
    }

    protected final RoomStore.Forgotten forget(RoomStore.Log log, long upTo) throws Exception {
        CompletableFuture<RoomStore.Forgotten> forgotten = new CompletableFuture<>();
        log.forget(upTo, forgotten::complete);
        return get(forgotten);
    }

    @Test
    void aMessageIsAddedBehindTheExpectedOneOrNotAtAll() throws Exception {
        Heard room = new Heard();
        RoomStore.Log log = open(begin(), room);
        String epoch = get(room.opened).epoch();
        assertThat(appendBehind(log, epoch, 0, "one", "a")).isEqualTo(new Outcome.Published(1, false));
        assertThat(appendBehind(log, epoch, 0, "late", null)).isEqualTo(new Outcome.Moved(epoch, 1));
        assertThat(appendBehind(log, "other", 1, "elsewhere", null)).isEqualTo(new Outcome.Moved(epoch, 1));
        assertThat(appendBehind(log, epoch, 0, "one, again", "a")).isEqualTo(new Outcome.Published(1, true));
        assertThat(appendBehind(log, epoch, 1, "two", null)).isEqualTo(new Outcome.Published(2, false));
        assertThat(appendBehind(log, epoch, 7, "behind what is not there", null))
                .isEqualTo(new Outcome.Moved(epoch, 2));
        assertThat(appendBehind(log, "other", 2, "two, again", "a")).isEqualTo(new Outcome.Published(1, true));
        assertThat(room.texts()).containsExactly("one", "two");
    }

    @Test
    void ofManyWithTheSameExpectationOneIsAdded() throws Exception {
        Heard room = new Heard();
        RoomStore.Log log = open(begin(), room);
        String epoch = get(room.opened).epoch();
        for (int round = 0; round < 10; round++) {
            int number = round;
            RoomStore.Expected expected = new RoomStore.Expected(epoch, round);
            Queue<Outcome> outcomes = new ConcurrentLinkedQueue<>();
            CountDownLatch answered = new CountDownLatch(40);
            inThreads(4, thread -> {
                for (int i = 0; i < 10; i++) {
                    log.appendBehind(expected, 0, draft("round " + number, null), outcome -> {
                        outcomes.add(outcome);
                        answered.countDown();
                    });
                }
            });
            run();
            assertThat(answered.await(TO_ANSWER_SECONDS, TimeUnit.SECONDS)).isTrue();
            assertThat(outcomes).containsOnlyOnce(new Outcome.Published(round + 1, false));
            assertThat(outcomes)
                    .filteredOn(Outcome.Moved.class::isInstance)
                    .hasSize(39)
                    .containsOnly(new Outcome.Moved(epoch, round + 1));
        }
        assertThat(room.numbers()).hasSize(10);
    }

    /** What is published behind them stays. */
    @Test
    void aRoomHearsThatMessagesAreGoneBeforeTheOneThatLetThemGo() throws Exception {
        Heard room = new Heard();
        RoomStore.Log log = open(begin(), room);
        assertThat(forget(log, 7)).as("there is nothing").isEqualTo(RoomStore.Forgotten.DONE);
        publish(log, "one");
        long two = publish(log, "two");
        CompletableFuture<RoomStore.Forgotten> forgotten = new CompletableFuture<>();
        room.all.clear();
        log.forget(two, what -> {
            room.all.add(what);
            forgotten.complete(what);
        });
        long three = publish(log, "three");
        assertThat(three).isGreaterThan(two);
        assertThat(get(forgotten)).isEqualTo(RoomStore.Forgotten.DONE);
        List<Object> all = List.copyOf(room.all);
        assertThat(all).contains("trimmed " + (two + 1)).doesNotContain("trimmed " + (three + 1));
        assertThat(all.indexOf("trimmed " + (two + 1))).isLessThan(all.indexOf(RoomStore.Forgotten.DONE));
        assertThat(room.texts()).containsExactly("three");
    }

    /** Nothing was said since. */
    @Test
    void theExpectedMessageMayBeGone() throws Exception {
        Heard room = new Heard();
        RoomStore.Log log = open(begin(), room);
        String epoch = get(room.opened).epoch();
        long one = publish(log, "one");
        forget(log, one);
        Outcome behind = appendBehind(log, epoch, one, "two", null);
        assertThat(behind).isInstanceOf(Outcome.Published.class);
        long two = ((Outcome.Published) behind).seq();
        assertThat(appendBehind(log, epoch, one, "three", null)).isEqualTo(new Outcome.Moved(epoch, two));
        assertThat(room.texts()).containsExactly("one", "two");
    }

    /** A machine's clock is set back, by a second or a year. */
    @Test
    void timesNeverFallAsNumbersRise() throws Exception {
        Heard room = new Heard();
        RoomStore.Log log = open(begin(), room);
        for (long at : new long[] {1_000, 400, 999, 1_000, 1_700, 0, -7}) {
            append(log, at, "at " + at, null);
        }
        assertThat(room.messages().stream().map(Message::at))
                .containsExactly(1_000L, 1_000L, 1_000L, 1_000L, 1_700L, 1_700L, 1_700L);
    }

    @Test
    void aRefreshIsAnsweredBehindAllThatWasAddedBefore() throws Exception {
        Heard room = new Heard();
        RoomStore.Log log = open(begin(), room);
        CompletableFuture<List<Object>> heardByThen = new CompletableFuture<>();
        log.append(0, draft("one", null), outcome -> {});
        log.append(0, draft("two", null), outcome -> {});
        log.refresh(extent -> heardByThen.complete(List.of(extent.head(), room.texts())));
        List<Object> answer = get(heardByThen);
        assertThat(answer.get(1)).isEqualTo(List.of("one", "two"));
        assertThat((Long) answer.get(0)).isGreaterThanOrEqualTo(room.numbers().get(1));
    }

    @Test
    void aRoomHearsNothingOfOthers() throws Exception {
        RoomStore store = begin();
        Heard room = new Heard();
        Heard other = new Heard();
        RoomStore.Log log = open(store, room);
        RoomStore.Log otherLog = store.open(OTHER, other);
        get(other.opened);
        append(log, 0, "here", "a");
        assertThat(append(otherLog, 0, "there", "a")).isInstanceOfSatisfying(Outcome.Published.class, published -> {
            assertThat(published.duplicate()).isFalse();
        });
        append(log, 0, "here too", null);
        assertThat(room.texts()).containsExactly("here", "here too");
        assertThat(other.texts()).containsExactly("there");
    }

    /** As a sender does that publishes an answer to what it hears. */
    @Test
    void callbacksMayCallTheStore() throws Exception {
        RoomStore store = begin();
        CompletableFuture<Outcome> last = new CompletableFuture<>();
        CompletableFuture<RoomStore.Log> log = new CompletableFuture<>();
        Heard room = new Heard() {
            @Override
            public void appended(List<Message> messages) {
                super.appended(messages);
                if (messages.get(0).content().text().equals("one")) {
                    log.join()
                            .append(
                                    0,
                                    draft("from the room", null),
                                    outcome -> log.join()
                                            .refresh(extent -> log.join()
                                                    .append(0, draft("from a callback", null), last::complete)));
                }
            }
        };
        log.complete(open(store, room));
        log.get().append(0, draft("one", null), outcome -> {});
        get(last);
        assertThat(room.texts()).containsExactly("one", "from the room", "from a callback");
    }

    @Test
    void aCallbackThatFailsDoesNotKeepOthersFromTheirs() throws Exception {
        RoomStore store = begin();
        Heard failing = new Heard() {
            @Override
            public void appended(List<Message> messages) {
                throw new IllegalStateException("a test");
            }
        };
        RoomStore.Log log = open(store, failing);
        log.append(0, draft("one", null), outcome -> {
            throw new AssertionError("a test");
        });
        log.refresh(extent -> {
            throw new IllegalStateException("a test");
        });
        assertThat(append(log, 0, "two", null)).isInstanceOf(Outcome.Published.class);
    }

    /** Each result is that of just its message; all hear of the same order; each thread's messages are in its own. */
    @Test
    void manyThreadsAppendInOneOrder() throws Exception {
        int threads = 4;
        int each = 1_000;
        Heard room = new Heard();
        RoomStore.Log log = open(begin(), room);
        List<Queue<Outcome>> results = new ArrayList<>();
        for (int i = 0; i < threads * each; i++) {
            results.add(new ConcurrentLinkedQueue<>());
        }
        CountDownLatch answered = new CountDownLatch(threads * each);
        inThreads(threads, thread -> {
            for (int i = thread * each; i < (thread + 1) * each; i++) {
                Queue<Outcome> result = results.get(i);
                log.append(0, draft("m" + i, "id" + i), outcome -> {
                    result.add(outcome);
                    answered.countDown();
                });
            }
        });
        run();
        assertThat(answered.await(TO_ANSWER_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(room.wrong).isEmpty();
        List<Message> messages = room.messages();
        assertThat(messages).hasSize(threads * each);
        assertThat(room.numbers()).isSorted().doesNotHaveDuplicates();
        int[] last = new int[threads];
        Arrays.fill(last, -1);
        for (Message message : messages) {
            int which = Integer.parseInt(message.content().text().substring(1));
            assertThat(results.get(which)).containsExactly(new Outcome.Published(message.seq(), false));
            assertThat(which).isGreaterThan(last[which / each]);
            last[which / each] = which;
        }
    }

    /** What asks while the store closes is answered once, and so is what asks later. */
    @Test
    void everyCallbackIsCalledOnceAlsoWhileTheStoreClosesAndLater() throws Exception {
        int threads = 4;
        int each = 500;
        Heard room = new Heard();
        RoomStore.Log log = open(begin(), room);
        List<AtomicInteger> calls = Collections.synchronizedList(new ArrayList<>());
        CountDownLatch half = new CountDownLatch(threads * each / 2);
        Thread closing = new Thread(() -> {
            try {
                half.await();
                close();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        closing.start();
        inThreads(threads, thread -> {
            for (int i = 0; i < each; i++) {
                ask(log, "m" + thread + "-" + i, calls);
                half.countDown();
            }
        });
        run();
        closing.join();
        ask(log, "later", calls);
        run();
        assertThat(calls)
                .hasSize(3 * (threads * each + 1))
                .allSatisfy(one -> assertThat(one).hasValue(1));
        assertThat(room.wrong).isEmpty();
    }

    private static void ask(RoomStore.Log log, String text, List<AtomicInteger> calls) {
        AtomicInteger appends = new AtomicInteger();
        AtomicInteger reads = new AtomicInteger();
        AtomicInteger refreshes = new AtomicInteger();
        calls.addAll(List.of(appends, reads, refreshes));
        log.append(0, draft(text, null), outcome -> appends.incrementAndGet());
        log.read(new RoomStore.Query(1, RoomStore.Direction.FORWARD, 9, 1_000), answer -> reads.incrementAndGet());
        log.refresh(extent -> refreshes.incrementAndGet());
    }

    private static void inThreads(int threads, Consumer<Integer> work) throws InterruptedException {
        List<Thread> all = new ArrayList<>();
        Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
        for (int i = 0; i < threads; i++) {
            int thread = i;
            Thread started = new Thread(() -> work.accept(thread));
            started.setUncaughtExceptionHandler((which, failure) -> failures.add(failure));
            started.start();
            all.add(started);
        }
        for (Thread thread : all) {
            thread.join();
        }
        assertThat(failures).isEmpty();
    }

    @Test
    void aRoomThatWasGivenUpHearsNothingMoreAndItsCallersAreAnswered() throws Exception {
        RoomStore store = begin();
        Heard before = new Heard();
        RoomStore.Log log = open(store, before);
        publish(log, "one");
        CompletableFuture<Outcome> due = new CompletableFuture<>();
        CompletableFuture<Outcome> late = new CompletableFuture<>();
        CompletableFuture<RoomStore.Extent> extent = new CompletableFuture<>();
        log.append(0, draft("due", null), due::complete);
        log.close();
        int heard = before.all.size();
        log.append(0, draft("late", null), late::complete);
        log.refresh(extent::complete);
        get(due);
        get(late);
        get(extent);
        Heard after = new Heard();
        RoomStore.Log again = open(store, after);
        publish(again, "by the next");
        assertThat(after.texts()).contains("by the next");
        // The store may have been about to tell it of "due" when it was given up.
        assertThat(before.texts()).doesNotContain("late", "by the next");
        assertThat(before.all.size()).isLessThanOrEqualTo(heard + 1);
        assertThat(before.wrong).isEmpty();
        assertThat(after.wrong).isEmpty();
    }

    protected final MarkStore.Answer raise(RoomStore.Log log, String user, String epoch, long seq, int most)
            throws Exception {
        CompletableFuture<MarkStore.Answer> answer = new CompletableFuture<>();
        log.marks().raise(user, new MarkStore.Mark(epoch, seq), most, answer::complete);
        return get(answer);
    }

    protected final MarkStore.Answer mark(RoomStore.Log log, String user) throws Exception {
        CompletableFuture<MarkStore.Answer> answer = new CompletableFuture<>();
        log.marks().find(user, answer::complete);
        return get(answer);
    }

    protected static MarkStore.Answer holds(String epoch, long seq) {
        return new MarkStore.Holds(new MarkStore.Mark(epoch, seq));
    }

    @Test
    void aMarkIsRaisedNeverGoesBackAndIsItsUsersAlone() throws Exception {
        Heard room = new Heard();
        RoomStore.Log log = open(begin(), room);
        String epoch = get(room.opened).epoch();
        long one = publish(log, "one");
        long two = publish(log, "two");
        long three = publish(log, "three");
        assertThat(mark(log, "ann")).isEqualTo(MarkStore.No.NONE);
        assertThat(raise(log, "ann", epoch, two, 9)).isEqualTo(holds(epoch, two));
        assertThat(raise(log, "ann", epoch, one, 9)).isEqualTo(holds(epoch, two));
        assertThat(mark(log, "ann")).isEqualTo(holds(epoch, two));
        assertThat(raise(log, "ann", epoch, three, 9)).isEqualTo(holds(epoch, three));
        assertThat(mark(log, "ann")).isEqualTo(holds(epoch, three));
        assertThat(mark(log, "bob")).isEqualTo(MarkStore.No.NONE);
        assertThat(room.marks).as("nobody hears of the lower one").containsExactly("ann " + two, "ann " + three);
    }

    @Test
    void usersAndRoomsOfAnyNamesHaveMarksOfTheirOwn() throws Exception {
        RoomStore store = begin();
        Heard room = new Heard();
        RoomStore.Log log = open(store, room);
        String epoch = get(room.opened).epoch();
        List<String> users = List.of(
                "a b", "a.b", "a_b", "a*b", "*", ">", "a=2Eb", "O'Neill|\"\\", "\ud83d\ude00", "\u8a9e".repeat(255));
        List<Long> numbers = new ArrayList<>();
        for (String user : users) {
            numbers.add(publish(log, "m"));
            assertThat(raise(log, user, epoch, numbers.get(numbers.size() - 1), 99))
                    .isInstanceOf(MarkStore.Holds.class);
        }
        for (int i = 0; i < users.size(); i++) {
            assertThat(mark(log, users.get(i))).as(users.get(i)).isEqualTo(holds(epoch, numbers.get(i)));
        }
    }

    @Test
    void ofMarksThatAreRaisedAtTheSameTimeTheFurthestHolds() throws Exception {
        Heard room = new Heard();
        RoomStore.Log log = open(begin(), room);
        String epoch = get(room.opened).epoch();
        List<Long> numbers = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            numbers.add(publish(log, "m" + i));
        }
        CountDownLatch answers = new CountDownLatch(20);
        inThreads(4, thread -> {
            for (int i = thread; i < 20; i += 4) {
                MarkStore.Mark mark = new MarkStore.Mark(epoch, numbers.get((i * 7) % 20));
                log.marks().raise("ann", mark, 9, answer -> answers.countDown());
            }
        });
        assertThat(answers.await(TO_ANSWER_SECONDS, TimeUnit.SECONDS)).isTrue();
        // What lost against another one too often was answered so, and is raised again by its client.
        assertThat(raise(log, "ann", epoch, numbers.get(19), 9)).isEqualTo(holds(epoch, numbers.get(19)));
        assertThat(raise(log, "ann", epoch, numbers.get(0), 9)).isEqualTo(holds(epoch, numbers.get(19)));
    }

    @Test
    void aMarkOfAnotherHistoryIsNotKept() throws Exception {
        Heard room = new Heard();
        RoomStore.Log log = open(begin(), room);
        get(room.opened);
        publish(log, "one");
        assertThat(raise(log, "ann", "another", 1, 9)).isEqualTo(MarkStore.No.OTHER_HISTORY);
        assertThat(mark(log, "ann")).isEqualTo(MarkStore.No.NONE);
        assertThat(room.marks).isEmpty();
    }

    @Test
    void theMarksThatWereNotRaisedForTheLongestTimeGo() throws Exception {
        Heard room = new Heard();
        RoomStore.Log log = open(begin(), room);
        String epoch = get(room.opened).epoch();
        long one = publish(log, "one");
        long two = publish(log, "two");
        for (String user : List.of("a", "b", "c", "d")) {
            assertThat(raise(log, user, epoch, one, 4)).isEqualTo(holds(epoch, one));
        }
        raise(log, "a", epoch, two, 4);
        raise(log, "e", epoch, one, 4);
        await().untilAsserted(() -> assertThat(mark(log, "b")).isEqualTo(MarkStore.No.NONE));
        for (String user : List.of("a", "c", "d", "e")) {
            assertThat(mark(log, user)).as(user).isInstanceOf(MarkStore.Holds.class);
        }
    }

    @Test
    void aStoreThatIsClosedHasNoMarks() throws Exception {
        Heard room = new Heard();
        RoomStore.Log log = open(begin(), room);
        String epoch = get(room.opened).epoch();
        long one = publish(log, "one");
        raise(log, "ann", epoch, one, 9);
        if (log.marks() instanceof MemoryMarks) {
            log.close();
        }
        close();
        assertThat(raise(log, "bob", epoch, one, 9)).isEqualTo(MarkStore.No.NOT_NOW);
        assertThat(mark(log, "ann")).isInstanceOf(MarkStore.No.class);
    }
}

package parley.room;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import parley.delivery.Frame;
import parley.protocol.ChangeKind;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.PlainChanges;
import parley.protocol.ReactionKey;
import parley.protocol.Reactions;
import parley.protocol.Reactor;
import parley.protocol.Revision;
import parley.protocol.Standing;

/** What reactions take in memory, and what bounds them. */
class ReactionsInMemoryTest {
    private static final ReactionKey OK = new ReactionKey("ok");
    private static final long HELD = 200;

    private static Message message(long seq) {
        return new Message(seq, 0, Samples.line("ann", "m" + seq));
    }

    /** The next reaction to a message in a ring, as a store in memory makes it. */
    private static Message reaction(Ring ring, long of, String user) {
        Reactions before = ring.find(of).map(Message::reactions).orElse(Reactions.NONE);
        long seq = ring.newest() + 1;
        Reactions now = before.with(seq, OK, new Reactor(user, true), before.held() + HELD);
        Revision.Change change = new Revision.Change(of, before.seq(), ChangeKind.Reacting.REACTION);
        return new Message(seq, 0, null, user, Content.REACTIONS, null, change, Standing.NONE.with(now));
    }

    private static Message change(Ring ring, long of, Content content, ChangeKind kind) {
        long before = ring.find(of).orElseThrow().revision() instanceof Revision.Changed changed ? changed.seq() : 0;
        long reacted = kind == ChangeKind.Whole.REMOVAL
                ? ring.find(of).orElseThrow().reactions().seq()
                : 0;
        Revision.Change change = new Revision.Change(of, before, kind, reacted);
        return new Message(ring.newest() + 1, 0, "ann", null, content, null, change);
    }

    @Test
    void theNewestSpeaksForAllAndContentAndReactionsLeaveEachOtherAlone() {
        Ring ring = new Ring(10, 1 << 20, 1 << 20);
        ring.add(message(1));
        ring.add(reaction(ring, 1, "a"));
        ring.add(change(ring, 1, Content.text("uno", 3), ChangeKind.Whole.EDIT));
        ring.add(reaction(ring, 1, "b"));
        ring.add(change(ring, 1, Content.text("eins", 4), ChangeKind.Whole.EDIT));
        assertThat(ring.read(2)).matches(Message::isSuperseded);
        assertThat(ring.read(2).reactions()).as("nothing is left of it").isEqualTo(Reactions.NONE);
        assertThat(ring.read(3)).matches(Message::isSuperseded);
        assertThat(ring.read(4).reactions().of(OK).orElseThrow().count()).isEqualTo(2);
        assertThat(ring.read(5).content().text()).isEqualTo("eins");
        Message folded = ring.read(1);
        assertThat(folded.content().text()).isEqualTo("eins");
        assertThat(folded.reactions().seq()).isEqualTo(4);
        ring.add(change(ring, 1, Content.REMOVED, ChangeKind.Whole.REMOVAL));
        assertThat(ring.read(4)).matches(Message::isSuperseded);
        assertThat(ring.read(5)).matches(Message::isSuperseded);
        assertThat(ring.read(1).reactions()).isEqualTo(Reactions.NONE);
    }

    @Test
    void membersInThisProcessAndPlainOnesGetNothingOfThem() {
        Ring ring = new Ring(10, 1 << 20, 1 << 20);
        ring.add(message(1));
        ring.add(reaction(ring, 1, "a"));
        Frames.Batch direct = new DirectFrames(parley.protocol.RoomName.LOBBY, ring, 1_000).messages(1, 2);
        assertThat(((Frame.Direct) direct.frame()).events()).hasSize(1);
        assertThat(direct.to()).as("the cursor passes them").isEqualTo(2);
        assertThat(new PlainFrames(ring, PlainChanges.SHOW, 1_000)
                        .messages(2, 2)
                        .frame())
                .isNull();
    }

    @Test
    void aPopularMessagePushesNoOtherOut() {
        Ring ring = new Ring(10, 1 << 26, 1 << 26);
        for (int seq = 1; seq <= 10; seq++) {
            ring.add(message(seq));
        }
        for (int i = 0; i < 5_000; i++) {
            ring.add(reaction(ring, 5, "u" + i));
        }
        assertThat(ring.first()).isEqualTo(1);
        assertThat(ring.find(5).orElseThrow().reactions().of(OK).orElseThrow().count())
                .isEqualTo(5_000);
        for (int i = 0; i < 5_010; i++) {
            ring.add(reaction(ring, 5, "v" + i));
        }
        assertThat(ring.first()).as("bounded all the same").isEqualTo(21);
        assertThat(ring.head() + 1 - ring.first()).isEqualTo(Ring.LEAST_MOST_CHANGES * (long) Ring.SMALL_FOR_A_CHANGE);
    }

    /** At the limits that are set where nothing else is. */
    @Test
    void neitherSendersNorSupersededReactionsPushMessagesOutOfARoomInMemory() {
        Ring ring = new Ring(1_000, 1 << 20, 8 << 20);
        ring.isAlone(true);
        for (int seq = 1; seq <= 10; seq++) {
            ring.add(message(seq));
        }
        for (int i = 0; i < 10_000; i++) {
            ring.add(reaction(ring, 5, "u" + i));
        }
        assertThat(ring.bytes()).as("as the budget of all logs counts them").isGreaterThan(10_000 * HELD);
        for (int i = 0; i < 30_000; i++) {
            ring.add(reaction(ring, 7, "ann")); // as one that toggles: each says nothing once the next is there
        }
        assertThat(ring.first()).isEqualTo(1);
        assertThat(ring.isOverLimits()).isFalse();
        for (int seq = 0; seq < 995; seq++) {
            ring.add(message(ring.newest() + 1));
        }
        assertThat(ring.first()).as("messages alone have pushed some out").isEqualTo(6);
        ring.forget();
        assertThat(ring.bytes()).isZero();
        ring.add(message(ring.newest() + 1));
        assertThat(ring.isOverLimits()).isFalse();
    }

    @Test
    void aRoomInMemoryKeepsManyReactionsAndNoMore() {
        Ring ring = new Ring(10, 1 << 20, 8 << 20);
        ring.isAlone(true);
        ring.add(message(1));
        int most = Ring.LEAST_MOST_CHANGES * Ring.REACTIONS_FOR_A_CHANGE;
        for (int i = 0; i < most; i++) {
            ring.add(reaction(ring, 1, "ann"));
        }
        assertThat(ring.first()).isEqualTo(1);
        ring.add(reaction(ring, 1, "ann"));
        assertThat(ring.first()).as("the message, and the oldest of them").isEqualTo(3);
    }

    @Test
    void aRemovalEndsTheReactionsToAMessageThatTheRingHasLetGo() {
        Ring ring = new Ring(5, 1 << 20, 1 << 20);
        for (int seq = 1; seq <= 5; seq++) {
            ring.add(message(seq));
        }
        ring.add(reaction(ring, 1, "a"));
        ring.add(message(7));
        assertThat(ring.first()).isEqualTo(2);
        Revision.Change removal = new Revision.Change(1, 0, ChangeKind.Whole.REMOVAL, 6);
        ring.add(new Message(8, 0, "ann", null, Content.REMOVED, null, removal));
        assertThat(ring.read(6)).matches(Message::isSuperseded);
    }

    /** Each addition is taken off again: nothing is left when everything has gone. */
    @Test
    void theirBytesAreThoseOfTheirMessageWhileItIsKept() {
        Ring ring = new Ring(100, 1 << 26, 1 << 26);
        ring.add(message(1));
        long before = ring.bytes();
        for (int i = 0; i < 100; i++) {
            ring.add(reaction(ring, 1, "u" + i));
        }
        assertThat(ring.bytes() - before).isBetween(100 * (HELD + Ring.OVERHEAD_BYTES), 100 * HELD * 2);
        ring.add(change(ring, 1, Content.REMOVED, ChangeKind.Whole.REMOVAL));
        assertThat(ring.bytes()).isLessThan(100 * (Ring.OVERHEAD_BYTES + 4L) + 2 * before + 500);
        ring.forget();
        assertThat(ring.bytes()).isZero();
    }

    @Test
    void aStoreInMemoryForgetsTheSendersWithTheirMessage() {
        MemoryReactors reactors = new MemoryReactors();
        Reactor ann = new Reactor("ann", true);
        for (long of : List.of(1L, 2L, 3L)) {
            reactors.set(of, OK, ann, of + 10);
        }
        reactors.forgetBefore(2);
        reactors.removed(3);
        assertThat(reactors.find(1, OK, ann)).isEmpty();
        assertThat(reactors.find(2, OK, ann)).hasValue(12);
        assertThat(reactors.find(3, OK, ann)).isEmpty();
        reactors.takeBack(2, OK, ann);
        assertThat(reactors.find(2, OK, ann)).isEmpty();
        reactors.takeBack(2, OK, ann);
    }

    @Test
    void sendersInMemoryHaveABoundOfTheirOwn() {
        MemoryReactors reactors = new MemoryReactors();
        Draft draft = new Draft(null, "\u00e4nn", Content.REACTIONS, null);
        long one = MemoryReactors.OVERHEAD_BYTES + 2 + 4; // the key and the sender in UTF-8
        ReactionDraft first = new ReactionDraft(1, draft, OK, false, 20, 2 * one - 1, null);
        assertThat(first.among(reactors).answer(Optional.of(message(1)))).isEmpty();
        first.added(2, reactors);
        assertThat(reactors.held()).isEqualTo(one);
        ReactionDraft second = new ReactionDraft(3, draft, OK, false, 20, 2 * one - 1, null);
        assertThat(second.among(reactors).answer(Optional.of(message(3))))
                .contains(new Outcome.TooLarge("the reactions of this room take 166 bytes of memory; they have at most"
                        + " 331 (4 times room.history-bytes); take some back, or react again when old messages have"
                        + " gone"));
        reactors.takeBack(1, OK, new Reactor("nobody", true));
        assertThat(reactors.held()).isEqualTo(one);
        reactors.takeBack(1, OK, first.sender());
        assertThat(reactors.held()).isZero();
        first.added(2, reactors);
        second.added(4, reactors);
        reactors.removed(1);
        assertThat(reactors.held()).isEqualTo(one);
        reactors.forgetBefore(4);
        assertThat(reactors.held()).isZero();
    }

    private static Optional<Outcome> answer(Reactions there, int mostKeys, String key, boolean isOff) {
        Draft sender = new Draft("Ann", "ann", Content.REACTIONS, null);
        assertThat(new ReactionDraft(1, sender, OK, isOff, mostKeys, 1 << 20, null).answer(Optional.of(message(1))))
                .as("of a store that knows no senders")
                .get()
                .isInstanceOf(Outcome.CannotChange.class);
        Message message = message(1).with(message(1).content(), message(1).revision(), Standing.NONE.with(there));
        ReactionDraft draft = new ReactionDraft(1, sender, new ReactionKey(key), isOff, mostKeys, 1 << 20, null);
        return draft.among(new MemoryReactors()).answer(Optional.of(message));
    }

    @Test
    void keysAndSendersHaveLimits() {
        Reactions two = Reactions.NONE
                .with(2, OK, new Reactor("b", true), 0)
                .with(3, new ReactionKey("no"), new Reactor("b", true), 0);
        assertThat(answer(two, 2, "ok", false)).isEmpty();
        assertThat(answer(two, 2, "other", false).orElseThrow()).isInstanceOf(Outcome.TooLarge.class);
        assertThat(answer(two, 3, "other", false)).isEmpty();
        assertThat(answer(two, 0, "ok", false).orElseThrow()).isInstanceOf(Outcome.Refused.class);
        Reactions full = new Reactions(2, List.of(new Reactions.OfKey(OK, Reactions.MOST_OF_A_KEY, List.of())), 0);
        assertThat(answer(full, 2, "ok", false).orElseThrow())
                .isEqualTo(new Outcome.TooLarge(
                        "a message takes 10000 reactions of one key; the message with seq 1 has as many"));
        assertThat(answer(full, 2, "no", false)).isEmpty();
    }
}

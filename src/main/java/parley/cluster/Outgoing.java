package parley.cluster;

import java.lang.System.Logger.Level;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.Revision;
import parley.protocol.RoomName;
import parley.room.ChangeDraft;
import parley.room.Outcome;
import parley.room.RoomStore;

/**
 * What this node has the streams store and let go of, and what becomes of it. For the store's thread, except where a
 * method says otherwise.
 */
final class Outgoing {
    /** The rooms that the node follows. */
    interface Rooms {
        /** Whether streams can be used now, as far as is known. */
        boolean isReady();

        /** Has a room hear of all that its stream has. */
        void refresh(Remote remote, Consumer<RoomStore.Extent> onExtent);

        /** A room has something to do. */
        void isAtWork(Remote remote);

        /** A room has something to pass on. */
        void touch(Remote remote);

        /** Something may be wrong with the streams. */
        void pollSoon();
    }

    private final String node;
    private final Subjects subjects;
    private final Link link;
    private final Publishing publishing;
    private final StreamReader reader;
    private final Forgetting forgetting;
    private final StreamFolding folding;
    private final Lookups lookups;
    private final Loop loop;
    private final LongSupplier nanoTime;
    private final Counted counted;
    private final Complaints complaints;
    private final Rooms rooms;
    private final Promises promises = new Promises();
    private final Changing changing = new Changing(promises, new OfChanges());

    private long sent;

    Outgoing(
            String node,
            Subjects subjects,
            Link link,
            Publishing publishing,
            StreamReader reader,
            Forgetting forgetting,
            StreamFolding folding,
            Lookups lookups,
            Loop loop,
            LongSupplier nanoTime,
            Counted counted,
            Complaints complaints,
            Rooms rooms) {
        this.node = node;
        this.subjects = subjects;
        this.link = link;
        this.publishing = publishing;
        this.reader = reader;
        this.forgetting = forgetting;
        this.folding = folding;
        this.lookups = lookups;
        this.loop = loop;
        this.nanoTime = nanoTime;
        this.counted = counted;
        this.complaints = complaints;
        this.rooms = rooms;
    }

    /** Makes a room that sends through here. Any thread. */
    Remote remote(RoomName name, RoomStore.Listener room, Remote.Reads reads) {
        Sending sending = new Sending(subjects.said(name));
        Remote remote = new Remote(name, subjects.shard(name), room, reads, sending);
        sending.remote = remote;
        return remote;
    }

    /** An entry that is published in a room. */
    private record Sent(Remote remote, long at, Draft draft, Revision revision, String dedupId, long untilNanos) {}

    /**
     * @param expected the newest message, behind which alone it is to be stored; null for any
     */
    void publish(
            Remote remote,
            long at,
            Draft draft,
            RoomStore.@Nullable Expected expected,
            long untilNanos,
            Consumer<Outcome> onResult) {
        Sent message = sent(remote, at, draft, Revision.None.UNCHANGED, untilNanos);
        if (expected == null) {
            send(message, null, onResult);
        } else {
            Promises.Promise<Outcome> promise = promises.make(untilNanos, Outbox.NOT_NOW, onResult);
            new Comparison(remote, expected, message.dedupId, draft.id() != null, new Comparing(message), promise)
                    .begin();
        }
    }

    private Sent sent(Remote remote, long at, Draft draft, Revision revision, long untilNanos) {
        String dedupId = draft.id() == null
                ? node + "." + Long.toString(++sent, Character.MAX_RADIX)
                : Subjects.dedupId(remote.name(), draft.id());
        return new Sent(remote, at, draft, revision, dedupId, untilNanos);
    }

    /** Changes a message. */
    void change(Remote remote, long at, ChangeDraft change, long untilNanos, Consumer<Outcome> onResult) {
        changing.change(remote, at, change, untilNanos, onResult);
    }

    /** Folds a change that another node has published and, it seems, not folded; then is given whether it is. */
    void fold(Remote remote, Message change, Consumer<Boolean> then) {
        lookups.ask(
                "a change cannot be folded",
                () -> folding.fold(remote.name(), remote.changed(), change),
                result -> then.accept(result != null));
    }

    /** What is done for changes. */
    private final class OfChanges implements Changing.Steps {
        @Override
        public void later(Runnable task) {
            loop.execute(task);
        }

        @Override
        public void find(Remote remote, long seq, Consumer<@Nullable Optional<Message>> then) {
            lookups.ask(
                    "a message that is to be changed cannot be read",
                    () -> reader.find(remote.name(), remote.changed(), seq),
                    then);
        }

        @Override
        public Optional<Outcome> refusal(Message changed) {
            long size = Folded.bytes(node, changed) + Subjects.MOST_INDEX_HEADER_BYTES;
            long most = link.maxPayload();
            return size > most ? Optional.of(Publishing.tooLarge(size, most)) : Optional.empty();
        }

        @Override
        public void prepare(Remote remote, Consumer<Boolean> then) {
            if (folding.mayErase()) {
                then.accept(true);
                return;
            }
            Lookups.Waiting<Boolean> trying = () -> {
                folding.tryToErase(remote.name());
                return true;
            };
            lookups.ask(
                    "nothing can be erased from a stream, and no message changed",
                    trying,
                    done -> then.accept(done != null));
        }

        @Override
        public void send(
                Remote remote, long at, Draft draft, Revision revision, long untilNanos, Consumer<Outcome> onResult) {
            Outgoing.this.send(sent(remote, at, draft, revision, untilNanos), null, onResult);
        }

        @Override
        public void fold(Remote remote, long of, long seq, Consumer<StreamFolding.@Nullable Result> then) {
            lookups.ask(
                    "a change cannot be folded", () -> folding.fold(remote.name(), remote.changed(), of, seq), then);
        }
    }

    private Outbox.Entry send(Sent message, RoomStore.@Nullable Expected behind, Consumer<Outcome> onResult) {
        Remote remote = message.remote;
        Outbox.Entry entry = new Outbox.Entry(
                () -> remote.envelope(node, message.at, message.draft, message.revision)
                        .encode(),
                message.dedupId,
                behind,
                message.untilNanos,
                onResult);
        remote.outbox().add(entry);
        rooms.isAtWork(remote);
        if (rooms.isReady()) {
            remote.send(nanoTime.getAsLong());
        }
        return entry;
    }

    /** What is done for a message that is to come behind an expected one. */
    private final class Comparing implements Comparison.Steps {
        private final Sent message;

        Comparing(Sent message) {
            this.message = message;
        }

        @Override
        public Outbox.Entry send(RoomStore.Expected behind, Consumer<Outcome> onResult) {
            return Outgoing.this.send(message, behind, onResult);
        }

        @Override
        public void look(long after, Consumer<StreamReader.@Nullable Behind> then) {
            Remote remote = message.remote;
            lookups.ask(
                    "an expected message cannot be looked for",
                    () -> reader.behind(remote.name(), remote.changed(), after),
                    then);
        }

        @Override
        public void refresh(Runnable then) {
            rooms.refresh(message.remote, extent -> then.run());
        }
    }

    /** Has the stream let go of messages that the room has heard of, and all nodes hear that. */
    void forget(Remote remote, long upTo, long untilNanos, Consumer<RoomStore.Forgotten> onForgotten) {
        long last = Math.min(upTo, remote.newest());
        if (!remote.isOpen() || last < 1) {
            onForgotten.accept(remote.isOpen() ? RoomStore.Forgotten.DONE : RoomStore.Forgotten.NOT_NOW);
            return;
        }
        Promises.Promise<RoomStore.Forgotten> promise =
                promises.make(untilNanos, RoomStore.Forgotten.NOT_NOW, onForgotten);
        lookups.ask("messages cannot be let go of", () -> forgetting.forget(remote.name(), last, node), gone -> {
            if (gone == null) {
                promise.keep(RoomStore.Forgotten.NOT_NOW);
                return;
            }
            link.send(
                    subjects.at(remote.name(), Subjects.GONE),
                    Envelope.of(node, 0).encode());
            rooms.refresh(
                    remote,
                    extent -> promise.keep(
                            remote.isClosed() || remote.first() > last
                                    ? RoomStore.Forgotten.DONE
                                    : RoomStore.Forgotten.NOT_NOW));
        });
    }

    /** Sends a signal to the other nodes with members in a room. */
    void signal(Remote remote, Draft draft) {
        Envelope signal = new Envelope(node, 0, 0, Envelope.Quiet.UNKNOWN, draft);
        link.send(subjects.at(remote.name(), Subjects.SIGNAL), signal.encode());
    }

    /** Sends messages of a room, and takes the results. */
    private final class Sending implements Outbox.Sender {
        private final String subject;
        /** Set before anything is sent. */
        private @Nullable Remote remote;

        Sending(String subject) {
            this.subject = subject;
        }

        @Override
        public void send(Outbox.Entry entry, int attempt) {
            RoomStore.Expected behind = entry.behind;
            if (behind != null && !behind.epoch().equals(of().epoch())) { // numbers of another stream
                answer(outbox -> outbox.refused(entry, attempt, new Outcome.Moved("", 0)));
                return;
            }
            OptionalLong last = behind == null ? OptionalLong.empty() : OptionalLong.of(behind.seq());
            long newest = of().newest();
            String epoch = of().epoch();
            publishing.store(subject, entry.dedupId, last, entry.payload(), new Publishing.Answer() {
                @Override
                public void stored(long seq, boolean isDuplicate) {
                    answer(outbox -> {
                        if (!isDuplicate && seq <= newest && epoch.equals(of().epoch())) {
                            goesBack(seq);
                        }
                        outbox.stored(entry, seq, isDuplicate);
                    });
                }

                @Override
                public void refused(Outcome why) {
                    answer(outbox -> outbox.refused(entry, attempt, why));
                }

                @Override
                public void unknown() {
                    answer(outbox -> {
                        outbox.failed(entry, attempt, nanoTime.getAsLong());
                        rooms.pollSoon(); // perhaps another server leads the stream now
                    });
                }
            });
        }

        /** The stream has given a new message a number that another message of the room, or one before it, had. */
        private void goesBack(long seq) {
            counted.givenTwice.increment();
            complaints.log(
                    Level.ERROR,
                    "a stream goes back",
                    "it gave number " + seq + " to a message of the room " + of().name() + ", which had "
                            + of().newest()
                            + " already; either it was deleted, or NATS has lost messages that it had acknowledged");
            rooms.pollSoon(); // it may be another stream
        }

        private Remote of() {
            return Objects.requireNonNull(remote, "nothing was sent");
        }

        private void answer(Consumer<Outbox> what) {
            Remote of = of();
            loop.execute(() -> {
                what.accept(of.outbox());
                rooms.touch(of);
            });
        }
    }

    /** Whether nobody waits for an answer, except for those of outboxes. */
    boolean isDone() {
        return promises.isEmpty();
    }

    /** Answers what has waited for too long. */
    void expire(long nowNanos) {
        promises.expire(nowNanos);
    }

    /** Answers all. */
    void end() {
        promises.end();
    }
}

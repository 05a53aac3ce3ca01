package parley.room;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.RoomName;

/**
 * Rooms in memory alone: numbers messages one by one, and keeps none beyond what the room's ring holds. Any thread may
 * call any method.
 *
 * <p>The requests of one room are served in order, by the threads that bring them: no lock is held while the room is
 * called.
 */
public final class MemoryStore implements RoomStore {
    private static final Logger LOG = System.getLogger("parley.room");
    private static final SecureRandom RANDOM = new SecureRandom();

    /** The part of the heap that read marks may fill. */
    private static final int HEAP_FOR_MARKS = 32;

    private final SharedBytes marks = new SharedBytes(Runtime.getRuntime().maxMemory() / HEAP_FOR_MARKS);

    /** The bytes of the read marks of all rooms in memory, about. */
    public long markBytes() {
        return marks.bytes();
    }

    @Override
    public Log open(RoomName name, Listener room) {
        String epoch = newEpoch();
        room.opened(new Contents(epoch, Numbering.CONSECUTIVE, NOTHING, 1, 0, List.of()));
        return new MemoryLog(name, epoch, room, new MemoryMarks(epoch, room::marked, marks));
    }

    private static String newEpoch() {
        return Long.toString(RANDOM.nextLong(Long.MAX_VALUE), Character.MAX_RADIX);
    }

    private sealed interface Request {}

    private record Append(long at, Draft draft, @Nullable Expected expected, Consumer<Outcome> onResult)
            implements Request {}

    private record Change(long at, ChangeDraft change, Consumer<Outcome> onResult) implements Request {}

    private record Put(long at, KeyDraft draft, Consumer<Outcome> onResult) implements Request {}

    private record Forget(long upTo, Consumer<Forgotten> onForgotten) implements Request {}

    private record Refresh(Consumer<Extent> onExtent) implements Request {}

    private record Released(long before) implements Request {}

    private static final class MemoryLog implements Log, Requests.Server<Request> {
        private final RoomName name;
        private final String epoch;
        private final Listener room;
        private final MemoryMarks marks;
        private final Requests<Request> requests = new Requests<>(this);

        private volatile boolean isClosed;

        // Touched by the serving thread
        private long newest;
        private long newestAt = Long.MIN_VALUE;
        /** The numbers of messages that came with an id and are kept, oldest first. */
        private final Map<String, Long> ids = new LinkedHashMap<>();

        private final MemoryReactors reactors = new MemoryReactors();

        private final List<Message> added = new ArrayList<>();
        private final List<Runnable> results = new ArrayList<>();

        MemoryLog(RoomName name, String epoch, Listener room, MemoryMarks marks) {
            this.marks = marks;
            this.name = name;
            this.epoch = epoch;
            this.room = room;
        }

        @Override
        public void append(long at, Draft draft, Consumer<Outcome> onResult) {
            requests.add(new Append(at, draft, null, onResult));
        }

        @Override
        public void appendBehind(Expected expected, long at, Draft draft, Consumer<Outcome> onResult) {
            requests.add(new Append(at, draft, expected, onResult));
        }

        @Override
        public void change(long at, ChangeDraft change, Consumer<Outcome> onResult) {
            requests.add(new Change(at, change, onResult));
        }

        @Override
        public void put(long at, KeyDraft draft, Consumer<Outcome> onResult) {
            requests.add(new Put(at, draft, onResult));
        }

        @Override
        public void forget(long upTo, Consumer<Forgotten> onForgotten) {
            requests.add(new Forget(upTo, onForgotten));
        }

        @Override
        public void refresh(Consumer<Extent> onExtent) {
            requests.add(new Refresh(onExtent));
        }

        @Override
        public void released(long before) {
            requests.add(new Released(before));
        }

        @Override
        public void read(Query query, Consumer<Answer> onAnswer) {
            onAnswer.accept(Unread.LOST);
        }

        @Override
        public MarkStore marks() {
            return marks;
        }

        @Override
        public void close() {
            isClosed = true;
            marks.close();
        }

        @Override
        public void serve(Request request) {
            if (request instanceof Append append) {
                Outcome outcome = published(append.draft).orElseGet(() -> add(append));
                results.add(() -> append.onResult.accept(outcome));
            } else if (request instanceof Change change) {
                Outcome outcome = published(change.change.draft()).orElseGet(() -> change(change));
                results.add(() -> change.onResult.accept(outcome));
            } else if (request instanceof Put put) {
                Outcome outcome = published(put.draft.draft()).orElseGet(() -> put(put));
                results.add(() -> put.onResult.accept(outcome));
            } else if (request instanceof Forget forget) {
                long first = Math.min(forget.upTo, newest) + 1;
                forgetBefore(first);
                results.add(() -> trimmed(first));
                results.add(() -> forget.onForgotten.accept(Forgotten.DONE));
            } else if (request instanceof Refresh refresh) {
                Extent extent = new Extent(NOTHING, newest);
                results.add(() -> refresh.onExtent.accept(extent));
            } else if (request instanceof Released released) {
                forgetBefore(released.before);
            }
        }

        /** Of a draft whose id is kept. */
        private Optional<Outcome> published(Draft draft) {
            Long same = draft.id() == null ? null : ids.get(draft.id());
            return same == null ? Optional.empty() : Optional.of(new Outcome.Published(same, true));
        }

        private Outcome change(Change request) {
            handOn(); // the message may be among those that were added just now, or may have been changed by one
            Optional<Message> original = room.kept(request.change.of());
            ChangeDraft change = request.change.among(reactors);
            Optional<Outcome> answer = change.answer(original);
            if (answer.isPresent()) {
                return answer.get();
            }
            newestAt = Math.max(newestAt, request.at);
            Outcome outcome = add(change.numbered(newest + 1, newestAt, original.orElseThrow()));
            change.added(newest, reactors);
            return outcome;
        }

        private Outcome put(Put request) {
            handOn(); // the value may be among those that were added just now
            KeyDraft.Held held = room.held(request.draft.key());
            Optional<Outcome> answer = request.draft.answer(held);
            if (answer.isPresent()) {
                return answer.get();
            }
            newestAt = Math.max(newestAt, request.at);
            return add(request.draft.numbered(newest + 1, newestAt, request.at, held));
        }

        private Outcome add(Message message) {
            newest = message.seq();
            if (message.id() != null) {
                ids.put(message.id(), newest);
            }
            added.add(message);
            return new Outcome.Published(newest, false);
        }

        private Outcome add(Append append) {
            Expected expected = append.expected;
            if (expected != null
                    && (expected.seq() != newest || !expected.epoch().equals(epoch))) {
                return new Outcome.Moved(epoch, newest);
            }
            newestAt = Math.max(newestAt, append.at); // a clock that is set back does not put a message before another
            return add(new Message(newest + 1, newestAt, append.draft));
        }

        private void forgetBefore(long seq) {
            reactors.forgetBefore(seq);
            for (Iterator<Long> oldest = ids.values().iterator(); oldest.hasNext() && oldest.next() < seq; ) {
                oldest.remove();
            }
        }

        /** The room hears of the messages before their senders do. */
        @Override
        public void endBatch() {
            handOn();
            results.forEach(this::attempt);
            results.clear();
        }

        private void handOn() {
            if (!added.isEmpty()) {
                List<Message> messages = List.copyOf(added);
                added.clear();
                attempt(() -> appended(messages));
            }
        }

        private void appended(List<Message> messages) {
            if (!isClosed) {
                room.appended(messages);
            }
        }

        private void trimmed(long first) {
            if (!isClosed) {
                room.trimmed(first);
            }
        }

        private void attempt(Runnable call) {
            try {
                call.run();
            } catch (RuntimeException | Error e) { // the requests behind it are served all the same
                LOG.log(Level.ERROR, "the room " + name + " failed to take what was published in it", e);
            }
        }
    }
}

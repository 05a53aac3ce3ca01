package parley.room;

import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.RoomName;

/**
 * A store that does what it was asked to when the test says so, in order. For one room. It holds the contract of
 * stores, unless a test breaks it.
 */
public final class FakeStore implements RoomStore {
    public final Deque<Runnable> toDo = new ConcurrentLinkedDeque<>();
    final List<Message> kept = new ArrayList<>();
    String epoch = "fake";
    long first = 1;
    /** How many messages it keeps. */
    int most = Integer.MAX_VALUE;
    /** Numbers that are not there, though they should be. */
    final Set<Long> lost = new HashSet<>();

    int reads;
    int refreshes;
    int closes;

    /** What appends are answered with; null to keep them. */
    public Outcome.@Nullable NotKept failure;

    /** Whether it cannot say what there is. */
    public boolean isBroken;

    /** What reads are answered with; null to read. */
    RoomStore.@Nullable Unread unread;

    private @Nullable Listener open;
    /** Of the first epoch. */
    final MemoryMarks marks = new MemoryMarks("fake", this::marked, new SharedBytes(Long.MAX_VALUE));

    private void marked(String user, MarkStore.Mark mark) {
        if (open != null) {
            open.marked(user, mark);
        }
    }

    /** Has messages from before. */
    public FakeStore keep(int messages) {
        for (int i = 0; i < messages; i++) {
            kept.add(new Message(kept.size() + 1, 0, Samples.line(null, "m" + (kept.size() + 1))));
        }
        return this;
    }

    /** Tells the room of the newest messages, which it has had for a while. */
    void tell(int messages) {
        if (open != null) {
            open.appended(List.copyOf(kept.subList(kept.size() - messages, kept.size())));
        }
    }

    /** Does all that it was asked to. */
    public void run() {
        while (!toDo.isEmpty()) {
            toDo.poll().run();
        }
    }

    /** Loses all messages and begins another history. */
    void beginAnew(String other) {
        epoch = other;
        kept.clear();
        if (open != null) {
            open.opened(new Contents(epoch, Numbering.CONSECUTIVE, first, 1, 0, List.of()));
        }
    }

    void trim(long oldest) {
        first = oldest;
        if (open != null) {
            open.trimmed(oldest);
        }
    }

    @Override
    public Log open(RoomName name, Listener room) {
        toDo.add(() -> {
            if (isBroken) {
                room.couldNotOpen();
                return;
            }
            open = room;
            int head = kept.size();
            long changes = kept.stream().filter(Message::isChange).count();
            room.opened(new Contents(
                    epoch, Numbering.CONSECUTIVE, first, head + 1, head, List.of(), changes, Map.of(), List.of()));
        });
        return new Log() {
            @Override
            public void append(long at, Draft draft, Consumer<Outcome> onResult) {
                toDo.add(() -> add(null, at, draft, onResult));
            }

            @Override
            public void appendBehind(Expected expected, long at, Draft draft, Consumer<Outcome> onResult) {
                toDo.add(() -> add(expected, at, draft, onResult));
            }

            @Override
            public void forget(long upTo, Consumer<Forgotten> onForgotten) {
                toDo.add(() -> {
                    if (failure == null) {
                        trim(Math.max(first, Math.min(upTo, kept.size()) + 1));
                    }
                    onForgotten.accept(failure == null ? Forgotten.DONE : Forgotten.NOT_NOW);
                });
            }

            @Override
            public void read(Query query, Consumer<Answer> onAnswer) {
                toDo.add(() -> {
                    reads++;
                    onAnswer.accept(unread != null ? unread : find(query));
                });
            }

            @Override
            public void refresh(Consumer<Extent> onExtent) {
                toDo.add(() -> {
                    refreshes++;
                    onExtent.accept(new Extent(first, kept.size()));
                });
            }

            @Override
            public MarkStore marks() {
                return marks;
            }

            @Override
            public void close() {
                toDo.add(() -> {
                    closes++;
                    open = null;
                });
            }
        };
    }

    /** The next that is there; reading forward up to a number that is not, reading back over it. */
    private Found find(Query query) {
        boolean back = query.direction() == Direction.BACKWARD;
        int step = back ? -1 : 1;
        long seq = back ? Math.min(query.from(), kept.size()) : Math.max(query.from(), first);
        while (isInRange(seq) && lost.contains(seq)) {
            seq += step;
        }
        long since = seq;
        List<Message> found = new ArrayList<>();
        long bytes = 0;
        while (isInRange(seq) && found.size() < query.limit() && (found.isEmpty() || bytes < query.bytes())) {
            if (!lost.contains(seq)) {
                Message message = kept.get((int) seq - 1);
                if (query.entries().include(message)) {
                    found.add(message);
                    bytes += message.content().bytes();
                }
            } else if (!back) {
                break;
            }
            seq += step;
        }
        return new Found(since, found, isInRange(seq));
    }

    private boolean isInRange(long seq) {
        return seq >= first && seq <= kept.size();
    }

    private void add(@Nullable Expected expected, long at, Draft draft, Consumer<Outcome> onResult) {
        Outcome.NotKept not = failure;
        if (not != null) {
            onResult.accept(not);
            return;
        }
        for (Message same : kept) {
            if (same.seq() >= first && same.id() != null && same.id().equals(draft.id())) {
                onResult.accept(new Outcome.Published(same.seq(), true));
                return;
            }
        }
        if (expected != null && !expected.equals(new Expected(epoch, kept.size()))) {
            onResult.accept(new Outcome.Moved(epoch, kept.size()));
            return;
        }
        long newestAt = kept.isEmpty() ? at : kept.get(kept.size() - 1).at();
        Message message = new Message(kept.size() + 1, Math.max(newestAt, at), draft);
        kept.add(message);
        try {
            if (open != null) {
                open.appended(List.of(message));
            }
            if (kept.size() - first >= most) {
                trim(kept.size() + 1 - most);
            }
        } finally {
            onResult.accept(new Outcome.Published(message.seq(), false));
        }
    }
}

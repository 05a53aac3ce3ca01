package parley.room;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.RoomName;

/**
 * A store of numbers with holes, as the test says them, that others write to. It does what it was asked to when the
 * test says so. For one room.
 */
final class SparseStore implements RoomStore {
    final Deque<Runnable> toDo = new ArrayDeque<>();
    final List<Message> kept = new ArrayList<>();
    boolean isUnreadable;
    private String epoch = "fake";
    private long first = 1;
    /** The newest number that the room has heard of. */
    private long heard;

    private long before;
    private @Nullable Listener open;
    private final MemoryMarks marks =
            new MemoryMarks("fake", (user, mark) -> open.marked(user, mark), new SharedBytes(Long.MAX_VALUE));

    void reset() {
        toDo.clear();
        kept.clear();
        first = 1;
        heard = 0;
        before = 0;
        open = null;
    }

    /** Has messages that the room has not heard of. */
    void keep(long... numbers) {
        for (long seq : numbers) {
            kept.add(new Message(seq, 0, Samples.line(null, "m" + seq)));
        }
    }

    /** Has messages, of which the room hears. */
    void comes(long... numbers) {
        keep(numbers);
        toDo.add(this::announce);
    }

    private void announce() {
        announce(head());
    }

    private void announce(long upTo) {
        if (open == null) {
            return;
        }
        List<Message> added = kept.stream()
                .filter(message -> message.seq() > heard && message.seq() <= upTo)
                .toList();
        if (!added.isEmpty()) {
            heard = upTo;
            open.appended(added);
        }
    }

    private long head() {
        return kept.isEmpty() ? before : kept.get(kept.size() - 1).seq();
    }

    void trim(long oldest) {
        kept.removeIf(message -> message.seq() < oldest);
        first = oldest;
    }

    /** Begins again behind that number. */
    void lose(String nextEpoch, long number) {
        toDo.add(() -> {
            kept.clear();
            epoch = nextEpoch;
            before = number;
            heard = number;
            first = number + 1;
            open.opened(new Contents(epoch, Numbering.SHARED, first, number + 1, number, List.of()));
        });
        toDo.add(this::announce);
        run();
    }

    void run() {
        while (!toDo.isEmpty()) {
            step();
        }
    }

    /** Does the next that it was asked to: what it looks for it says a step later. */
    void step() {
        toDo.poll().run();
    }

    @Override
    public Log open(RoomName name, Listener room) {
        toDo.add(() -> {
            List<Message> newest = List.copyOf(kept.subList(Math.max(0, kept.size() - 6), kept.size()));
            boolean isAll = newest.size() == kept.size();
            long head = head();
            long since = isAll ? Math.min(first, head + 1) : newest.get(0).seq();
            toDo.addFirst(() -> {
                open = room;
                heard = head;
                room.opened(new Contents(epoch, Numbering.SHARED, first, since, head, newest));
            });
        });
        return new Log() {
            @Override
            public void append(long at, Draft draft, Consumer<Outcome> onResult) {
                throw new AssertionError();
            }

            @Override
            public void appendBehind(Expected expected, long at, Draft draft, Consumer<Outcome> onResult) {
                throw new AssertionError();
            }

            @Override
            public void forget(long upTo, Consumer<Forgotten> onForgotten) {
                throw new AssertionError();
            }

            @Override
            public void read(Query query, Consumer<Answer> onAnswer) {
                toDo.add(() -> onAnswer.accept(isUnreadable ? Unread.NOT_NOW : find(query)));
            }

            @Override
            public void refresh(Consumer<Extent> onExtent) {
                toDo.add(() -> {
                    long head = head();
                    toDo.addFirst(() -> {
                        announce(head);
                        onExtent.accept(new Extent(first, head));
                    });
                });
            }

            @Override
            public MarkStore marks() {
                return marks;
            }

            @Override
            public void close() {
                open = null;
            }
        };
    }

    private Found find(Query query) {
        boolean back = query.direction() == Direction.BACKWARD;
        List<Message> found = new ArrayList<>(kept.stream()
                .filter(message -> back ? message.seq() <= query.from() : message.seq() >= query.from())
                .toList());
        if (back) {
            Collections.reverse(found);
        }
        List<Message> page = List.copyOf(found.subList(0, Math.min(query.limit(), found.size())));
        return new Found(Math.max(query.from(), first), page, page.size() < found.size());
    }
}

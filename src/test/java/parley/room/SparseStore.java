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

/** A store of numbers with holes, as the test says them, that others write to. It does what it was asked to when the test says so. For one room. */
final class SparseStore implements RoomStore {
    final Deque<Runnable> toDo = new ArrayDeque<>();
    final List<Message> kept = new ArrayList<>();
    private String epoch = "fake";
    private long first = 1;
    /** The newest number that the room has heard of. */
    private long heard;

    private long before;
    private @Nullable Listener open;

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
        toDo.add(this::tell);
    }

    private void tell() {
        tell(head());
    }

    private void tell(long upTo) {
        if (open == null) {
            return;
        }
        List<Message> news = kept.stream()
                .filter(message -> message.seq() > heard && message.seq() <= upTo)
                .toList();
        if (!news.isEmpty()) {
            heard = upTo;
            open.appended(news);
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
            open.opened(epoch, first, number + 1, number, List.of());
        });
        toDo.add(this::tell);
        run();
    }

    void run() {
        while (!toDo.isEmpty()) {
            step();
        }
    }

    /** Does the next that it was asked to: what it looks for it tells a step later. */
    void step() {
        toDo.poll().run();
    }

    @Override
    public boolean isSparse() {
        return true;
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
                room.opened(epoch, first, since, head, newest);
            });
        });
        return new Log() {
            @Override
            public Outcome.@Nullable NotKept append(long at, Draft draft, Consumer<Outcome> told) {
                throw new AssertionError();
            }

            @Override
            public boolean read(
                    long from, boolean back, int limit, long bytes, Consumer<@Nullable List<Message>> told) {
                toDo.add(() -> {
                    List<Message> found = new ArrayList<>(kept.stream()
                            .filter(message -> back ? message.seq() <= from : message.seq() >= from)
                            .toList());
                    if (back) {
                        Collections.reverse(found);
                    }
                    told.accept(List.copyOf(found.subList(0, Math.min(limit, found.size()))));
                });
                return true;
            }

            @Override
            public void look(Looked told) {
                toDo.add(() -> {
                    long head = head();
                    toDo.addFirst(() -> {
                        tell(head);
                        told.looked(first, head);
                    });
                });
            }

            @Override
            public void close() {
                open = null;
            }
        };
    }
}

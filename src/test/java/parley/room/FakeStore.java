package parley.room;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.RoomName;

/** A store that does what it was asked to when the test says so, in order. For one room. */
public final class FakeStore implements RoomStore {
    public final Deque<Runnable> toDo = new ArrayDeque<>();
    final List<Message> kept = new ArrayList<>();
    String epoch = "fake";
    long first = 1;
    /** Numbers that are not there, though they should be. */
    final Set<Long> lost = new HashSet<>();

    int reads;
    int closes;

    /** What appends are answered with; null to keep them. */
    public Outcome.@Nullable NotKept failure;

    /** Whether it cannot say what there is. */
    public boolean isBroken;

    /** Whether messages cannot be read. */
    boolean isUnreadable;

    private @Nullable Listener open;

    /** Has messages from before. */
    public FakeStore keep(int messages) {
        for (int i = 0; i < messages; i++) {
            kept.add(new Message(kept.size() + 1, 0, Samples.line(null, "m" + (kept.size() + 1))));
        }
        return this;
    }

    /** Does all that it was asked to. */
    public void run() {
        while (!toDo.isEmpty()) {
            toDo.poll().run();
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
            room.opened(epoch, first, kept.size());
        });
        return new Log() {
            @Override
            public Outcome.@Nullable NotKept append(long at, Draft draft, Consumer<Outcome> told) {
                toDo.add(() -> add(at, draft, told));
                return null;
            }

            @Override
            public boolean read(
                    long from, boolean back, int limit, long bytes, Consumer<@Nullable List<Message>> told) {
                toDo.add(() -> {
                    reads++;
                    if (isUnreadable) {
                        told.accept(null);
                        return;
                    }
                    List<Message> found = new ArrayList<>();
                    for (long seq = back ? from : Math.max(from, first);
                            seq >= first && seq <= kept.size() && found.size() < limit;
                            seq += back ? -1 : 1) {
                        if (!lost.contains(seq)) {
                            found.add(kept.get((int) seq - 1));
                        }
                    }
                    told.accept(found);
                });
                return true;
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

    private void add(long at, Draft draft, Consumer<Outcome> told) {
        Outcome.NotKept not = failure;
        if (not != null) {
            told.accept(not);
            return;
        }
        Message message = new Message(kept.size() + 1, at, draft);
        kept.add(message);
        if (open != null) {
            open.appended(List.of(message));
        }
        told.accept(new Outcome.Published(message.seq(), false));
    }
}

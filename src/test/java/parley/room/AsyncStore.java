package parley.room;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.RoomName;

/**
 * A store of many rooms that does what it is asked to on a thread of its own, keeps the newest messages of each room,
 * and cannot read now and then.
 */
final class AsyncStore implements RoomStore {
    private final Executor thread;
    private final int most;

    // Touched by the store's thread
    private final Random random = new Random();
    private final Map<RoomName, Kept> rooms = new HashMap<>();

    /** Of a room: messages from {@code first} on. */
    private static final class Kept {
        final List<Message> messages = new ArrayList<>();
        final Set<Listener> open = new LinkedHashSet<>();
        long first = 1;

        long head() {
            return first + messages.size() - 1;
        }
    }

    /**
     * @param thread one thread, in order
     * @param most messages of each room
     */
    AsyncStore(Executor thread, int most) {
        this.thread = thread;
        this.most = most;
    }

    @Override
    public Log open(RoomName name, Listener room) {
        thread.execute(() -> {
            Kept kept = kept(name);
            kept.open.add(room);
            long head = kept.head();
            room.opened(new Contents(
                    "async " + name.value(), Numbering.CONSECUTIVE, kept.first, head + 1, head, List.of()));
        });
        return new Log() {
            @Override
            public void append(long at, Draft draft, Consumer<Outcome> onResult) {
                thread.execute(() -> add(kept(name), at, draft, onResult));
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
                thread.execute(() -> onAnswer.accept(random.nextInt(10) == 0 ? Unread.NOT_NOW : find(name, query)));
            }

            @Override
            public void refresh(Consumer<Extent> onExtent) {
                thread.execute(() ->
                        onExtent.accept(new Extent(kept(name).first, kept(name).head())));
            }

            @Override
            public MarkStore marks() {
                throw new AssertionError();
            }

            @Override
            public void close() {
                thread.execute(() -> kept(name).open.remove(room));
            }
        };
    }

    private Kept kept(RoomName name) {
        return rooms.computeIfAbsent(name, unused -> new Kept());
    }

    private void add(Kept kept, long at, Draft draft, Consumer<Outcome> onResult) {
        Message message = new Message(kept.head() + 1, at, draft);
        kept.messages.add(message);
        kept.open.forEach(room -> room.appended(List.of(message)));
        onResult.accept(new Outcome.Published(message.seq(), false));
        if (kept.messages.size() > most) {
            kept.messages.subList(0, most / 2).clear();
            kept.first += most / 2;
            kept.open.forEach(room -> room.trimmed(kept.first));
        }
    }

    private Found find(RoomName name, Query query) {
        Kept kept = kept(name);
        long from = Math.max(query.from(), kept.first);
        int index = (int) Math.min(from - kept.first, kept.messages.size());
        int limit = Math.min(query.limit(), 1 + random.nextInt(20));
        int end = Math.min(index + limit, kept.messages.size());
        return new Found(from, List.copyOf(kept.messages.subList(index, end)), end < kept.messages.size());
    }
}

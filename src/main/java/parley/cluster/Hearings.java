package parley.cluster;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Subscriptions of rooms. What comes by becomes a task of the store's thread; how much of it may wait is bounded by
 * its bytes. For the store's thread.
 */
final class Hearings {
    /** In KiB. */
    private static final int MOST_WAITING = 64 << 10;

    /** Takes what has come by for a room, in the store's thread. */
    interface Taker {
        void take(Remote room, Link.Heard heard);
    }

    private final Link link;
    private final Subjects subjects;
    private final Loop loop;
    private final Taker taker;
    private final Semaphore free = new Semaphore(MOST_WAITING);
    private final Map<Remote, Link.Hearing> hearings = new HashMap<>();

    Hearings(Link link, Subjects subjects, Loop loop, Taker taker) {
        this.link = link;
        this.subjects = subjects;
        this.loop = loop;
        this.taker = taker;
    }

    /**
     * Hears what goes to a room, unless it does already.
     *
     * @throws IllegalStateException when the connection has ended this moment
     */
    void begin(Remote room) {
        hearings.computeIfAbsent(room, this::hear);
    }

    void end(Remote room) {
        Link.Hearing hearing = hearings.remove(room);
        if (hearing != null) {
            hearing.end();
        }
    }

    /** There is another connection: hears all again. */
    void beginAgain() {
        hearings.replaceAll((room, before) -> {
            before.end(); // it may be of this connection, when a room was opened meanwhile
            return hear(room);
        });
    }

    private Link.Hearing hear(Remote room) {
        return link.hear(subjects.at(room.name()), heard -> pass(room, heard));
    }

    /**
     * By a thread of the library's, which waits while too much waits here: NATS keeps it meanwhile, and in the end
     * drops it.
     */
    private void pass(Remote room, Link.Heard heard) {
        int size = kilobytes(heard.data());
        try {
            while (!free.tryAcquire(size, 1, TimeUnit.SECONDS)) {
                if (loop.hasEnded()) {
                    return;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return;
        }
        loop.execute(() -> {
            free.release(size);
            taker.take(room, heard);
        });
    }

    private static int kilobytes(byte[] data) {
        return 1 + Math.min(data.length, MOST_WAITING << 9) / 1024;
    }
}

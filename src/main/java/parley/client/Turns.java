package parley.client;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Starts tasks in their order, a number of them at a time. Used on the client's strand. */
final class Turns {
    private final int most;
    private final Queue<Consumer<Runnable>> waiting = new ArrayDeque<>();

    private int running;
    private boolean isStarting;

    Turns(int most) {
        this.most = most;
    }

    /** Calls {@code start} when it is its turn; the next one starts when it has run what it is given. */
    void take(Consumer<Runnable> start) {
        waiting.add(start);
        next();
    }

    /** Without recursion: when the connection is lost each of many is over as soon as it starts. */
    private void next() {
        if (isStarting) {
            return;
        }
        isStarting = true;
        for (Consumer<Runnable> start = poll(); start != null; start = poll()) {
            running++;
            start.accept(() -> {
                running--;
                next();
            });
        }
        isStarting = false;
    }

    private @Nullable Consumer<Runnable> poll() {
        return running < most ? waiting.poll() : null;
    }
}

package parley.cluster;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Answers to requests that take several steps: each is given once, when the steps are done or its time is over. For
 * the store's thread.
 */
final class Promises {
    private final Set<Promise<?>> due = new LinkedHashSet<>();

    /** One answer. */
    final class Promise<T> {
        private final long untilNanos;
        private final T otherwise;
        private final Consumer<T> onAnswer;

        private Promise(long untilNanos, T otherwise, Consumer<T> onAnswer) {
            this.untilNanos = untilNanos;
            this.otherwise = otherwise;
            this.onAnswer = onAnswer;
        }

        /** Whether it was not given yet. */
        boolean isDue() {
            return due.contains(this);
        }

        /** Gives the answer, unless one was given. */
        void keep(T answer) {
            if (due.remove(this)) {
                onAnswer.accept(answer);
            }
        }

        private void giveUp() {
            keep(otherwise);
        }
    }

    /**
     * Makes one.
     *
     * @param otherwise the answer when the time is over
     */
    <T> Promise<T> make(long untilNanos, T otherwise, Consumer<T> onAnswer) {
        Promise<T> promise = new Promise<>(untilNanos, otherwise, onAnswer);
        due.add(promise);
        return promise;
    }

    boolean isEmpty() {
        return due.isEmpty();
    }

    /** Answers those whose time is over. */
    void expire(long nowNanos) {
        for (Promise<?> promise : List.copyOf(due)) {
            if (nowNanos - promise.untilNanos >= 0) {
                promise.giveUp();
            }
        }
    }

    /** Answers all. */
    void end() {
        List.copyOf(due).forEach(Promise::giveUp);
    }
}

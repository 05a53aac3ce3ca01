package parley.api;

import java.util.Objects;

/** Where to read a room from. Immutable. */
public sealed interface Position {
    /**
     * Behind a message that was seen. Where its history is gone, or the messages behind it, from the oldest that is
     * kept.
     *
     * @param epoch the history that the number belongs to
     * @param seq the number of the message
     */
    record After(String epoch, long seq) implements Position {
        /** Checks the two. */
        public After {
            Objects.requireNonNull(epoch, "epoch");
            if (seq < 0) {
                throw new IllegalArgumentException("seq is 0 or the number of a message, not " + seq);
            }
        }
    }

    /**
     * That number of messages before the newest, as far as the room keeps them.
     *
     * @param messages 0 for what is published from now on
     */
    record Last(int messages) implements Position {
        /** Checks the number. */
        public Last {
            if (messages < 0) {
                throw new IllegalArgumentException("messages is 0 or more, not " + messages);
            }
        }
    }

    /** What is published from now on. */
    static Position now() {
        return new Last(0);
    }

    /** That number of messages before the newest. */
    static Position last(int messages) {
        return new Last(messages);
    }

    /** Behind a message that was seen. */
    static After after(String epoch, long seq) {
        return new After(epoch, seq);
    }
}

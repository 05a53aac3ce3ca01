package parley.room;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Where a client wants to start reading a room. */
public sealed interface Start {
    /** Behind a message of a history of the room; where that history is gone, at the oldest message that is kept. */
    record After(String epoch, long seq) implements Start {}

    /** That many messages before the newest, as far as the room keeps them. */
    record Last(int messages) implements Start {}

    /**
     * That many messages up to a number, as far as the room keeps them: what {@link Last} meant when the room was asked,
     * where the store has to count them.
     *
     * @param epoch the history that the number belongs to; in any other one the start is the oldest message
     */
    record UpTo(String epoch, long seq, int messages) implements Start {}

    /**
     * With the first message that was published at a time, in milliseconds since 1970, or later. {@link
     * RoomRegistry#since} finds out where that is; a room takes the answer alone.
     */
    record Since(long at) implements Start {
        /**
         * What it means.
         *
         * @param page the first message from then on; null when that cannot be said now
         * @param behind behind all messages, where there is none
         */
        static Optional<Start> found(History.@Nullable Page page, Start behind) {
            if (page == null) {
                return Optional.empty();
            }
            return Optional.of(
                    page.messages().isEmpty()
                            ? behind
                            : new At(page.epoch(), page.messages().get(0).seq(), null));
        }
    }

    /**
     * With the values of the room's keys, and behind these.
     *
     * @param after where a client goes on that has them, while the room has all that came since; null for none
     */
    record State(@Nullable After after) implements Start {}

    /**
     * At a message: what one of the others meant when the room was asked. It goes on meaning that, whatever is
     * published later.
     *
     * @param epoch the history that the number belongs to; in any other one the start is the oldest message
     * @param from the number of the first message to take
     * @param resumes whether the client goes on behind a message that this history has; null when it named none
     */
    record At(String epoch, long from, @Nullable Boolean resumes) implements Start {}
}

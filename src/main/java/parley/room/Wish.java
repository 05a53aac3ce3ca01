package parley.room;

import org.jspecify.annotations.Nullable;

/** Where somebody wants to start: behind a message of a history of the room, or that many messages back. */
public sealed interface Wish {
    /** Behind a message, if that is one of this history of the room; else as who names none. */
    record After(String epoch, long seq) implements Wish {}

    /** With the last so many messages, as far as they are kept, as counted from a head. */
    record Last(int messages) implements Wish {}

    /** With that message, or the first that is kept. */
    record At(long from, @Nullable Boolean resumes) implements Wish {}
}

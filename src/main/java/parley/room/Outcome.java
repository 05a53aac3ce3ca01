package parley.room;

import java.util.Optional;
import parley.protocol.Message;

/** What became of a draft. */
public sealed interface Outcome {
    /** It is a message of the room: the number, and whether it had been published before. */
    record Published(long seq, boolean duplicate) implements Outcome {}

    /**
     * It may be one or not: the store does not say. Who says it again, with the same {@code id}, learns what became of
     * it.
     */
    record NotKept(String reason) implements Outcome {}

    /** Not added: the newest message is not the one that the sender named. Where the room is instead. */
    record Moved(String epoch, long seq) implements Outcome {}

    /** Not added: the store cannot compare and add at once. */
    record CannotCompare(String reason) implements Outcome {}

    /**
     * Not added: the sender may not change that message, or what looks at messages before they are published says no;
     * in a sentence for the sender.
     */
    record Refused(String reason) implements Outcome {}

    /** Not added: the room has as much of its kind as it may, in a sentence for the sender. */
    record Full(String reason) implements Outcome {}

    /** Nothing was changed: the room does not keep that message, in a sentence for the sender. */
    record NotFound(String reason) implements Outcome {}

    /** Nothing was changed: the store cannot change messages in this way. */
    record CannotChange(String reason) implements Outcome {}

    /** The store can never keep it: it is larger than what the store takes. Retrying is of no use. */
    record TooLarge(String reason) implements Outcome {}

    /**
     * Not added: the value of that key is another than the sender named, in a sentence for the sender.
     *
     * @param value the value that is there; empty for none
     */
    record Conflict(String reason, Optional<Message> value) implements Outcome {}
}

package parley.room;

import org.jspecify.annotations.Nullable;
import parley.protocol.ReadMark;

/**
 * A member that has just come in.
 *
 * @param epoch which history of the room its numbers belong to
 * @param after the number behind which it starts
 * @param head the number of the newest message when it came in
 * @param count how many members there are
 * @param recovered whether it gets everything since the message it named; null when it named none
 * @param read up to where its user has read of what there was when it came in; null when that is not known, or
 *     not yet
 */
public record Joined(
        Member member,
        String epoch,
        long after,
        long head,
        int count,
        @Nullable Boolean recovered,
        @Nullable ReadMark read) {
    /** The same with what its user has read. */
    Joined with(@Nullable ReadMark itsRead) {
        return new Joined(member, epoch, after, head, count, recovered, itsRead);
    }
}

package parley.protocol;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a JSON client is sent. Those with a {@code ref} answer a command and carry its ref, if it had one; the first
 * {@code joined} answers the handshake. Immutable.
 */
public sealed interface Event {

    /**
     * The first event of every connection.
     *
     * @param session the session id, as in the server's log
     * @param user which user the client is; null when it is none
     * @param bytes the longest message, in bytes of UTF-8
     * @param commandBytes the longest WebSocket message, commands and all
     * @param rooms how many rooms the connection may be in
     * @param rate how many commands a second it may give, 0 for no limit
     * @param bytesPerSecond how many bytes of WebSocket messages a second it may send, 0 for no limit
     */
    record Welcome(
            String session,
            @Nullable String name,
            @Nullable String user,
            int bytes,
            int commandBytes,
            int rooms,
            int rate,
            long bytesPerSecond)
            implements Event {}

    /**
     * The client is in a room.
     *
     * @param seq the newest message when it came in
     * @param count how many members there are, the client included
     * @param recovered whether everything since the message it named follows; null when it named none
     * @param read up to where its user has read; null when it is no user or that is not known
     */
    record Joined(
            @Nullable Ref ref,
            RoomName room,
            String epoch,
            long seq,
            int count,
            @Nullable Boolean recovered,
            @Nullable ReadMark read)
            implements Event {
        /** Without a read mark. */
        public Joined(
                @Nullable Ref ref, RoomName room, String epoch, long seq, int count, @Nullable Boolean recovered) {
            this(ref, room, epoch, seq, count, recovered, null);
        }
    }

    /**
     * The client's user has read so far, on one of its connections.
     *
     * @param seq the newest message that was counted
     */
    record Mark(RoomName room, String epoch, long seq, ReadMark read) implements Event {}

    /** The client is in a room no more. */
    record Left(@Nullable Ref ref, RoomName room) implements Event {}

    /**
     * Values of a room's keys, in the order of their numbers.
     *
     * @param seq the entry of the log that they are as of
     * @param more whether more of them follow
     */
    record State(RoomName room, String epoch, long seq, List<Message> messages, boolean more) implements Event {}

    /**
     * The value of a key was not set, since another one is there than the command named.
     *
     * @param reason a sentence that says so
     * @param value the one that is there; null for none
     */
    record Conflict(
            @Nullable Ref ref,
            RoomName room,
            String reason,
            @Nullable Message value) implements Event {}

    /** A message was published. */
    record Said(RoomName room, Message message) implements Event {}

    /**
     * A command was carried out.
     *
     * @param room where, if it was about a room
     * @param seq the message's number, if one was published; of a mark the one that holds
     * @param duplicate whether that was done before; null for commands that publish nothing
     */
    record Ack(
            @Nullable Ref ref,
            @Nullable RoomName room,
            @Nullable Long seq,
            @Nullable Boolean duplicate) implements Event {}

    /**
     * The messages between these two were not delivered to this member.
     *
     * @param missed how many they are; null when that cannot be known
     */
    record Gap(
            RoomName room,
            long after,
            long before,
            @Nullable Long missed) implements Event {}

    /**
     * Who came and went; the count alone in a room with too many names to tell.
     *
     * @param names everybody, when the client needs a snapshot; else null
     * @param joined names that are there now and may not have been before
     * @param left names that are not there any more
     * @param members what there is to say of members beside their names: with names of all, else of those that changed
     * @param gone members of which there is nothing to say any more
     * @param count how many connections there are, those without a name included
     */
    record Presence(
            RoomName room,
            @Nullable List<String> names,
            @Nullable List<String> joined,
            @Nullable List<String> left,
            List<Attendee> members,
            List<Attendee> gone,
            int count)
            implements Event {}

    /**
     * Messages that are kept, oldest first.
     *
     * @param more whether there are more in the direction that was asked for
     * @param first the number from which on all are kept, where numbers have holes; else null
     */
    record History(
            @Nullable Ref ref,
            RoomName room,
            String epoch,
            List<Message> messages,
            boolean more,
            @Nullable Long first) implements Event {}

    /**
     * Who is in a room.
     *
     * @param members what there is to say of members beside their names
     * @param more whether there are more names than these
     */
    record Members(
            @Nullable Ref ref, RoomName room, List<String> names, List<Attendee> members, int count, boolean more)
            implements Event {}

    /** Somebody passed something on. */
    record Signal(RoomName room, Message message) implements Event {}

    /** The server is about to close for a shutdown; come back after a random wait in that range, in milliseconds. */
    record Bye(String reason, int minMillis, int maxMillis) implements Event {}

    /**
     * A command was not carried out.
     *
     * @param reason a sentence that says what is wrong and what is allowed
     * @param room what the command named as its room, if that was a room's name
     */
    record Error(
            @Nullable Ref ref,
            ErrorCode code,
            String reason,
            @Nullable RoomName room) implements Event, JsonCodec.Decoded {}

    /** The answer to a ping. */
    record Pong(@Nullable Ref ref) implements Event {}
}

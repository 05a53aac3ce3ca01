package parley.protocol;

import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * What a JSON client asks for. Made by {@link JsonCodec#decode}, so every field is what the protocol allows. Immutable.
 */
public sealed interface Command extends JsonCodec.Decoded {

    /**
     * Enter a room.
     *
     * @param after where to go on, or null
     * @param history how many messages back to start, when there is no {@code after}; null when the client did not say
     * @param state whether with the values of the room's keys first
     */
    record Join(
            @Nullable Ref ref,
            RoomName room,
            @Nullable After after,
            @Nullable Integer history,
            boolean state) implements Command {}

    /**
     * The last message that a client has of a room.
     *
     * @param epoch which history of the room the number belongs to
     */
    record After(String epoch, long seq) {}

    /** Leave a room. */
    record Leave(@Nullable Ref ref, RoomName room) implements Command {}

    /**
     * Publish a message.
     *
     * @param standing what it is besides what it says
     */
    record Say(
            @Nullable Ref ref,
            RoomName room,
            Content content,
            @Nullable String id,
            Standing standing) implements Command {}

    /** Something to be done with the value of a key. */
    sealed interface OfKey extends Command {
        /** Which history of the room the expected number belongs to; null for the one that the client is in. */
        @Nullable
        String epoch();
    }

    /**
     * Set the value of a key.
     *
     * @param expected the number of the value that is there, 0 for none; empty for whatever is
     * @param ttl how long the value stays, in milliseconds; 0 until it is removed
     */
    record Put(
            @Nullable Ref ref,
            RoomName room,
            Key key,
            Content content,
            @Nullable String id,
            OptionalLong expected,
            long ttl,
            @Nullable String epoch)
            implements OfKey {}

    /**
     * Remove the value of a key.
     *
     * @param expected the number of the value that is there; empty for whatever is
     */
    record Unset(
            @Nullable Ref ref,
            RoomName room,
            Key key,
            OptionalLong expected,
            @Nullable String epoch) implements OfKey {}

    /** Something to be done with a message that there is. */
    sealed interface OfMessage extends Command {
        /** The number of the message. */
        long seq();

        /** Which history of the room the number belongs to; null for the one that the client is in. */
        @Nullable
        String epoch();
    }

    /**
     * Say something else in a message.
     *
     * @param id the message id of the change; null when it cannot be repeated
     */
    record Edit(
            @Nullable Ref ref,
            RoomName room,
            long seq,
            @Nullable String epoch,
            Content content,
            @Nullable String id) implements OfMessage {}

    /**
     * Go on with a message that is open.
     *
     * @param text what goes behind its text
     * @param isLast whether the message is final then
     * @param id the message id of the piece; null when it cannot be repeated
     */
    record Append(
            @Nullable Ref ref,
            RoomName room,
            long seq,
            @Nullable String epoch,
            Content text,
            boolean isLast,
            @Nullable String id)
            implements OfMessage {}

    /** Take back what a message says. */
    record Remove(
            @Nullable Ref ref,
            RoomName room,
            long seq,
            @Nullable String epoch) implements OfMessage {}

    /**
     * React to a message, or take a reaction back.
     *
     * @param off whether it is taken back
     * @param id the message id of the reaction; null when it is known by its message, its key and its sender alone
     */
    record React(
            @Nullable Ref ref,
            RoomName room,
            long seq,
            @Nullable String epoch,
            ReactionKey key,
            boolean off,
            @Nullable String id)
            implements OfMessage {}

    /** Pass something on to who is there now, without keeping it. */
    record Signal(@Nullable Ref ref, RoomName room, Content data) implements Command {}

    /**
     * Show something about oneself to the members of a room, in place of what was shown before.
     *
     * @param state an object; null for nothing any more
     */
    record State(@Nullable Ref ref, RoomName room, @Nullable Content state) implements Command {
        /** How many bytes of UTF-8 it has at most. */
        public static final int MAX_BYTES = 1024;
    }

    /**
     * Say up to where the client's user has read.
     *
     * @param epoch which history of the room the number belongs to; null for the one that the client is in
     */
    record Mark(
            @Nullable Ref ref,
            RoomName room,
            long seq,
            @Nullable String epoch) implements Command {}

    /**
     * Read messages that are kept: those before one, those after one, or the newest.
     *
     * @param limit how many at most
     * @param changes whether changes are among them, each in its own place, besides being in the messages
     */
    record History(
            @Nullable Ref ref,
            RoomName room,
            @Nullable Long before,
            @Nullable Long after,
            int limit,
            boolean changes) implements Command {}

    /** Ask who is in a room. */
    record Who(@Nullable Ref ref, RoomName room) implements Command {}

    /** Take another name. */
    record Rename(@Nullable Ref ref, MemberName name) implements Command {
        @Override
        public @Nullable RoomName room() {
            return null;
        }
    }

    /** Show another token, before the one that let the client in ends. */
    record Renew(@Nullable Ref ref, String token) implements Command {
        @Override
        public @Nullable RoomName room() {
            return null;
        }

        /** Leaves out the token. */
        @Override
        public String toString() {
            return "Renew[" + ref + "]";
        }
    }

    /** Watch rooms without being in them, and no others any more. */
    record Watch(@Nullable Ref ref, WatchList list) implements Command {
        @Override
        public @Nullable RoomName room() {
            return null;
        }
    }

    /** Ask for a sign of life. */
    record Ping(@Nullable Ref ref) implements Command {
        @Override
        public @Nullable RoomName room() {
            return null;
        }
    }
}

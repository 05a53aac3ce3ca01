package parley.room;

import java.util.List;
import java.util.OptionalLong;
import parley.protocol.ReactionKey;
import parley.protocol.Reactor;

/**
 * Who has reacted to the messages that a room keeps, as its store knows it: each sender of each key of a message once.
 * For the thread that changes messages.
 *
 * @param <X> what it throws when it cannot read or write
 */
public interface Reactors<X extends Exception> {
    /** The number of the entry with which a sender set a key; empty where it is not set. */
    OptionalLong find(long message, ReactionKey key, Reactor sender) throws X;

    /** A sender has set a key with the entry of that number, which it had not set. */
    void set(long message, ReactionKey key, Reactor sender, long seq) throws X;

    /** A sender has taken a key back that it had set. */
    void takeBack(long message, ReactionKey key, Reactor sender) throws X;

    /** The last senders of a key but one, the newest first, {@link parley.protocol.Reactions#SHOWN} at most. */
    List<Reactor> newestBut(long message, ReactionKey key, Reactor sender) throws X;

    /** A message has been removed, and its reactions with it. */
    void removed(long message) throws X;

    /** The bytes of memory that a sender of a key takes here, about. */
    long held(ReactionKey key, Reactor sender);

    /** The bytes of memory that all senders in the room take here, about. */
    long held();
}

package parley.protocol;

/**
 * A sender of reactions: a user, or a name of clients that are no user. The two are apart: a client that goes by the
 * name of a user is not that user. Immutable.
 *
 * @param name of a user which one, else what the client calls itself
 */
public record Reactor(String name, boolean isUser) {}

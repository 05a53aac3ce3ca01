package parley.servers;

/**
 * What a client or an operator may see on some servers and not on others, because the server leaves Parley no choice. The tests
 * expect the difference where {@link Kind} names it, so that it is noticed when it goes; docs/servers.md lists them all.
 */
public enum Difference {
    COMPRESSES("Compresses messages when the client asks for it (permessage-deflate).");

    private final String words;

    Difference(String words) {
        this.words = words;
    }

    /** The sentence in docs/servers.md. */
    public String words() {
        return words;
    }
}

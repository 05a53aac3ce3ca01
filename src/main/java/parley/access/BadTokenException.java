package parley.access;

/** A token that lets nobody in. The message is a sentence for who sent it, and holds nothing of the token. */
public final class BadTokenException extends Exception {
    private static final long serialVersionUID = 1L;

    public BadTokenException(String sentence) {
        super(sentence);
    }
}

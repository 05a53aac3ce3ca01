package parley.prepare;

/**
 * The preparation is refused before anything is written. The message is a sentence for the operator: the value that is
 * refused, why, what to do.
 */
public final class RefusedPreparationException extends Exception {
    private static final long serialVersionUID = 1L;

    RefusedPreparationException(String sentence) {
        super(sentence);
    }
}

package parley.prepare;

/** A folder cannot take a prepared process. The message is a sentence for the operator: the folder, why, what to do. */
public final class UnfitFolderException extends Exception {
    private static final long serialVersionUID = 1L;

    UnfitFolderException(String sentence) {
        super(sentence);
    }
}

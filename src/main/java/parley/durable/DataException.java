package parley.durable;

/** Says in a sentence why the data folder cannot be used. */
public final class DataException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    DataException(String message) {
        super(message);
    }

    /** What an exception says, with its cause. */
    static String words(Throwable e) {
        return e.getMessage() + (e.getCause() == null ? "" : ": " + e.getCause());
    }
}

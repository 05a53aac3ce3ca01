package parley.it;

/** A browser with one page, in a process of its own. Used by one thread. */
interface Engine extends AutoCloseable {
    /** Goes to an address, and waits until it is there. */
    void open(String address) throws Exception;

    /** Evaluates an expression in the page, and returns its value as JSON; a promise's when it is kept. */
    String evaluate(String expression) throws Exception;

    /** Takes a picture of the page, as PNG. */
    byte[] screenshot() throws Exception;

    @Override
    void close() throws Exception;
}

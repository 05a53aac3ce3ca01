package parley.http;

/** What became of reading a request's body. */
public sealed interface Body {
    /**
     * It is there; empty when the request has none.
     *
     * @param bytes the whole of it; not to be changed
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Whole(byte[] bytes) implements Body {}

    /** It is longer than it may be (413, RFC 9110 section 15.5.14). */
    record TooLong() implements Body {}

    /** The client went, or stopped sending for too long, before its end. */
    record Cut() implements Body {}
}

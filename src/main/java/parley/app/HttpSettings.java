package parley.app;

/**
 * Who may do what over HTTP.
 *
 * @param apiKey what lets a backend do everything; empty for nothing
 * @param publish who may publish where everybody may enter
 * @param requestsPerAddress how many requests a second may come from one address; 0 for any number
 */
public record HttpSettings(String apiKey, HttpPublish publish, int requestsPerAddress) {
    /** Leaves out the key. */
    @Override
    public String toString() {
        return "HttpSettings[" + publish + ", " + requestsPerAddress + "]";
    }
}

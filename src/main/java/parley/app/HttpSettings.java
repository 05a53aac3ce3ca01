package parley.app;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * Who may do what over HTTP, and how.
 *
 * @param apiKey what lets a backend do everything; empty for nothing
 * @param publish who may publish where everybody may enter
 * @param requestsPerAddress how many requests a second may come from one address; 0 for any number
 * @param eventsRetry about when a client of an event stream comes back whose connection was lost
 */
public record HttpSettings(String apiKey, HttpPublish publish, int requestsPerAddress, Duration eventsRetry) {
    /** Reads them. */
    static HttpSettings of(Config config) {
        return new HttpSettings(
                AccessKeys.API_KEY.read(config),
                AccessKeys.HTTP_PUBLISH.read(config),
                Keys.REQUESTS_PER_ADDRESS.read(config),
                Keys.EVENTS_RETRY.read(config));
    }

    /** Leaves out the key. */
    @Override
    public String toString() {
        return "HttpSettings[" + publish + ", " + requestsPerAddress + ", " + eventsRetry + "]";
    }
}

package parley.servers;

import java.util.Arrays;
import java.util.List;

/** The settings that the application runs with on every server, where they differ from the defaults. */
final class Properties {
    static final String PREFIX = "parley.";

    /**
     * Short times, so that the tests see a ping, an idle client and a stuck one, and that a member that is lost is gone;
     * no rate, so that they can be quick.
     */
    static final List<String> SHORT = List.of(
            "parley.session.send-deadline=2s",
            "parley.session.ping-interval=1s",
            "parley.session.idle-timeout=5s",
            "parley.session.close-timeout=1s",
            "parley.room.away=0s",
            "parley.limits.commands-per-second=0",
            "parley.limits.bytes-per-second=0",
            "parley.status.for=everyone",
            "parley.access.api-key=" + Server.API_KEY);

    private Properties() {}

    /** Makes system properties of settings. */
    static List<String> of(String... settings) {
        return Arrays.stream(settings).map(PREFIX::concat).toList();
    }
}

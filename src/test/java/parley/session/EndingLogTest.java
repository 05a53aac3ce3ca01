package parley.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.ResourceBundle;
import org.junit.jupiter.api.Test;
import parley.access.Grant;

class EndingLogTest {
    private static final long SECOND = 1_000_000_000L;
    private static final InetSocketAddress PEER =
            new InetSocketAddress("192.0.2.7", 1234); // an address is not looked up

    private final List<String> lines = new ArrayList<>();
    private final EndingLog log = new EndingLog(
            new System.Logger() {
                @Override
                public String getName() {
                    return "test";
                }

                @Override
                public boolean isLoggable(Level level) {
                    return true;
                }

                @Override
                public void log(Level level, ResourceBundle bundle, String message, Throwable thrown) {
                    lines.add(level + " " + message + " " + thrown);
                }

                @Override
                public void log(Level level, ResourceBundle bundle, String format, Object... params) {
                    lines.add(level + " " + format);
                }
            },
            0);

    private final Client client =
            new Client("s1", "/chat/java", "Ann", new Visitor(PEER.getAddress(), PEER, Grant.ANYONE));

    @Test
    void aLineHasTheReasonThatAnOperatorGave() {
        log.ended(client, Ending.REMOVED, "no advertising here", null);
        assertThat(lines)
                .containsExactly("INFO /chat/java as 'Ann' from 192.0.2.7:1234, session s1 ended: removed, closed with"
                        + " 1008 no advertising here");
    }

    @Test
    void aLineSaysWhoAndWhy() {
        log.ended(client, Ending.STUCK, Ending.STUCK.reason(), null);
        log.ended(new Client("s2", "/echo", null, Visitor.UNKNOWN), Ending.LOST, Ending.LOST.reason(), null);
        log.ended(client, Ending.BROKEN, Ending.BROKEN.reason(), new IOException("reset"));
        log.ended(client, Ending.FAULT, Ending.FAULT.reason(), new IllegalStateException("ours"));
        assertThat(lines)
                .containsExactly(
                        "INFO /chat/java as 'Ann' from 192.0.2.7:1234, session s1 ended: stuck, closed with 1013 too"
                                + " slow: a frame was not taken in time",
                        "INFO /echo, session s2 ended: lost",
                        "INFO /chat/java as 'Ann' from 192.0.2.7:1234, session s1 ended: broken, closed with 1011"
                                + " connection failed: java.io.IOException: reset",
                        "ERROR /chat/java as 'Ann' from 192.0.2.7:1234, session s1 ended: a fault of the server's own"
                                + " java.lang.IllegalStateException: ours");
    }

    @Test
    void tenThousandThatVanishTogetherAreAFewLines() {
        for (int i = 0; i < 10_000; i++) {
            log.ended(client, Ending.LOST, Ending.LOST.reason(), null);
        }
        log.ended(client, Ending.IDLE, Ending.IDLE.reason(), null);
        assertThat(lines).hasSize(EndingLog.LINES + 1);
        log.sweep(SECOND - 1);
        assertThat(lines).hasSize(EndingLog.LINES + 1);
        log.sweep(SECOND);
        assertThat(lines).hasSize(EndingLog.LINES + 2).last().isEqualTo("INFO 9990 more connections ended: lost");
        log.sweep(2 * SECOND);
        log.ended(client, Ending.LOST, Ending.LOST.reason(), null);
        assertThat(lines).hasSize(EndingLog.LINES + 3);
    }
}

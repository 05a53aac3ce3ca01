package parley.standalone;

import java.util.logging.Level;
import java.util.logging.Logger;

/** The process' log: to standard error, one line an event; of Tyrus and Grizzly only warnings. */
final class Logs {
    private static final String FORMAT_KEY = "java.util.logging.SimpleFormatter.format";
    private static final String FORMAT = "%1$tFT%1$tT.%1$tL%1$tz %4$s %3$s: %5$s%6$s%n";

    /** Held here, because the log manager lets go of loggers that nobody holds, with their levels. */
    private static final Logger TYRUS = Logger.getLogger("org.glassfish");

    private Logs() {}

    /** Sets it up, unless the operator has named a configuration of java.util.logging. Before the first line is logged. */
    static void configure() {
        if (System.getProperty("java.util.logging.config.file") != null) {
            return;
        }
        if (System.getProperty(FORMAT_KEY) == null) {
            System.setProperty(FORMAT_KEY, FORMAT);
        }
        TYRUS.setLevel(Level.WARNING);
    }
}

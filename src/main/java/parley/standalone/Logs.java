package parley.standalone;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import parley.app.LogFormat;
import parley.protocol.JsonCodec;

/** The process' log: to standard error, one line an event; of Tyrus and Grizzly only warnings. */
final class Logs {
    private static final String FORMAT_KEY = "java.util.logging.SimpleFormatter.format";
    private static final String FORMAT = "%1$tFT%1$tT.%1$tL%1$tz %4$s %3$s: %5$s%6$s%n";

    /** Held here, because the log manager lets go of loggers that nobody holds, with their levels. */
    private static final Logger TYRUS = Logger.getLogger("org.glassfish");

    private Logs() {}

    /**
     * Sets it up, unless the operator has named a configuration of java.util.logging. Before the first line is logged.
     */
    static void configure() {
        if (isConfiguredElsewhere()) {
            return;
        }
        if (System.getProperty(FORMAT_KEY) == null) {
            System.setProperty(FORMAT_KEY, FORMAT);
        }
        TYRUS.setLevel(Level.WARNING);
    }

    /** Says how lines look, when that has been read. */
    static void format(LogFormat format) {
        if (format == LogFormat.JSON && !isConfiguredElsewhere()) {
            for (Handler handler : Logger.getLogger("").getHandlers()) {
                handler.setFormatter(new JsonLines());
            }
        }
    }

    private static boolean isConfiguredElsewhere() {
        return System.getProperty("java.util.logging.config.file") != null;
    }

    /** An object a line. */
    private static final class JsonLines extends Formatter {
        @Override
        public String format(LogRecord line) {
            Map<String, String> fields = new LinkedHashMap<>();
            fields.put("time", line.getInstant().toString());
            fields.put("level", line.getLevel().getName());
            fields.put("logger", String.valueOf(line.getLoggerName()));
            fields.put("message", formatMessage(line));
            if (line.getThrown() != null) {
                StringWriter trace = new StringWriter();
                line.getThrown().printStackTrace(new PrintWriter(trace));
                fields.put("error", trace.toString());
            }
            return JsonCodec.line(fields) + System.lineSeparator();
        }
    }
}

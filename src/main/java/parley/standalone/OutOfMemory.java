package parley.standalone;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * Ends the process when memory has run out, with the exit code of {@code -XX:+ExitOnOutOfMemoryError}: a server that
 * goes on with half of its threads answers nobody, and nothing starts it anew. {@code java -jar} takes no such option
 * from its jar, so this looks where the error comes by: at the top of threads, in what libraries log when they have
 * caught it, and, since some catch it and say nothing, by asking for a little memory at each sweep.
 */
final class OutOfMemory {
    private static final int EXIT_CODE = 3;
    private static final int PROBE_BYTES = 64 * 1024;

    /** Both made in time: there is no memory for them afterwards. */
    private static final byte[] LAST_WORDS =
            ("parley: memory has run out (java.lang.OutOfMemoryError), and the process ends."
                            + " Give it more with -Xmx, or lower the limits.\n")
                    .getBytes(StandardCharsets.UTF_8);

    private static final FileOutputStream ERR = new FileOutputStream(FileDescriptor.err);

    /** Let go of at the end, for what it takes to end. */
    private static volatile byte[] reserve = new byte[4 * PROBE_BYTES];

    /** Keeps the compiler from leaving the probe out. */
    private static volatile byte[] probe = {};

    private static final Handler WATCH = new Handler() {
        @Override
        public void publish(LogRecord line) {
            endIfOutOfMemory(line.getThrown());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    private OutOfMemory() {}

    /** From now on. */
    static void endsTheProcess() {
        Logger.getLogger("").addHandler(WATCH);
        Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
        Thread.setDefaultUncaughtExceptionHandler((thread, e) -> {
            endIfOutOfMemory(e);
            if (before != null) {
                before.uncaughtException(thread, e);
            } else {
                Logger.getLogger("parley.standalone")
                        .log(java.util.logging.Level.SEVERE, "a thread ended: " + thread.getName(), e);
            }
        });
    }

    /** For the sweep. */
    static void probe() {
        try {
            probe = new byte[PROBE_BYTES];
        } catch (OutOfMemoryError e) {
            end();
        }
        probe = LAST_WORDS;
    }

    /** Looks at what is behind it too: libraries wrap what they catch. */
    private static void endIfOutOfMemory(Throwable thrown) {
        Throwable cause = thrown;
        for (int depth = 0; cause != null && depth < 10; depth++) {
            if (cause instanceof OutOfMemoryError) {
                end();
            }
            cause = cause.getCause();
        }
    }

    private static void end() {
        reserve = LAST_WORDS;
        try {
            ERR.write(LAST_WORDS);
        } catch (IOException | Error e) {
            // There is nobody left to tell.
        }
        while (true) {
            try {
                Runtime.getRuntime().halt(EXIT_CODE);
            } catch (OutOfMemoryError e) {
                // Others take what was let go of; they end soon, too.
            }
        }
    }
}

package parley.standalone;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.BindException;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import parley.app.Settings;
import parley.app.SettingsException;
import parley.app.SettingsSources;
import parley.durable.DataSettings;
import parley.prepare.Preparation;
import parley.prepare.PreparedFolder;
import parley.prepare.RefusedPreparationException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The process {@code java -jar parley.war}: reads the command line, runs the server until a signal comes, exits with 0.
 */
@Command(
        name = "java -jar parley.war",
        header = "Parley: real-time rooms over WebSocket.",
        sortOptions = false,
        mixinStandardHelpOptions = false,
        versionProvider = Main.Version.class,
        subcommands = ClientCommand.class,
        footer = {
            "",
            "Settings come from, later ones winning: the file, the environment",
            "(PARLEY_LISTEN_PORT), system properties (-Dparley.listen.port), the command",
            "line. SIGINT and SIGTERM stop the server; a second one stops it at once.",
            "",
            "The page is at http://<host>:<port><path>, how it goes at status.html beside",
            "it. Rooms are in memory and gone with the process, unless --data or --nats",
            "says where else.",
            ""
        })
public final class Main implements Callable<Integer> {
    private static final Logger LOG = System.getLogger("parley.standalone");

    private static final int FAILED = 1;
    private static final int WRONG_USE = 2;
    private static final int STOPPED_AT_ONCE = 130;

    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--host", paramLabel = "<address>", description = "Where to listen (127.0.0.1).")
    private @Nullable String host;

    @Option(names = "--port", paramLabel = "<port>", description = "The port, 0 for any free one (8080).")
    private @Nullable String port;

    @Option(names = "--context", paramLabel = "<path>", description = "The path all addresses begin with (/).")
    private @Nullable String context;

    @Option(names = "--data", paramLabel = "<folder>", description = "Where rooms are kept that survive the process.")
    private @Nullable String data;

    @Option(
            names = "--nats",
            paramLabel = "<url>",
            description = "A server of NATS with JetStream, through which any number of Parleys are one.")
    private @Nullable String nats;

    @Option(names = "--config", paramLabel = "<file>", description = "A file of settings, in HOCON.")
    private @Nullable Path config;

    @Option(
            names = "--set",
            paramLabel = "<key>=<value>",
            description = "Any setting; may be given several times.",
            mapFallbackValue = Option.NULL_VALUE)
    private Map<String, String> set = new LinkedHashMap<>();

    @Option(
            names = "--prepare",
            paramLabel = "<folder>",
            description = "Write a copy that starts quickly into an empty folder, print its command, and exit.")
    private @Nullable Path prepare;

    @Option(names = "--print-config", description = "Print all settings, with where each came from, and exit.")
    private boolean printConfig;

    @SuppressWarnings("unused") // picocli looks at it
    @Option(names = "--version", versionHelp = true, description = "Print the version and exit.")
    private boolean version;

    @SuppressWarnings("unused") // picocli looks at it
    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Print this and exit.")
    private boolean help;

    /** Runs the process. */
    public static void main(String[] args) {
        Logs.configure();
        OutOfMemory.endsTheProcess();
        CommandLine commandLine = new CommandLine(new Main())
                .setParameterExceptionHandler(Main::explain)
                .setExecutionExceptionHandler((e, parsed, result) -> {
                    e.printStackTrace();
                    return FAILED;
                });
        System.exit(commandLine.execute(args));
    }

    @Override
    public Integer call() throws Exception {
        Path classPath = Path.of(System.getProperty("java.class.path"));
        Path folder = prepare;
        if (folder != null) {
            return prepare(classPath, folder);
        }
        Settings settings;
        try {
            settings = sources().load();
        } catch (SettingsException e) {
            err().println("parley: " + e.getMessage());
            return WRONG_USE;
        }
        if (printConfig) {
            settings.describe().forEach(out()::println);
            return 0;
        }
        Logs.format(settings.logFormat());
        CountDownLatch stop = stopOnSignal();
        Server server;
        try {
            server = new Server(settings, classPath);
        } catch (SettingsException e) {
            err().println("parley: " + e.getMessage());
            return WRONG_USE;
        } catch (IOException | UnresolvedAddressException e) {
            err().println("parley: " + whyNotListening(settings, e));
            return FAILED;
        }
        out().println("Parley " + Version.read() + " is running. Ctrl-C stops it.");
        server.parley().atEachSweep(OutOfMemory::probe);
        server.addresses().forEach(line -> out().println("  " + line));
        out().println("  rooms  " + whereRoomsAre(settings));
        out().flush();
        PreparedFolder.of(classPath)
                .flatMap(PreparedFolder::misfit)
                .ifPresent(sentence -> LOG.log(Level.WARNING, sentence));
        stop.await();
        server.stop();
        return 0;
    }

    private int prepare(Path war, Path folder) {
        if (commandLine().getParseResult().matchedOptions().size() > 1) {
            err().println("parley: --prepare takes no other option: the settings are given to the process that the"
                    + " folder starts.");
            return WRONG_USE;
        }
        try {
            List<String> command =
                    Preparation.of(war, folder, Clock.systemUTC()).run();
            out().println("Prepared for this Java. Run it with these words, and any options of Parley behind them:");
            out().println("  " + String.join(" ", command));
            return 0;
        } catch (RefusedPreparationException e) {
            err().println("parley: " + e.getMessage());
            return WRONG_USE;
        } catch (IOException e) {
            err().println("parley: Nothing was prepared: " + e.getMessage());
            return FAILED;
        } catch (InterruptedException e) { // by a signal, which ends the process
            return STOPPED_AT_ONCE;
        }
    }

    private static String whereRoomsAre(Settings settings) {
        DataSettings data = settings.data();
        if (data != null) {
            return "in the folder " + data.folder();
        }
        return settings.cluster() != null
                ? "in the cluster, through NATS"
                : "in memory, gone with the process   (--data <folder> keeps them)";
    }

    private SettingsSources sources() {
        SettingsSources sources = SettingsSources.ofProcess();
        if (config != null) {
            sources.file(config);
        }
        set.forEach((key, value) -> sources.set(key, value == null ? "" : value));
        if (host != null) {
            sources.set("listen.host", host);
        }
        if (port != null) {
            sources.set("listen.port", port);
        }
        if (data != null) {
            sources.set("data.folder", data);
        }
        if (nats != null) {
            sources.set("nats.url", nats);
        }
        if (context != null) {
            sources.set("listen.context", context);
        }
        return sources;
    }

    /** The first SIGINT or SIGTERM opens the latch, a second ends the process where it stands. */
    @SuppressWarnings("sunapi") // a shutdown hook could not exit with 0, nor tell a second signal from the first
    private static CountDownLatch stopOnSignal() {
        CountDownLatch stop = new CountDownLatch(1);
        for (String name : new String[] {"INT", "TERM"}) {
            sun.misc.Signal.handle(new sun.misc.Signal(name), signal -> {
                if (stop.getCount() == 0) {
                    Runtime.getRuntime().halt(STOPPED_AT_ONCE);
                }
                LOG.log(Level.INFO, "SIG" + name + ": stopping. A second signal ends the process at once.");
                stop.countDown();
            });
        }
        return stop;
    }

    private static String whyNotListening(Settings settings, Exception e) {
        String where = settings.host() + ":" + settings.port()
                + (settings.statusPort() == 0
                        ? ""
                        : " or, for status.port, " + settings.statusHost() + ":" + settings.statusPort())
                + (settings.httpPort() == 0
                        ? ""
                        : " or, for http.port, " + settings.httpHost() + ":" + settings.httpPort());
        if (e instanceof UnknownHostException || e instanceof UnresolvedAddressException) {
            return "There is no host '" + settings.host() + "' to listen on; choose another with --host.";
        }
        if (e instanceof BindException && String.valueOf(e.getMessage()).contains("in use")) {
            return "Port " + where + " is taken; choose another with --port, or 0 for any free one.";
        }
        if (e instanceof SocketException) {
            return "Cannot listen on " + where + " (" + e.getMessage() + "); choose with --host and --port.";
        }
        return "Cannot start on " + where + ": " + e;
    }

    private static int explain(ParameterException e, String[] args) {
        PrintWriter err = e.getCommandLine().getErr();
        err.println("parley: " + String.valueOf(e.getMessage()).replace("\n", " ") + ". --help lists the options.");
        return WRONG_USE;
    }

    private PrintWriter out() {
        return commandLine().getOut();
    }

    private PrintWriter err() {
        return commandLine().getErr();
    }

    private CommandLine commandLine() {
        if (spec == null) {
            throw new IllegalStateException("run by no command line");
        }
        return spec.commandLine();
    }

    /** The version, as the build wrote it down. */
    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() throws IOException {
            return new String[] {"Parley " + read()};
        }

        static String read() throws IOException {
            try (InputStream in = Main.class.getResourceAsStream("/parley/version.txt")) {
                return in == null ? "of no version" : new String(in.readAllBytes(), StandardCharsets.UTF_8);
            }
        }
    }
}

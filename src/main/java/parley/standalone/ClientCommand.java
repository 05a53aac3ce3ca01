package parley.standalone;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import parley.client.ClientRoom;
import parley.client.ConnectionState;
import parley.client.Joining;
import parley.client.MissedRange;
import parley.client.ParleyClient;
import parley.client.Receipt;
import parley.client.RoomCallbacks;
import parley.client.RoomMessage;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** A terminal in a room: {@code java -jar parley.war client}. Lines in are said, messages come out. */
@Command(
        name = "client",
        header = "A terminal in a room: lines that are read are said, messages are printed.",
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:The input has ended and the server has all lines.",
            "1:The server refuses, or does not acknowledge a line within 30 seconds.",
            "2:An argument or the token file is wrong; nothing was connected."
        },
        footer = {
            "",
            "It comes back when the connection is lost or the server restarts, and misses",
            "nothing that the room keeps. Messages go to the output; what happens to the",
            "connection goes to the error output, with a star before it. It ends at the end",
            "of the input, once the server has everything.",
            "",
            "A message is one line: control and format characters in it, line breaks too, are",
            "shown as their code points, such as <U+000A>.",
            ""
        })
final class ClientCommand implements Callable<Integer> {
    private static final int FAILED = 1;
    private static final int WRONG_USE = 2;
    private static final int UNAUTHORIZED = 401;
    private static final int FORBIDDEN = 403;
    private static final int NOT_FOUND = 404;
    /** A close without a frame (RFC 6455 section 7.4.1): the reason alone says something. */
    private static final int NO_CLOSE_FRAME = 1006;

    /** How many lines wait for the server before the next one is read. */
    private static final int UNACKNOWLEDGED = 500;

    private static final int TO_ACKNOWLEDGE_SECONDS = 30;
    private static final int TO_CLOSE_SECONDS = 3;

    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(index = "0", paramLabel = "<address>", description = "Of /chat, such as ws://localhost:8080/chat.")
    private String address = "";

    @Parameters(index = "1", paramLabel = "<room>", description = "The room to join.")
    private String room = "";

    @Option(names = "--name", paramLabel = "<name>", description = "What to put before the lines.")
    private @Nullable String name;

    @Option(names = "--history", paramLabel = "<count>", description = "How many past messages to start with (0).")
    private int history;

    @Option(names = "--token", paramLabel = "<token>", description = "A token, for servers that ask for one.")
    private @Nullable String token;

    @Option(
            names = "--token-file",
            paramLabel = "<file>",
            description = "A file with a token, which is read before each connection; not with --token.")
    private @Nullable Path tokenFile;

    @SuppressWarnings("unused") // picocli looks at it
    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Print this and exit.")
    private boolean help;

    /** Whether the server has let this client in once. */
    private volatile boolean hasBeenIn;

    @Override
    public Integer call() throws InterruptedException {
        CompletableFuture<Integer> end = new CompletableFuture<>();
        ParleyClient client;
        try {
            client = client(end);
        } catch (IllegalArgumentException | UncheckedIOException e) {
            throw new ParameterException(commandLine(), String.valueOf(e.getMessage()));
        }
        try (client) {
            ClientRoom joined = join(client, end);
            Thread reading = new Thread(() -> end.complete(read(joined)), "input");
            reading.setDaemon(true);
            reading.start();
            return end.join();
        } finally {
            try {
                client.ended().get(TO_CLOSE_SECONDS, TimeUnit.SECONDS);
            } catch (ExecutionException | TimeoutException e) {
                note("the server has not answered the goodbye");
            }
        }
    }

    private ParleyClient client(CompletableFuture<Integer> end) {
        ParleyClient.Builder builder = ParleyClient.to(address).onState(state -> show(state, end));
        if (name != null) {
            builder.name(name);
        }
        Path file = tokenFile;
        if (file != null && token != null) {
            throw new IllegalArgumentException("--token and --token-file exclude each other: give one of them");
        }
        if (file != null) {
            builder.token(read(file)); // for what is wrong with it now
            builder.token(() -> read(file));
        } else if (token != null) {
            builder.token(token);
        }
        return builder.build();
    }

    private static String read(Path file) {
        String token;
        try {
            token = Files.readString(file).strip();
        } catch (NoSuchFileException e) {
            throw new UncheckedIOException("there is no token file '" + file + "'", e);
        } catch (IOException e) {
            throw new UncheckedIOException("the token file '" + file + "' cannot be read: " + e.getMessage(), e);
        }
        if (token.isEmpty()) {
            throw new IllegalArgumentException("the token file '" + file + "' is empty");
        }
        return token;
    }

    private ClientRoom join(ParleyClient client, CompletableFuture<Integer> end) {
        try {
            ClientRoom joined = client.join(room, Joining.last(history).callbacks(new Screen()));
            joined.joined().whenComplete((entered, failure) -> {
                if (failure != null && end.complete(FAILED)) {
                    note("cannot enter " + room + ": " + failure.getMessage());
                }
            });
            return joined;
        } catch (IllegalArgumentException e) {
            end.complete(WRONG_USE); // the exception says what is wrong: the client's end is not worth a note
            throw new ParameterException(commandLine(), String.valueOf(e.getMessage()));
        }
    }

    private void show(ConnectionState state, CompletableFuture<Integer> end) {
        if (state instanceof ConnectionState.Open) {
            hasBeenIn = true;
        } else if (state instanceof ConnectionState.Waiting waiting && isFinal(waiting.status())) {
            if (end.complete(FAILED)) {
                note("not let in (" + why(waiting) + "): "
                        + advice(waiting.status().getAsInt()));
            }
        } else if (state instanceof ConnectionState.Waiting waiting && !end.isDone()) {
            note(String.format(
                    Locale.ROOT,
                    "not connected (%s): trying again in %.1f s",
                    why(waiting),
                    waiting.delay().toMillis() / 1000.0));
        } else if (state instanceof ConnectionState.Closed closed && end.complete(FAILED)) {
            note(("the server has closed the connection for good: " + closed.code() + " " + closed.reason()).strip());
        }
    }

    /**
     * Whether the same handshake would be refused the same again. A token file may have another token by then. What is
     * not found was there before when the client has been in: it is being deployed anew.
     */
    private boolean isFinal(OptionalInt status) {
        return switch (status.orElse(0)) {
            case UNAUTHORIZED, FORBIDDEN -> tokenFile == null;
            case NOT_FOUND -> !hasBeenIn;
            default -> false;
        };
    }

    private static String why(ConnectionState.Waiting waiting) {
        String reason = waiting.reason();
        if (waiting.status().isPresent()) {
            String status = "HTTP status " + waiting.status().getAsInt();
            return reason.contains(status) ? reason : "the server answered with " + status + ": " + reason;
        }
        if (waiting.code() == NO_CLOSE_FRAME) {
            return reason.isEmpty() ? "the connection broke" : reason;
        }
        return (waiting.code() + " " + reason).strip();
    }

    private String advice(int status) {
        return switch (status) {
            case UNAUTHORIZED -> "give a token that the server takes, with --token or --token-file";
            case FORBIDDEN -> "give a token that opens the room " + room + ", with --token or --token-file";
            default -> "give the address of /chat, such as ws://localhost:8080/chat";
        };
    }

    private final class Screen implements RoomCallbacks {
        @Override
        public void message(RoomMessage message) {
            print(message, "");
        }

        @Override
        public void changed(RoomMessage change) {
            print(change, " (edited)");
        }

        private void print(RoomMessage message, String behind) {
            if (message.isRemoved()) {
                return; // as members of plain text get no line
            }
            String said = message.text() != null ? message.text() : String.valueOf(message.data());
            // Without the colon a sender that has no name could begin with the name of another.
            String name = message.from() == null ? "" : Visible.name(message.from());
            out().println(name + ": " + Visible.text(said) + behind);
            out().flush();
        }

        @Override
        public void missed(MissedRange range) {
            switch (range.state()) {
                case FILLING -> note("messages after " + range.after() + " did not come and are being fetched");
                case FILLED -> note("all that the room keeps has come");
                case LOST -> note("messages " + (range.after() + 1) + " to " + (range.before() - 1) + " are gone");
            }
        }

        @Override
        public void reset(String epoch) {
            note("the room's messages were lost; its numbers begin anew");
        }

        @Override
        public void state(ClientRoom.State state) {
            if (state == ClientRoom.State.JOINED) {
                note("in " + room);
            }
        }
    }

    /** Says all lines and waits until the server has them. Returns the exit code. */
    private int read(ClientRoom joined) {
        Deque<CompletableFuture<Receipt>> waiting = new ArrayDeque<>();
        boolean isRefused = false;
        Charset charset = Charset.forName(System.getProperty("native.encoding", "UTF-8"));
        try (BufferedReader input = new BufferedReader(new InputStreamReader(System.in, charset))) {
            for (String line = input.readLine(); line != null; line = input.readLine()) {
                if (!line.isBlank()) {
                    waiting.add(joined.say(line));
                }
                while (!waiting.isEmpty()
                        && (waiting.size() > UNACKNOWLEDGED || waiting.element().isDone())) {
                    isRefused |= isRefused(waiting.remove());
                }
            }
        } catch (IOException e) {
            note("the input cannot be read: " + e.getMessage());
            return FAILED;
        }
        try {
            CompletableFuture.allOf(waiting.toArray(CompletableFuture[]::new))
                    .handle((all, failure) -> all)
                    .get(TO_ACKNOWLEDGE_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            note(waiting.stream().filter(one -> !one.isDone()).count()
                    + " lines were not acknowledged; the server may have them or not");
            return FAILED;
        } catch (InterruptedException | ExecutionException e) {
            return FAILED;
        }
        for (CompletableFuture<Receipt> one : waiting) {
            isRefused |= isRefused(one);
        }
        return isRefused ? FAILED : 0;
    }

    private boolean isRefused(CompletableFuture<Receipt> said) {
        Throwable failure = said.handle((receipt, why) -> why).join();
        if (failure != null) {
            note("a line was not said: " + failure.getMessage());
        }
        return failure != null;
    }

    private void note(String line) {
        PrintWriter err = commandLine().getErr();
        err.println("* " + Visible.text(line));
        err.flush();
    }

    private PrintWriter out() {
        return commandLine().getOut();
    }

    private CommandLine commandLine() {
        if (spec == null) {
            throw new IllegalStateException("run by no command line");
        }
        return spec.commandLine();
    }
}

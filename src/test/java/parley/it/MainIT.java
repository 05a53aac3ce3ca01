package parley.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import parley.testclient.Client;
import parley.testclient.RawClient;

/** The built WAR as a process: what an operator sees of it. */
class MainIT {
    private static final int WRONG_USE = 2;
    private static final int FAILED = 1;

    private record Result(int exitCode, String output) {}

    /** Runs the WAR to its end, which must come by itself. */
    private static Result run(Map<String, String> environment, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(ParleyProcess.java(), "-jar", ParleyProcess.war()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().removeIf(name -> name.startsWith("PARLEY_"));
        builder.environment().putAll(environment);
        Process process = builder.start();
        try {
            process.getOutputStream().close();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
            return new Result(process.exitValue(), output);
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void helpListsTheOptions() throws Exception {
        Result help = run(Map.of(), "--help");
        assertThat(help.exitCode).isZero();
        assertThat(help.output)
                .contains(
                        "--host",
                        "--port",
                        "--context",
                        "--data",
                        "--nats",
                        "--config",
                        "--set",
                        "--prepare",
                        "--print-config");
        assertThat(help.output)
                .contains("--version", "--help", "http://<host>:<port><path>", "status.html", "--data or --nats");
    }

    @Test
    void theVersionIsTheBuilds() throws Exception {
        Result version = run(Map.of(), "--version");
        assertThat(version.exitCode).isZero();
        assertThat(version.output).matches("Parley \\d+\\.\\d+\\.\\d+\\S*\\R");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--prot 1                       | --prot   | --help",
                "--port                         | --port   | --help",
                "something                      | something | --help",
                "--port 70000                   | 'listen.port' cannot be '70000' | 0 to 65535",
                "--context parley               | 'listen.context' cannot be 'parley' | /parley",
                "--set room.policy=drop         | 'room.policy' cannot be 'drop' | drop-oldest",
                "--set windows=3                | no setting 'windows' | --print-config",
                "--config none.conf             | 'none.conf' | cannot be read",
                "--set room.window=9999         | 'room.window' is '9999' | 'room.history'",
                "--set listen.tls.keystore=no   | 'listen.tls.keystore' | no",
                "--set listen.tls.certificate=no --set listen.tls.key=no | 'listen.tls.certificate' | no",
            })
    void aWrongOptionIsOneSentenceThatSaysWhatIsAllowed(String arguments, String names, String allows)
            throws Exception {
        Result result = run(Map.of(), arguments.strip().split(" "));
        assertThat(result.exitCode).isEqualTo(WRONG_USE);
        assertThat(result.output.lines()).hasSize(1);
        assertThat(result.output).startsWith("parley: ").contains(names, allows);
    }

    @Test
    void aTakenPortIsOneSentence() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Result result = run(Map.of(), "--port", String.valueOf(taken.getLocalPort()));
            assertThat(result.exitCode).isEqualTo(FAILED);
            assertThat(result.output.lines()).hasSize(1);
            assertThat(result.output).contains("127.0.0.1:" + taken.getLocalPort() + " is taken", "--port");
        }
    }

    @Test
    void anAddressOfAnotherMachineIsOneSentence() throws Exception {
        Result result = run(Map.of(), "--host", "192.0.2.1", "--port", "0"); // TEST-NET-1, RFC 5737
        assertThat(result.exitCode).isEqualTo(FAILED);
        assertThat(result.output.lines()).hasSize(1);
        assertThat(result.output).contains("192.0.2.1", "--host");
    }

    @Test
    void theConfigurationSaysWhereEachValueCameFrom() throws Exception {
        Result result = run(Map.of("PARLEY_ROOM_WINDOW", "7"), "--print-config", "--port", "81");
        assertThat(result.exitCode).isZero();
        assertThat(result.output)
                .contains("listen.port = \"81\"  # from the command line")
                .contains("room.window = \"7\"  # from the environment")
                .contains("room.policy = \"drop-oldest\"  # default");
    }

    @Test
    void itAnswersWhenItSaysThatItRuns() throws Exception {
        try (ParleyProcess parley = ParleyProcess.start("--context", "/some/where");
                Client client = new Client(parley.socket("echo"))) {
            assertThat(client.say("at once").next()).isEqualTo("at once");
            String here = "localhost:" + parley.port() + "/some/where";
            assertThat(parley.output())
                    .contains("ws://" + here + "/chat   (a room of your own: /some/where/chat/{room}?name=you)")
                    .contains("state  http://" + here + "/status.html")
                    .contains("rooms  in memory, gone with the process   (--data <folder> keeps them)")
                    .contains("npx wscat -c \"ws://127.0.0.1:" + parley.port() + "/some/where/chat/java?name=Ann\"");
        }
    }

    @Test
    void itListensOnLoopbackAloneUnlessToldOtherwise() throws Exception {
        try (ParleyProcess parley = ParleyProcess.start()) {
            String listening = "0100007F:" + String.format("%04X", parley.port());
            assertThat(Files.readString(Path.of("/proc/net/tcp")) + Files.readString(Path.of("/proc/net/tcp6")))
                    .contains(listening);
            for (var network : Collections.list(NetworkInterface.getNetworkInterfaces())) {
                for (InetAddress address : Collections.list(network.getInetAddresses())) {
                    assertThat(address.isLoopbackAddress() || !isOpen(address, parley.port()))
                            .as(address.toString())
                            .isTrue();
                }
            }
        }
    }

    private static boolean isOpen(InetAddress address, int port) {
        try (Socket socket = new Socket(address, port)) {
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    @ParameterizedTest
    @CsvSource({"INT", "TERM"})
    void aSignalTellsEverybodyToComeBackAndEndsWith0(String signal) throws Exception {
        try (ParleyProcess parley = ParleyProcess.start();
                Client echo = new Client(parley.socket("echo"));
                Client chat = new Client(parley.socket("chat"))) {
            echo.say("open").next();
            chat.say("open").next();
            parley.signal(signal);
            assertThat(echo.closed()).isEqualTo("1001 shutdown; retry 500-8000 ms");
            assertThat(chat.closed()).isEqualTo("1001 shutdown; retry 500-8000 ms");
            assertThat(parley.exitCode()).isZero();
            assertThat(parley.output())
                    .contains("SIG" + signal + ": stopping. A second signal ends the process at once.")
                    .contains("stopped; 2 connections");
        }
    }

    @Test
    void aSignalEndsItWithinTheGraceTimeEvenIfClientsReadNothing() throws Exception {
        List<RawClient> frozen = new ArrayList<>();
        try (ParleyProcess parley = ParleyProcess.start(
                        "--set",
                        "limits.commands-per-second=0",
                        "--set",
                        "limits.bytes-per-second=0",
                        "--set",
                        "shutdown.grace=2s");
                Client talker = new Client(parley.socket("chat"))) {
            for (int i = 0; i < 5; i++) {
                frozen.add(RawClient.open(parley.port(), "/chat", 4096));
            }
            String message = "x".repeat(60_000);
            for (int i = 0; i < 200; i++) {
                talker.say(message).next(); // 12 MB each, more than the socket buffers hold
            }
            long signalled = System.nanoTime();
            parley.signal("TERM");
            assertThat(talker.closed()).startsWith("1001 ");
            assertThat(parley.exitCode()).isZero();
            // flush 1 s and grace 2 s; what the sockets would hold back without a cut is minutes
            assertThat(TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - signalled))
                    .isLessThan(10);
        } finally {
            for (RawClient client : frozen) {
                client.close();
            }
        }
    }

    @Test
    void aSecondSignalEndsItAtOnce() throws Exception {
        try (ParleyProcess parley = ParleyProcess.start(
                        "--set",
                        "shutdown.flush=1m",
                        "--set",
                        "session.send-deadline=5m",
                        "--set",
                        "limits.commands-per-second=0",
                        "--set",
                        "limits.bytes-per-second=0");
                RawClient frozen = RawClient.open(parley.port(), "/chat", 4096);
                Client talker = new Client(parley.socket("chat"))) {
            String message = "x".repeat(60_000);
            for (int i = 0; i < 200; i++) {
                talker.say(message).next(); // 12 MB: the other has a frame in flight, and the shutdown waits for it
            }
            assertThat(frozen.status()).isEqualTo(101);
            parley.signal("TERM");
            parley.awaitClosedDoor();
            parley.signal("TERM");
            assertThat(parley.exitCode()).isEqualTo(130);
        }
    }
}

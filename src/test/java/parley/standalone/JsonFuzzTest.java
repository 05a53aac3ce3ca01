package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.quicktheories.QuickTheory.qt;
import static org.quicktheories.generators.Generate.constant;
import static org.quicktheories.generators.Generate.oneOf;
import static org.quicktheories.generators.Generate.pick;
import static org.quicktheories.generators.SourceDSL.integers;
import static org.quicktheories.generators.SourceDSL.lists;
import static org.quicktheories.generators.SourceDSL.strings;
import static parley.testclient.JsonClient.parse;
import static parley.testclient.JsonClient.quoted;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.quicktheories.core.Gen;
import parley.protocol.Command;
import parley.protocol.Event;
import parley.protocol.JsonCodec;
import parley.testclient.JsonClient;
import parley.testclient.RawClient;

/** Whatever comes, nobody throws, nobody hangs, and the connection answers afterwards. Failures name their seed. */
class JsonFuzzTest extends ServerBase {
    private static final List<String> ROOMS = List.of("lobby", "a", "b", "no room");

    /** Exceptions that were logged, on whatever thread. */
    private final Queue<String> logged = new ConcurrentLinkedQueue<>();

    private final Handler handler = new Handler() {
        @Override
        public void publish(LogRecord entry) {
            if (entry.getThrown() != null
                    || entry.getLevel().intValue() >= java.util.logging.Level.WARNING.intValue()) {
                logged.add(entry.getLoggerName() + ": " + entry.getMessage() + " " + entry.getThrown());
            }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    @BeforeEach
    void watchTheLog() {
        Logger.getLogger("").addHandler(handler);
    }

    @AfterEach
    void nothingWasLogged() {
        Logger.getLogger("").removeHandler(handler);
        assertThat(logged).isEmpty();
    }

    private static Gen<String> text() {
        return oneOf(
                strings().allPossible().ofLengthBetween(0, 30),
                strings().basicLatinAlphabet().ofLengthBetween(0, 30),
                strings().betweenCodePoints(0, 0x24F).ofLengthBetween(0, 8));
    }

    private static Gen<String> string() {
        return text().map(text -> Json.createValue(text).toString());
    }

    private static Gen<String> number() {
        return oneOf(
                integers().all().map(n -> String.valueOf(n)),
                pick(List.of(
                        "0",
                        "-1",
                        "1.0",
                        "1e3",
                        "1E400",
                        "-0",
                        "01",
                        "9223372036854775808",
                        "1e99999999999",
                        "9".repeat(2_000))));
    }

    /** Any JSON of that depth, and here and there what is none. */
    private static Gen<String> json(int depth) {
        Gen<String> leaf =
                oneOf(string(), number(), pick(List.of("true", "false", "null", "nul", "'", "\"\\ud800\"", "\"\\x\"")));
        if (depth == 0) {
            return leaf;
        }
        Gen<String> inner = json(depth - 1);
        Gen<String> array = lists().of(inner).ofSizeBetween(0, 3).map(values -> "[" + String.join(",", values) + "]");
        Gen<String> object = lists().of(string().zip(inner, (key, value) -> key + ":" + value))
                .ofSizeBetween(0, 3)
                .map(fields -> "{" + String.join(",", fields) + "}");
        return oneOf(leaf, array, object);
    }

    /** An object that looks like a command: known fields, with values that may or may not be theirs. */
    private static Gen<String> nearlyACommand() {
        Gen<String> type = oneOf(
                pick(List.of(
                        "\"join\"",
                        "\"leave\"",
                        "\"say\"",
                        "\"signal\"",
                        "\"history\"",
                        "\"who\"",
                        "\"rename\"",
                        "\"ping\"")),
                json(1));
        Gen<String> room = oneOf(pick(ROOMS).map(name -> "\"" + name + "\""), json(1));
        Gen<String> field = pick(List.of(
                        "text", "data", "id", "after", "before", "history", "limit", "name", "ref", "epoch"))
                .zip(
                        oneOf(json(2), constant("{\"epoch\":\"e\",\"seq\":1}")),
                        (name, value) -> "\"" + name + "\":" + value);
        return type.zip(
                room,
                lists().of(field).ofSizeBetween(0, 4),
                (ofType, inRoom, fields) -> "{\"type\":" + ofType + ",\"room\":" + inRoom
                        + (fields.isEmpty() ? "" : "," + String.join(",", fields)) + "}");
    }

    @Test
    void theCodecAnswersWhateverComes() {
        qt().withExamples(20_000)
                .forAll(oneOf(text(), json(3), nearlyACommand()))
                .checkAssert(line -> {
                    JsonCodec.Decoded decoded = JsonCodec.decode(line);
                    if (decoded instanceof Event.Error error) {
                        assertThat(parse(JsonCodec.encode(error)).getString("reason"))
                                .isNotEmpty();
                    } else {
                        assertThat(decoded).isInstanceOf(Command.class);
                    }
                });
    }

    @Test
    void theConnectionAnswersAfterWhateverText() throws Exception {
        start("limits.commands-per-second=0", "limits.bytes-per-second=0");
        qt().withExamples(400)
                .forAll(lists().of(oneOf(text(), json(3), nearlyACommand())).ofSizeBetween(1, 30))
                .checkAssert(frames -> {
                    try (JsonClient client = new JsonClient(ws("/chat/lobby"))) {
                        frames.stream().map(JsonFuzzTest::asUtf8).forEach(client::send);
                        assertThat(client.ask("{'type':'ping'}").getString("type"))
                                .isEqualTo("pong");
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                });
    }

    /** What cannot be encoded cannot be sent: a lone surrogate becomes a question mark. */
    private static String asUtf8(String text) {
        return new String(
                text.getBytes(java.nio.charset.StandardCharsets.UTF_8), java.nio.charset.StandardCharsets.UTF_8);
    }

    @Test
    void randomBytesCloseTheConnectionOrAreAnsweredAndHarmNobodyElse() throws Exception {
        start("limits.commands-per-second=0", "limits.bytes-per-second=0");
        try (JsonClient other = new JsonClient(ws("/chat/other"))) {
            qt().withExamples(300)
                    .forAll(
                            lists().of(integers().between(0, 255)).ofSizeBetween(0, 60),
                            pick(List.of(RawClient.TEXT, RawClient.BINARY, RawClient.PING, RawClient.PONG, 3, -1)))
                    .checkAssert((bytes, opcode) -> {
                        try (RawClient client = RawClient.openJson(server.port(), "/chat/lobby", 0)) {
                            sendBytes(client, bytes, opcode);
                            other.ask("{'type':'ping'}");
                        } catch (IOException | InterruptedException e) {
                            throw new AssertionError(e);
                        }
                    });
            awaitMembers(1);
        }
    }

    /** Sends the bytes in a frame, or as they are, and reads on until there is an answer or an end. */
    private static void sendBytes(RawClient client, List<Integer> bytes, int opcode) throws IOException {
        byte[] payload = new byte[bytes.size()];
        for (int i = 0; i < payload.length; i++) {
            payload[i] = (byte) (int) bytes.get(i);
        }
        try {
            if (opcode < 0) {
                client.raw(payload);
                client.halfClose();
                client.readToEnd();
                return;
            }
            client.frame(true, opcode, payload);
            client.text(quoted("{'type':'ping','ref':'last'}"));
            RawClient.Received message = client.readMessage();
            while (message.opcode() != RawClient.CLOSE && !message.text().contains("\"last\"")) {
                message = client.readMessage();
            }
        } catch (java.net.SocketException | java.io.EOFException e) {
            return; // closed
        }
    }

    /** A command, and what it is answered with, by whether its room has been joined. */
    private record Step(String type, String room, String fields) {
        String answer(Set<String> in) {
            if (room.equals("no room")) {
                return "error bad-room";
            }
            if (!type.equals("join") && !in.contains(room)) {
                return "error not-a-member";
            }
            return switch (type) {
                case "join" -> "joined";
                case "leave" -> "left";
                case "who" -> "members";
                case "history" -> "history";
                default -> "ack";
            };
        }

        String command(int ref) {
            return quoted("{'type':'" + type + "','room':'" + room + "','ref':" + ref + fields + "}");
        }
    }

    @Test
    void commandsInAnyOrderHaveTheAnswersThatTheRoomsJoinedCallFor() throws Exception {
        start("limits.commands-per-second=0", "limits.bytes-per-second=0");
        Gen<Step> step = pick(List.of(
                        new Step("join", "", ""),
                        new Step("join", "", ",'history':3"),
                        new Step("join", "", ",'after':{'epoch':'x','seq':3}"),
                        new Step("leave", "", ""),
                        new Step("say", "", ",'text':'x'"),
                        new Step("say", "", ",'data':{'y':1},'id':'i'"),
                        new Step("signal", "", ",'data':1"),
                        new Step("history", "", ",'limit':2"),
                        new Step("who", "", "")))
                .zip(pick(ROOMS), (command, room) -> new Step(command.type, room, command.fields));
        qt().withExamples(300)
                .forAll(lists().of(step).ofSizeBetween(1, 40), integers().between(1, 5))
                .checkAssert((steps, perFrame) -> {
                    Set<String> in = new HashSet<>(List.of("lobby"));
                    List<String> expected = new ArrayList<>();
                    for (Step s : steps) {
                        String answer = s.answer(in);
                        expected.add(answer);
                        if (answer.equals("joined")) {
                            in.add(s.room);
                        } else if (answer.equals("left")) {
                            in.remove(s.room);
                        }
                    }
                    assertThat(answers(steps, perFrame)).isEqualTo(expected);
                });
    }

    private List<String> answers(List<Step> steps, int perFrame) {
        List<String> answers = new ArrayList<>();
        try (JsonClient client = new JsonClient(ws("/chat/lobby"))) {
            StringBuilder frame = new StringBuilder();
            for (int i = 0; i < steps.size(); i++) {
                frame.append(steps.get(i).command(i)).append('\n');
                if (i % perFrame == 0 || i == steps.size() - 1) {
                    client.send(frame.toString());
                    frame.setLength(0);
                }
            }
            for (JsonObject event : client.soFar()) {
                if (event.containsKey("ref")) {
                    assertThat(event.getInt("ref"))
                            .as("answers keep the order of the commands")
                            .isEqualTo(answers.size());
                    boolean isError = event.getString("type").equals("error");
                    answers.add(event.getString("type") + (isError ? " " + event.getString("code") : ""));
                }
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        return answers;
    }
}

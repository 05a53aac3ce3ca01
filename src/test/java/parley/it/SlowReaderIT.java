package parley.it;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import parley.servers.Kind;
import parley.servers.Server;
import parley.testclient.JsonClient;
import parley.testclient.RawClient;
import parley.testclient.Threads;

/**
 * Members that read less than their room has, all the time, at the defaults. The short form says so much at once that
 * what the system holds for a client is full as soon; the long one is {@code mvn failsafe:integration-test@process
 * failsafe:verify -Dit.test=SlowReaderIT -Dparley.slow-readers=180}.
 */
final class SlowReaderIT {
    private static final String NAME = "parley";
    private static final int SECONDS = Integer.getInteger("parley.slow-readers", 25);
    private static final boolean IS_SHORT = SECONDS < 60;

    private static final int BYTES_PER_SECOND = IS_SHORT ? 2_000_000 : 480_000;
    private static final int MESSAGE_BYTES = 4_000;
    private static final int BATCH = 20;

    private static final int[] READERS = {20_000, 60_000, 150_000};
    private static final int STEPS_PER_SECOND = 20;

    /**
     * A member that reads at a fixed rate without a pause, and checks that a gap covers each hole. For one
     * thread.
     */
    private static final class Reader {
        private final int bytesPerSecond;
        private final RawClient client;
        private byte[] unread = new byte[0];
        private final ByteArrayOutputStream message = new ByteArrayOutputStream();
        /** The number that comes next. */
        private long next = -1;

        int messages;
        int gaps;
        /** What ended it before it was to. */
        String end = "";

        Reader(int port, int bytesPerSecond) throws IOException {
            this.bytesPerSecond = bytesPerSecond;
            this.client = RawClient.openJson(port, "/" + NAME + "/chat/busy?name=reads-" + bytesPerSecond, 64 * 1024);
        }

        Reader read(AtomicBoolean isEnough) {
            try (client) {
                while (!isEnough.get() && end.isEmpty()) {
                    TimeUnit.MILLISECONDS.sleep(1_000 / STEPS_PER_SECOND); // the pace of the client
                    take(client.readBytes(bytesPerSecond / STEPS_PER_SECOND));
                }
            } catch (IOException e) {
                end = "cut off: " + e;
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            return this;
        }

        private void take(byte[] more) throws IOException {
            int before = unread.length;
            unread = Arrays.copyOf(unread, before + more.length);
            System.arraycopy(more, 0, unread, before, more.length);
            int at = 0;
            for (int length = frame(at); length > 0; length = frame(at)) {
                at += length;
            }
            unread = Arrays.copyOfRange(unread, at, unread.length);
        }

        /** Takes the frame there, if it is there as a whole, and returns its length. */
        private int frame(int at) throws IOException {
            int there = unread.length - at;
            if (there < 2) {
                return 0;
            }
            int length = unread[at + 1] & 0x7F;
            int bytesOfLength = length == 126 ? 2 : length == 127 ? 8 : 0;
            int head = 2 + bytesOfLength;
            if (there < head) {
                return 0;
            }
            if (bytesOfLength > 0) {
                length = 0;
                for (int i = 0; i < bytesOfLength; i++) {
                    length = length << 8 | (unread[at + 2 + i] & 0xFF);
                }
            }
            if (there < head + length) {
                return 0;
            }
            frame(new RawClient.Received(unread[at], Arrays.copyOfRange(unread, at + head, at + head + length)));
            return head + length;
        }

        private void frame(RawClient.Received frame) throws IOException {
            switch (frame.opcode()) {
                case RawClient.PING -> client.frame(true, RawClient.PONG, frame.payload());
                case RawClient.CLOSE -> end = frame.toString();
                default -> {
                    message.writeBytes(frame.payload());
                    if (frame.isLast()) {
                        message(message.toString(StandardCharsets.UTF_8));
                        message.reset();
                    }
                }
            }
        }

        private void message(String text) {
            for (String line : text.split("\n")) {
                try (JsonReader reader = Json.createReader(new StringReader(line))) {
                    event(reader.readObject());
                }
            }
        }

        private void event(JsonObject event) {
            switch (event.getString("type")) {
                case "gap" -> {
                    assertThat(event.getInt("after") + 1L).isEqualTo(next);
                    next = event.getInt("before");
                    gaps++;
                }
                case "message" -> {
                    long seq = event.getInt("seq");
                    assertThat(seq).as("without a gap").isEqualTo(next);
                    next = seq + 1;
                    messages++;
                }
                case "joined" -> next = event.getInt("seq") + 1L;
                default -> {} // presence
            }
        }
    }

    private static void talk(JsonClient talker, AtomicBoolean isEnough) throws InterruptedException {
        String text = "x".repeat(MESSAGE_BYTES);
        String say = "{\"type\":\"say\",\"room\":\"busy\",\"text\":\"" + text + "\"}\n";
        long began = System.nanoTime();
        for (long said = 0; !isEnough.get(); said += BATCH) {
            talker.send(say.repeat(BATCH));
            for (int i = 0; i < BATCH; i++) {
                talker.next("message");
                talker.next("ack");
            }
            long due = began + TimeUnit.SECONDS.toNanos(1) * (said + BATCH) * MESSAGE_BYTES / BYTES_PER_SECOND;
            TimeUnit.NANOSECONDS.sleep(Math.max(0, due - System.nanoTime())); // the pace of the room
        }
    }

    /** All were closed within half a minute, most before they were told of a gap. */
    @ParameterizedTest
    @EnumSource(
            value = Kind.class,
            names = {"STANDALONE", "TOMCAT_10_1"})
    void membersThatReadSlowlyHearWhatTheyMissAndStay(Kind kind) throws Exception {
        Path home = kind == Kind.STANDALONE ? Path.of(".") : Tool.unpacked(kind);
        try (Server server = kind.at(home)) {
            server.insteadOfShortTimes(
                    "limits.bytes-per-second=0", "limits.commands-per-second=0", "status.for=everyone");
            server.start();
            server.settings();
            server.deploy(NAME, Path.of(ParleyProcess.war()));
            AtomicBoolean isAllSaid = new AtomicBoolean();
            AtomicBoolean isEnough = new AtomicBoolean();
            List<Reader> readers = new ArrayList<>();
            List<CompletableFuture<Reader>> reading = new ArrayList<>();
            int port = server.address(NAME).getPort();
            try (JsonClient talker = new JsonClient("ws://127.0.0.1:" + port + "/" + NAME + "/chat/busy?name=talks")) {
                talker.next("joined");
                for (int bytesPerSecond : READERS) {
                    Reader reader = new Reader(port, bytesPerSecond);
                    readers.add(reader);
                    reading.add(CompletableFuture.supplyAsync(() -> reader.read(isEnough), Threads.EACH));
                }
                CompletableFuture.delayedExecutor(SECONDS, TimeUnit.SECONDS, Threads.EACH)
                        .execute(() -> isAllSaid.set(true));
                talk(talker, isAllSaid);
                assertThat(talker.ask("{'type':'who','room':'busy'}").getInt("count"))
                        .as("members; a close lies behind what a slow one has still to read")
                        .isEqualTo(1 + READERS.length);
                isEnough.set(true);
                for (CompletableFuture<Reader> each : reading) {
                    each.get(1, TimeUnit.MINUTES);
                }
            } finally {
                isEnough.set(true);
            }
            for (Reader reader : readers) {
                System.out.printf(
                        "%s: %d bytes a second for %d s: %d messages, %d gaps %s%n",
                        kind, reader.bytesPerSecond, SECONDS, reader.messages, reader.gaps, reader.end);
            }
            assertThat(readers).extracting(reader -> reader.end).containsOnly("");
            assertThat(readers).allSatisfy(reader -> {
                assertThat(reader.messages).isPositive();
                assertThat(reader.gaps).isPositive();
            });
        }
    }
}

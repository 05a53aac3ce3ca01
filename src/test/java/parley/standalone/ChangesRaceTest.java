package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import jakarta.json.JsonValue;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import parley.protocol.EventId;
import parley.testclient.EventReader;
import parley.testclient.JsonClient;

/**
 * Clients that are cut at random while others say, edit, append, remove and react end with exactly the room that a fresh
 * reader reads:
 * by WebSocket and by event stream, in memory and on disk. The long form takes {@code -Dparley.changes.cuts=300}.
 */
class ChangesRaceTest extends HttpBase {
    private static final int CUTS = Integer.getInteger("parley.changes.cuts", 15);
    private static final int WRITERS = 3;

    @TempDir
    private Path folder;

    /** A room as a client knows it: what each message says, put together from what the client was sent. */
    private static final class Known {
        private static final String REMOVED = "removed";

        private final Map<Long, String> messages = new TreeMap<>();
        private final Map<Long, Long> versions = new TreeMap<>();
        /** Messages of which a piece has come that does not follow what is known. */
        private final Set<Long> holes = new TreeSet<>();

        private final Map<Long, JsonArray> reactions = new TreeMap<>();
        private final Map<Long, Long> reacted = new TreeMap<>();
        String epoch = "";
        long last;
        boolean isRemoved;

        static long number(JsonObject event, String field) {
            return event.getJsonNumber(field).longValue();
        }

        void take(JsonObject message) {
            long seq = number(message, "seq");
            if (message.containsKey("reactions")) {
                boolean isReaction = message.containsKey("changes");
                long of = isReaction ? number(message, "changes") : seq;
                react(of, isReaction ? seq : number(message, "reacted"), message.getJsonArray("reactions"));
            }
            if (message.containsKey("changes") && message.containsKey("reactions")) {
                last = Math.max(last, seq);
                return;
            }
            if (message.containsKey("changes")) {
                long of = number(message, "changes");
                if (messages.containsKey(of)) {
                    if (message.containsKey("append")) {
                        grow(of, seq, message.getInt("start"), message.getString("append"));
                    } else {
                        fold(of, seq, message);
                    }
                }
            } else {
                long version = message.containsKey("edited") ? number(message.getJsonObject("edited"), "seq") : seq;
                fold(seq, version, message);
            }
            last = Math.max(last, seq);
        }

        private void react(long of, long version, JsonArray now) {
            if (version > reacted.getOrDefault(of, 0L)) {
                reactions.put(of, now);
                reacted.put(of, version);
            }
        }

        /** A message that was read again; where the client is stays what it is. */
        void takeAgain(JsonObject message) {
            long before = last;
            take(message);
            last = before;
        }

        private void fold(long of, long version, JsonObject message) {
            String known = messages.getOrDefault(of, "");
            long knownVersion = versions.getOrDefault(of, 0L);
            String text = message.containsKey("removed") ? REMOVED : message.getString("text");
            boolean isNewer = version > knownVersion || (version == knownVersion && text.length() > known.length());
            if (text.equals(REMOVED) || (isNewer && !known.equals(REMOVED))) {
                messages.put(of, text);
                versions.put(of, version);
                holes.remove(of);
            }
        }

        private void grow(long of, long seq, int start, String text) {
            String known = messages.get(of);
            if (known.equals(REMOVED) || seq < versions.get(of)) {
                return;
            }
            if (start > known.length()) {
                holes.add(of);
            } else if (start + text.length() > known.length()) {
                messages.put(of, known.substring(0, start) + text);
            }
        }

        Map<Long, String> says(long from) {
            Map<Long, String> says = new TreeMap<>();
            messages.forEach((seq, text) -> {
                if (seq >= from) {
                    JsonArray its = reactions.getOrDefault(seq, JsonValue.EMPTY_JSON_ARRAY);
                    says.put(seq, text.equals(REMOVED) ? text : text + its);
                }
            });
            return says;
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void clientsThatAreCutEndWithTheRoomThatAFreshReaderReads(boolean isOnDisk) throws Exception {
        List<String> settings = new ArrayList<>(
                List.of("room.history=400", "limits.commands-per-second=0", "room.open-messages=10000"));
        if (isOnDisk) {
            settings.add("data.folder=" + folder);
            settings.set(0, "room.history=20"); // most of it is read from the disk
        }
        startWithKey(settings.toArray(new String[0]));
        AtomicBoolean done = new AtomicBoolean();
        ExecutorService threads = Executors.newFixedThreadPool(WRITERS + 2);
        List<Future<?>> writers = new ArrayList<>();
        for (int i = 0; i < WRITERS; i++) {
            int writer = i;
            writers.add(threads.submit(() -> {
                write(writer, done);
                return null;
            }));
        }
        Known socket = new Known();
        Known stream = new Known();
        Future<?> reading = threads.submit(() -> {
            for (int i = 0; i < CUTS; i++) {
                readStream(stream, new Random(i).nextInt(60), 0);
            }
            return null;
        });
        for (int i = 0; i < CUTS; i++) {
            readSocket(socket, new Random(i).nextInt(60), 0);
        }
        reading.get();
        done.set(true);
        for (Future<?> writer : writers) {
            writer.get();
        }
        threads.shutdown();
        // The number of an event of pieces is that of the first, and no client could wait for that of the last.
        long head = Known.number(post("java", "{'text':'end'}").json(), "seq");
        readSocket(socket, Integer.MAX_VALUE, head);
        readStream(stream, Integer.MAX_VALUE, head);
        Known fresh = new Known();
        for (long after = 0; ; after = fresh.last) {
            List<JsonObject> page = messages("/rooms/java/messages?limit=100&after=" + after);
            page.forEach(fresh::take);
            if (page.isEmpty()) {
                break;
            }
        }
        long from = isOnDisk ? 0 : fresh.messages.keySet().iterator().next();
        assertThat(fresh.messages).hasSizeGreaterThan(20);
        assertThat(socket.says(from)).isEqualTo(fresh.says(from));
        assertThat(stream.says(from)).isEqualTo(fresh.says(from));
    }

    private void write(int writer, AtomicBoolean done) throws Exception {
        Random random = new Random(writer);
        List<Integer> own = new ArrayList<>();
        Set<Integer> open = new HashSet<>();
        try (JsonClient client = new JsonClient(ws("/chat/java?name=w" + writer))) {
            for (int i = 0; !done.get(); i++) {
                int what = own.isEmpty() ? 0 : random.nextInt(16);
                String text = "'text':'" + writer + " " + i + "'";
                if (!own.isEmpty() && random.nextInt(3) == 0) {
                    int of = own.get(Math.max(0, own.size() - 1 - random.nextInt(12)));
                    String off = random.nextInt(3) == 0 ? ",'off':true" : "";
                    client.ask("{'type':'react','room':'java','seq':" + of + ",'key':'k" + random.nextInt(4) + "'" + off
                            + "}");
                    continue;
                }
                if (what < 3) {
                    boolean isOpen = random.nextBoolean();
                    int seq = client.ask("{'type':'say','room':'java'," + text + (isOpen ? ",'final':false}" : "}"))
                            .getInt("seq");
                    own.add(seq);
                    if (isOpen) {
                        open.add(seq);
                    }
                    continue;
                }
                int index = Math.max(0, own.size() - 1 - random.nextInt(12));
                int seq = own.get(index);
                String of = ",'room':'java','seq':" + seq;
                String command = what < 6 ? "edit'" + of + "," + text : "remove'" + of;
                if (what > 6 && open.contains(seq)) {
                    command = "append'" + of + ",'text':' " + i + "'" + (what == 7 ? ",'final':true" : "");
                } else if (what > 6) {
                    continue;
                }
                JsonObject answer = client.ask("{'type':'" + command + "}");
                if (what == 6 || answer.getString("type").equals("error")) {
                    own.remove(index);
                }
                if (what == 7) {
                    open.remove(seq);
                }
            }
        }
    }

    private String place(Known known) {
        return known.epoch.isEmpty() ? "history=400" : "after=" + known.last + "&epoch=" + known.epoch;
    }

    private static String placeOfStream(Known known) {
        return known.epoch.isEmpty() ? "history=400" : "lastEventId=" + EventId.of(known.epoch, known.last);
    }

    /** Reads that many events, or up to a number. */
    private void readSocket(Known known, int events, long upTo) throws Exception {
        try (JsonClient client = new JsonClient(ws("/chat/java?" + place(known)))) {
            known.epoch = client.next("joined").getString("epoch");
            for (int i = 0; i < events && (upTo == 0 || known.last < upTo); i++) {
                JsonObject event = client.nextMessageOrGap();
                if (event.getString("type").equals("gap")) {
                    fill(known, Known.number(event, "after"), Known.number(event, "before"));
                } else {
                    known.take(event);
                    readAgain(known);
                }
            }
        }
    }

    /** Reads messages of which the room has let go of pieces that this client would have to have. */
    private void readAgain(Known known) throws Exception {
        for (long of : List.copyOf(known.holes)) {
            List<JsonObject> page = messages("/rooms/java/messages?limit=1&after=" + (of - 1));
            page.stream().filter(one -> Known.number(one, "seq") == of).forEach(known::takeAgain);
            known.holes.remove(of);
        }
    }

    /** Gets messages and changes that a gap has left out. */
    private void fill(Known known, long after, long before) throws Exception {
        long at = after;
        while (at < before - 1) {
            List<JsonObject> page = messages("/rooms/java/messages?changes=true&limit=50&after=" + at);
            if (page.isEmpty()) {
                break;
            }
            page.forEach(known::take);
            readAgain(known);
            at = Known.number(page.get(page.size() - 1), "seq");
        }
        known.last = Math.max(known.last, before - 1);
    }

    private void readStream(Known known, int events, long upTo) throws Exception {
        try (EventReader reader = EventReader.open(server.port(), "/rooms/java/events?" + placeOfStream(known))) {
            for (int i = 0; i < events && (upTo == 0 || known.last < upTo); ) {
                JsonObject event = JsonClient.parse(reader.next().data());
                switch (event.getString("type")) {
                    case "joined" -> known.epoch = event.getString("epoch");
                    case "message" -> {
                        known.take(event);
                        readAgain(known);
                        i++;
                    }
                    case "gap" -> fill(known, Known.number(event, "after"), Known.number(event, "before"));
                    default -> {} // presence
                }
            }
        }
    }
}

package parley.testclient;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Many lines at once in a room of three members that never stop reading. */
public enum Burst {
    ONE_MEMBER_SAYS_500_LINES(1, 500, false),
    THREE_MEMBERS_SAY_2000_LINES_EACH(3, 2_000, false),
    ONE_FRAME_HAS_400_LINES(1, 400, true);

    private static final int MEMBERS = 3;

    private final int senders;
    private final int lines;
    private final boolean inOneFrame;

    Burst(int senders, int lines, boolean inOneFrame) {
        this.senders = senders;
        this.lines = lines;
        this.inOneFrame = inOneFrame;
    }

    /**
     * Runs it in plain text, unless it is one frame of many lines, and asserts that every member gets every line in one
     * order.
     */
    public void inPlainText(List<String> addresses, String room) throws Exception {
        if (inOneFrame) {
            return;
        }
        List<Client> members = new ArrayList<>();
        try {
            for (int i = 0; i < MEMBERS; i++) {
                members.add(new Client(addresses.get(i % addresses.size()) + "/chat/" + room));
            }
            awaitAllIn(members);
            List<Thread> talking = new ArrayList<>();
            for (int sender = 0; sender < senders; sender++) {
                Client from = members.get(sender);
                String name = "s" + sender + " ";
                talking.add(start(() -> IntStream.range(0, lines).forEach(i -> from.say(name + i))));
            }
            List<Object> first = members.get(0).next(senders * lines);
            assertThat(first).doesNotHaveDuplicates();
            for (Client member : members.subList(1, MEMBERS)) {
                assertThat(member.next(senders * lines)).isEqualTo(first);
            }
            for (Thread thread : talking) {
                thread.join();
            }
        } finally {
            members.forEach(Client::close);
        }
    }

    /**
     * A member is in when it hears what it says itself: on another node its room may still be opening behind the
     * handshake.
     */
    private static void awaitAllIn(List<Client> members) throws InterruptedException {
        for (Client member : members) {
            String in = "in " + members.indexOf(member);
            member.say(in);
            skipTo(in, member);
        }
        members.get(0).say("all in");
        for (Client member : members) {
            skipTo("all in", member);
        }
    }

    private static void skipTo(String text, Client member) throws InterruptedException {
        Object next = member.next();
        while (!next.equals(text)) {
            next = member.next();
        }
    }

    /** Runs it in JSON, and asserts that every member gets every line, one by one, and no gap. */
    public void inJson(List<String> addresses, String room) throws Exception {
        List<JsonClient> members = new ArrayList<>();
        try {
            for (int i = 0; i < MEMBERS; i++) {
                JsonClient member = new JsonClient(addresses.get(i % addresses.size()) + "/chat/" + room);
                member.next("joined");
                members.add(member);
            }
            List<Thread> talking = new ArrayList<>();
            for (int sender = 0; sender < senders; sender++) {
                JsonClient from = members.get(sender);
                talking.add(start(() -> say(from, room)));
            }
            List<Integer> first = numbers(members.get(0));
            for (JsonClient member : members.subList(1, MEMBERS)) {
                assertThat(numbers(member)).isEqualTo(first);
            }
            for (Thread thread : talking) {
                thread.join();
            }
        } finally {
            members.forEach(JsonClient::close);
        }
    }

    private void say(JsonClient from, String room) {
        List<String> commands = IntStream.range(0, lines)
                .mapToObj(i -> "{\"type\":\"say\",\"room\":\"" + room + "\",\"text\":\"line " + i + "\"}")
                .toList();
        if (inOneFrame) {
            from.send(commands.stream().collect(Collectors.joining("\n")));
        } else {
            commands.forEach(from::send);
        }
    }

    private List<Integer> numbers(JsonClient member) throws InterruptedException {
        List<Integer> numbers = new ArrayList<>();
        while (numbers.size() < senders * lines) {
            JsonObject event = member.nextMessageOrGap();
            assertThat(event.getString("type")).as("%s", event).isEqualTo("message");
            numbers.add(event.getInt("seq"));
        }
        assertThat(numbers).isSorted().doesNotHaveDuplicates();
        return numbers;
    }

    private static Thread start(Runnable talk) {
        Thread thread = new Thread(talk, "talker");
        thread.setDaemon(true);
        thread.start();
        return thread;
    }
}

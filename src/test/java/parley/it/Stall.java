package parley.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import parley.testclient.JsonClient;

/** A server that stands still for a while, as one whose machine is suspended, and a member that talks in room tea. */
final class Stall implements AutoCloseable {
    /** Longer than the server gives a frame, and than the time between two comments. */
    private static final int SECONDS = 3;

    private final ParleyProcess parley = ParleyProcess.start(
            "--set", "session.send-deadline=1s",
            "--set", "session.ping-interval=250ms",
            "--set", "http.publish=everyone");
    private final JsonClient ben = new JsonClient(parley.socket("chat/tea?name=Ben"));
    private final List<String> said = new ArrayList<>();

    /** Something that clients do meanwhile. */
    interface Meanwhile {
        void run() throws Exception;
    }

    ParleyProcess parley() {
        return parley;
    }

    /** All that the room has, in order, but for what others said. */
    List<String> said() {
        return List.copyOf(said);
    }

    private void send(List<String> texts) {
        texts.forEach(text ->
                ben.send(JsonClient.quoted("{'type':'say','room':'tea','text':'" + text + "','ref':'" + text + "'}")));
    }

    private void awaitKept(List<String> texts) throws InterruptedException {
        for (String text : texts) {
            assertThat(ben.next("ack").getString("ref")).isEqualTo(text);
        }
        said.addAll(texts);
    }

    /** Says texts, and returns when the room has them. */
    void say(List<String> texts) throws InterruptedException {
        send(texts);
        awaitKept(texts);
    }

    /** Stops the server, says texts while it stands still, lets it go on, and returns when the room has them. */
    void during(List<String> texts, Meanwhile meanwhile) throws Exception {
        parley.signal("STOP");
        try {
            send(texts);
            meanwhile.run();
            TimeUnit.SECONDS.sleep(SECONDS);
        } finally {
            parley.signal("CONT");
        }
        awaitKept(texts);
    }

    @Override
    public void close() {
        ben.close();
        parley.close();
    }
}

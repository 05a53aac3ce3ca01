package parley.it;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import parley.client.Joining;
import parley.client.MissedRange;
import parley.client.ParleyClient;
import parley.client.RoomCallbacks;
import parley.client.RoomMessage;

/**
 * Talks in a room through the Java client, which comes back and says again by itself, and keeps what it hears. Its node
 * may end and start again at the same port.
 */
final class ClientTalker extends Thread {
    private static final int UNANSWERED = 20;

    /** What it heard, in order: numbers and ids. */
    final List<String> heard = new CopyOnWriteArrayList<>();

    private final Semaphore free = new Semaphore(UNANSWERED);
    private final ParleyClient client;
    private final String room;
    private final Set<String> said;
    private final Map<String, Long> acknowledged;
    private final Queue<String> wrong;
    private volatile boolean isTalking = true;
    private volatile long newest;

    /**
     * @param said the ids of what it says
     * @param acknowledged gets the number of each id that the server has
     * @param wrong gets what must not be
     */
    ClientTalker(
            String name,
            String address,
            String room,
            Set<String> said,
            Map<String, Long> acknowledged,
            Queue<String> wrong) {
        super(name);
        this.room = room;
        this.said = said;
        this.acknowledged = acknowledged;
        this.wrong = wrong;
        this.client = ParleyClient.to(address)
                .waits(Duration.ofMillis(50), Duration.ofMillis(500))
                .build();
    }

    @Override
    public void run() {
        try {
            var in = client.join(room, Joining.live().callbacks(new Hearing()));
            in.joined().get(1, TimeUnit.MINUTES);
            for (int number = 0; isTalking; number++) {
                free.acquire();
                String id = getName() + "-" + number;
                said.add(id);
                in.say("x", id).whenComplete((receipt, failure) -> {
                    if (failure != null) {
                        wrong.add(id + ": " + failure);
                    } else if (acknowledged.put(id, receipt.seq()) != null) {
                        wrong.add(id + " was acknowledged twice");
                    }
                    free.release();
                });
                Thread.sleep(2); // NATS 2.9 gives missed messages one by one: what is said faster is not read in time
            }
            free.acquire(UNANSWERED); // all answers
        } catch (Exception e) {
            wrong.add(getName() + ": " + e);
        }
    }

    /** Says nothing new; the thread ends when all that was said is acknowledged. */
    void stopTalking() {
        isTalking = false;
    }

    /** The number of the newest message that it has heard. */
    long newest() {
        return newest;
    }

    /** For diagnosis. */
    String state() {
        return client.state() + ", behind " + newest + ", and waits for " + (UNANSWERED - free.availablePermits());
    }

    void end() {
        client.close();
    }

    private final class Hearing implements RoomCallbacks {
        @Override
        public void message(RoomMessage message) {
            heard.add(message.seq() + " " + message.id());
            newest = message.seq();
        }

        @Override
        public void missed(MissedRange range) {
            if (range.state() == MissedRange.State.LOST) {
                wrong.add(getName() + ": messages are lost: " + range);
            }
        }

        @Override
        public void reset(String epoch) {
            wrong.add(getName() + ": the room begins anew, " + epoch);
        }
    }
}

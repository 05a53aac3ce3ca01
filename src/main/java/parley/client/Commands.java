package parley.client;

import jakarta.json.JsonObject;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The commands on a line, each with its one answer: sent in their order, at less than the server's rates, and again
 * when the server could not carry them out (docs/protocol.md, section "Commands to send again"). Used on the client's
 * strand.
 */
final class Commands {
    /** How long commands wait when one came over a rate. */
    private static final long RATE_WAIT = 1_000;
    /** How long those of a room wait when the server could not carry one out; doubles up to the most. */
    private static final long UNAVAILABLE_WAIT = 1_000;

    private static final long MOST_UNAVAILABLE_WAIT = 20_000;

    /** The commands of a room wait until then. */
    private record Pause(long until, long length) {}

    /**
     * What was sent and not answered.
     *
     * @param oldest when the oldest of these was sent; {@link Asked#NOT_SENT} for none
     */
    record OnTheirWay(long oldest, long bytes) {}

    private final ClientTimers timers;
    /** What was asked and not answered, by its ref: in the order of asking. */
    private final TreeMap<Long, Asked> asked = new TreeMap<>();
    /** The refs of what has not been sent yet, or is to be sent again. */
    private final SortedSet<Long> queue = new TreeSet<>();
    /** By room. */
    private final Map<String, Pause> pauses = new HashMap<>();

    private Connector.@Nullable Line line;
    private long refs;
    private long most;
    private long resumeAt = Long.MIN_VALUE;
    private Budget commands;
    private Budget bytes;
    private ClientTimers.Alarm pump = ClientTimers.Alarm.NONE;

    Commands(ClientTimers timers) {
        this.timers = timers;
        this.commands = new Budget(timers, 0);
        this.bytes = new Budget(timers, 0);
    }

    /** The server has said welcome, with its limits. */
    void open(Connector.Line to, ServerLimits limits) {
        line = to;
        most = limits.commandBytes();
        commands = new Budget(timers, limits.rate());
        bytes = new Budget(timers, limits.bytesPerSecond());
    }

    /** The line is lost. Returns what has no answer; the caller tells them. */
    List<Asked> drop() {
        pump.cancel();
        queue.clear();
        pauses.clear();
        resumeAt = Long.MIN_VALUE;
        line = null;
        List<Asked> all = List.copyOf(asked.values());
        asked.clear();
        return all;
    }

    /** Gives a command. Returns its ref, or 0 when it has failed at once. */
    long give(JsonObject what, Consumer<JsonObject> done, Asked.Failed failed) {
        if (line == null) {
            failed.accept(new ParleyException(ParleyException.LOST, "not connected"), false);
            return 0;
        }
        Asked one = new Asked(refs + 1, what, done, failed);
        if (one.bytes > most) {
            // Sent, it would end the connection for good.
            failed.accept(
                    new ParleyException(
                            ParleyException.TOO_LARGE,
                            "the command has " + one.bytes + " bytes; the server takes " + most + " at most"),
                    false);
            return 0;
        }
        refs = one.ref;
        asked.put(one.ref, one);
        queue.add(one.ref);
        pump();
        return one.ref;
    }

    /** Asks for a sign of life, past the queue, which may be long. */
    void ping() {
        if (line != null) {
            Asked one = new Asked(++refs, Wire.command("ping").build(), pong -> {}, Asked.Failed.SILENTLY);
            asked.put(one.ref, one);
            send(line, one);
        }
    }

    /** Takes an event that is the answer to a command; returns false for any other. */
    boolean answer(JsonObject event) {
        long ref = Wire.number(event, "ref", 0);
        Asked one = asked.get(ref);
        if (one == null) {
            return false;
        }
        boolean isError = event.getString("type").equals("error");
        String code = isError ? event.getString("code") : "";
        // Nothing waits behind a mark that cannot be kept now: the room sends the furthest again.
        boolean isTheRooms = code.equals(ParleyException.UNAVAILABLE) && one.type.equals("mark");
        boolean isLater =
                code.equals(ParleyException.RATE_LIMITED) || (code.equals(ParleyException.UNAVAILABLE) && !isTheRooms);
        if (isLater && !one.isOver) {
            later(one, code);
            return true;
        }
        asked.remove(ref);
        queue.remove(ref);
        Pause pause = pauses.get(one.room);
        if (one.isLate && pause != null && pause.until <= timers.now()) {
            pauses.remove(one.room);
        }
        one.answer(event, isError ? new ParleyException(code, event.getString("reason", "")) : null);
        return true;
    }

    /** Keeps a command that is to be sent again, and those behind it: of its room, or all when it came over a rate. */
    private void later(Asked one, String code) {
        long now = timers.now();
        one.sentAt = Asked.NOT_SENT;
        one.isLate = true;
        queue.add(one.ref);
        if (code.equals(ParleyException.UNAVAILABLE)) {
            Pause pause = pauses.get(one.room);
            if (pause == null || pause.until <= now) { // and not for each of many
                long wait = pause == null ? UNAVAILABLE_WAIT : Math.min(MOST_UNAVAILABLE_WAIT, pause.length * 2);
                pauses.put(one.room, new Pause(now + wait, wait));
            }
        } else {
            resumeAt = now + RATE_WAIT;
            commands.empty();
            bytes.empty();
        }
        pump();
    }

    /** Sends what may be sent now, within the server's rates, and comes back for the rest. */
    private void pump() {
        pump.cancel();
        if (line == null) {
            return;
        }
        long now = timers.now();
        long next = resumeAt > now ? resumeAt : Long.MAX_VALUE;
        Iterator<Long> waiting = queue.iterator();
        while (resumeAt <= now && waiting.hasNext()) {
            Asked one = Objects.requireNonNull(asked.get(waiting.next()));
            Pause pause = pauses.get(one.room);
            if (pause != null && pause.until > now) {
                next = Math.min(next, pause.until);
                continue;
            }
            long wait = Math.max(commands.millisUntil(1), bytes.millisUntil(one.bytes));
            if (wait > 0) {
                next = Math.min(next, now + wait);
                break;
            }
            waiting.remove();
            send(line, one);
        }
        if (next < Long.MAX_VALUE && !queue.isEmpty()) {
            pump = timers.after(Math.max(1, next - now), this::pump);
        }
    }

    private void send(Connector.Line to, Asked one) {
        one.sentAt = timers.now();
        one.wasSent = true;
        commands.spend(1);
        bytes.spend(one.bytes);
        to.send(one.frame, one.bytes);
    }

    /** What a command asks for has happened: it is not sent, or not sent again. */
    void settled(long ref) {
        Asked one = asked.get(ref);
        if (one == null) {
            return;
        }
        if (queue.remove(ref)) {
            asked.remove(ref);
        } else {
            one.isOver = true;
        }
    }

    /** Takes back what was to be sent for a room that is left, and returns it; the caller tells them. */
    List<Asked> withdraw(String room) {
        List<Asked> unsent = new ArrayList<>();
        for (Asked one : List.copyOf(asked.values())) {
            if (one.room.equals(room) && !one.type.equals("leave")) {
                if (queue.contains(one.ref)) {
                    unsent.add(one);
                }
                settled(one.ref);
            }
        }
        pauses.remove(room);
        return unsent;
    }

    OnTheirWay onTheirWay() {
        long oldest = Asked.NOT_SENT;
        long sum = 0;
        for (Asked one : asked.values()) {
            if (one.sentAt != Asked.NOT_SENT) {
                oldest = oldest == Asked.NOT_SENT ? one.sentAt : Math.min(oldest, one.sentAt);
                sum += one.bytes;
            }
        }
        return new OnTheirWay(oldest, sum);
    }
}

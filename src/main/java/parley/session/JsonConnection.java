package parley.session;

import org.jspecify.annotations.Nullable;
import parley.delivery.Frame;
import parley.delivery.Transport;
import parley.protocol.Command;
import parley.protocol.ErrorCode;
import parley.protocol.Event;
import parley.protocol.JsonCodec;
import parley.protocol.MemberName;
import parley.room.Departure;
import parley.room.Member;
import parley.room.RoomRegistry;

/**
 * A session that speaks {@code parley.v1.json}: in many rooms at once, with an answer to every command.
 *
 * <p>What it is sent comes from the answers first, and then from its rooms in turn, one frame each: a busy room does
 * not keep a quiet one waiting for more than a frame. An answer is queued before what it answers takes effect on the
 * room traffic, so nothing of a room comes before its {@code joined} or after its {@code left}.
 */
public final class JsonConnection extends ChatConnection {
    private final Memberships members = new Memberships(this);
    private final Answers answers;
    private final WatchedRooms watched;
    private final JsonCommands commands;

    /** Set when nothing but the last event is to be sent any more. */
    private volatile boolean isLeaving;
    /** Set by the draining thread when it takes the last event. */
    private volatile boolean saidBye;

    // Touched by the draining thread
    /** Whose turn it is among the rooms. */
    private int turn;

    JsonConnection(
            Sessions sessions, Client client, Transport transport, RoomRegistry rooms, @Nullable MemberName name) {
        super(sessions, client, transport);
        this.answers = new Answers(this, rooms.limits().batchBytes());
        this.watched =
                new WatchedRooms(this, rooms.watching(), answers, rooms.limits().batchBytes());
        this.commands = new JsonCommands(this, rooms, members, answers, watched, name);
        SessionLimits limits = sessions.limits();
        answers.add(new Event.Welcome(
                client.session(),
                commands.called(),
                user(),
                limits.messageBytes(),
                limits.commandBytes(),
                limits.rooms(),
                limits.commandsPerSecond(),
                limits.bytesPerSecond()));
    }

    @Override
    void enter(RoomRegistry rooms, FirstRoom first) {
        commands.enter(first);
        drain().wake();
    }

    @Override
    public int longestMessage() {
        return sessions().limits().commandBytes();
    }

    @Override
    public void text(String message, int bytes) {
        Rate.Allowance ofBytes = mayBring(bytes); // with what it has besides commands
        int lines = 0;
        int from = 0;
        while (from <= message.length()) {
            int end = message.indexOf('\n', from);
            end = end < 0 ? message.length() : end;
            String line = message.substring(from, end);
            if (!line.isBlank()) {
                lines++;
                line(line, ofBytes);
            }
            from = end + 1;
        }
        if (ofBytes == Rate.Allowance.FLOODING) {
            end(Ending.FLOODING_BYTES);
        } else if (lines == 0 && mayCommand() == Rate.Allowance.FLOODING) {
            end(Ending.FLOODING); // a blank frame means nothing, and costs as much as a command
        }
        drain().wake();
        backpressure().keepPace();
    }

    private void line(String line, Rate.Allowance ofBytes) {
        if (sessions().isLeaving() || hasEnded()) {
            return; // without an answer it was not carried out, for all that the client knows
        }
        boolean isWithinBytes = ofBytes == Rate.Allowance.ALLOWED;
        Rate.Allowance allowance = isWithinBytes ? mayCommand() : ofBytes;
        if (allowance == Rate.Allowance.FLOODING) {
            end(isWithinBytes ? Ending.FLOODING : Ending.FLOODING_BYTES);
            return;
        }
        JsonCodec.Decoded decoded = JsonCodec.decode(line);
        if (allowance == Rate.Allowance.LIMITED) {
            limited(decoded, isWithinBytes);
        } else if (decoded instanceof Event.Error error) {
            answers.fail(error);
        } else {
            commands.carryOut((Command) decoded);
        }
        if (answers.fillAFrame()) {
            drain().wake();
        }
    }

    private void limited(JsonCodec.Decoded command, boolean isWithinBytes) {
        sessions().countLimited();
        SessionLimits limits = sessions().limits();
        String reason = "too many "
                + (isWithinBytes
                        ? "commands a second: at most " + limits.commandsPerSecond()
                        : "bytes a second: at most " + limits.bytesPerSecond())
                + ", and " + Rate.BURST_SECONDS + " times that in a burst; send it again later";
        answers.fail(command, ErrorCode.RATE_LIMITED, reason);
    }

    @Override
    @Nullable
    Frame nextFrame() {
        // Read before the answers are: a member in here has its joined among them, or behind it.
        Member[] now = members.all();
        Frame next = nextAnswer();
        if (next != null || saidBye) {
            return saidBye ? null : next;
        }
        if (isLeaving) {
            if (!answers.isEmpty()) {
                return null; // one is still to come: bye is the last word
            }
            saidBye = true;
            Spread spread = sessions().spread();
            return new Frame.Text(JsonCodec.encode(new Event.Bye("shutdown", spread.min(), spread.max())));
        }
        int turns = now.length + 1; // one for all rooms that it watches
        for (int i = 0; i < turns && next == null; i++) {
            turn = (turn + 1) % turns;
            next = turn < now.length ? now[turn].next() : watched.next();
        }
        return next;
    }

    @Override
    @Nullable
    String called() {
        return commands.called();
    }

    @Override
    boolean owesAnswers() {
        return !answers.isEmpty();
    }

    @Override
    @Nullable
    Frame nextAnswer() {
        return answers.next();
    }

    @Override
    void sayBye() {
        isLeaving = true;
        drain().wake();
    }

    @Override
    long waitingBytes() {
        return answers.bytes();
    }

    @Override
    boolean hasMoreToSend() {
        return !saidBye && (isLeaving || !answers.isEmpty() || members.areBehind());
    }

    @Override
    void frameUnderWay(long nanos) {
        members.frameUnderWay(nanos);
    }

    @Override
    void release(Departure how) {
        members.leaveAll(how);
        watched.close();
        answers.clear();
    }
}

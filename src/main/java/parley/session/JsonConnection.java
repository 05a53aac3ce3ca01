package parley.session;

import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import parley.access.BadTokenException;
import parley.access.Grant;
import parley.delivery.Frame;
import parley.delivery.Transport;
import parley.protocol.Command;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.ErrorCode;
import parley.protocol.Event;
import parley.protocol.JsonCodec;
import parley.protocol.MemberName;
import parley.protocol.Ref;
import parley.protocol.RoomName;
import parley.protocol.Utf8;
import parley.room.Entry;
import parley.room.Format;
import parley.room.History;
import parley.room.Joined;
import parley.room.Member;
import parley.room.Outcome;
import parley.room.Presence;
import parley.room.Room;
import parley.room.RoomRegistry;

/**
 * A session that speaks {@code parley.v1.json}: in many rooms at once, with an answer to every command.
 *
 * <p>What it is sent comes from the answers first, and then from its rooms in turn, one frame each: a busy room does not keep a
 * quiet one waiting for more than a frame. An answer is queued before what it answers takes effect on the room traffic, so
 * nothing of a room comes before its {@code joined} or after its {@code left}.
 */
public final class JsonConnection extends ChatConnection {
    /** Who makes more mistakes than that, with a burst of five times that, and keeps on, is closed. */
    private static final int ERRORS_PER_SECOND = 20;

    /** So many pages of history may be on their way from where rooms are kept. */
    private static final int MOST_READS = 16;

    private static final Member[] NOWHERE = {};

    private final RoomRegistry rooms;
    private final Backlog<Supplier<String>> answers;

    /** The rooms it is in. Replaced by the thread that brings the messages, read by any. */
    private volatile Member[] members = NOWHERE;
    /** The pages of history that it waits for. */
    private final AtomicInteger reads = new AtomicInteger();
    /** Set while a thread is about to wake it for answers that have come late. */
    private final AtomicBoolean isToBeWoken = new AtomicBoolean();
    /** Set when nothing but the last event is to be sent any more. */
    private volatile boolean isLeaving;
    /** Set by the draining thread when it takes the last event. */
    private volatile boolean saidBye;

    // Touched by the thread that brings the messages
    private final Rate errors;
    private @Nullable MemberName name;

    // Touched by the draining thread
    /** Whose turn it is among the rooms. */
    private int turn;

    JsonConnection(
            Sessions sessions, Client client, Transport transport, RoomRegistry rooms, @Nullable MemberName name) {
        super(sessions, client, transport);
        this.rooms = rooms;
        this.name = name;
        this.answers = new Backlog<>(sessions.limits().backlog());
        this.errors = new Rate(ERRORS_PER_SECOND, sessions.now());
        SessionLimits limits = sessions.limits();
        answer(new Event.Welcome(
                client.session(),
                called(),
                limits.messageBytes(),
                limits.commandBytes(),
                limits.rooms(),
                limits.commandsPerSecond()));
    }

    @Override
    void enter(RoomRegistry rooms, Admission.Chat entry) {
        Later answer = new Later();
        Entry entered = rooms.join(entry.room(), entry.start(), this, Format.JSON, name, joined -> {
            if (joined == null) {
                end(Ending.NOT_KEPT);
            } else {
                answer.give(joined(null, joined), joined.member()::begin);
            }
        });
        if (!(entered instanceof Entry.In in)) {
            end(entered == Entry.No.ROOM_FULL ? Ending.ROOM_FULL : Ending.TOO_MANY_ROOMS);
            return;
        }
        add(in.member());
        answer.isLate = true;
        drain().wake();
    }

    private void add(Member member) {
        Member[] more = new Member[members.length + 1];
        System.arraycopy(members, 0, more, 0, members.length);
        more[members.length] = member;
        replaceMembers(more);
    }

    private void replaceMembers(Member[] now) {
        members = now;
        if (hasEnded()) {
            release(); // ended meanwhile, and did not find the new one to leave with
        }
    }

    @Override
    public int longestMessage() {
        return sessions().limits().commandBytes();
    }

    @Override
    public void text(String message, int bytes) {
        Rate.Verdict verdict = mayBring(bytes); // with what it has besides commands
        int lines = 0;
        int from = 0;
        while (from <= message.length()) {
            int end = message.indexOf('\n', from);
            end = end < 0 ? message.length() : end;
            String line = message.substring(from, end);
            if (!line.isBlank()) {
                lines++;
                line(line, verdict);
            }
            from = end + 1;
        }
        if (lines == 0) {
            line("", verdict);
        }
        drain().wake();
    }

    private void line(String line, Rate.Verdict ofBytes) {
        if (sessions().isLeaving() || hasEnded()) {
            return; // without an answer it was not carried out, for all that the client knows
        }
        Rate.Verdict verdict = ofBytes == Rate.Verdict.ALLOWED ? mayCommand() : ofBytes;
        if (verdict == Rate.Verdict.FLOODING) {
            end(Ending.FLOODING);
            return;
        }
        JsonCodec.Decoded decoded = JsonCodec.decode(line);
        if (verdict == Rate.Verdict.LIMITED) {
            limited(decoded);
        } else if (decoded instanceof Event.Error error) {
            fail(error);
        } else {
            carryOut((Command) decoded);
        }
        if (answers.bytes() > rooms.limits().batchBytes()) {
            drain().wake();
        }
    }

    private void limited(JsonCodec.Decoded command) {
        sessions().countLimited();
        String reason = "at most " + sessions().limits().commandsPerSecond() + " commands and "
                + sessions().limits().bytesPerSecond() + " bytes a second, 0 meaning any, and " + Rate.BURST_SECONDS
                + " times that in a burst; send it again later";
        fail(command, ErrorCode.RATE_LIMITED, reason);
    }

    private void carryOut(Command command) {
        if (command instanceof Command.Join join) {
            join(join);
        } else if (command instanceof Command.Rename rename) {
            rename(rename);
        } else if (command instanceof Command.Renew renew) {
            renew(renew);
        } else if (command instanceof Command.Ping ping) {
            answer(new Event.Pong(ping.ref()));
        } else {
            Member in = memberIn(command.room());
            if (in == null) {
                fail(command, ErrorCode.NOT_A_MEMBER, "join the room first");
            } else {
                carryOut(command, in);
            }
        }
    }

    private void carryOut(Command command, Member in) {
        boolean writes = command instanceof Command.Say || command instanceof Command.Signal;
        if (writes && !grant().mayWrite(in.room().name())) {
            fail(command, ErrorCode.FORBIDDEN, "the token lets nobody write in this room");
            return;
        }
        if (command instanceof Command.Say say) {
            say(say, in);
        } else if (command instanceof Command.Signal signal) {
            signal(signal, in);
        } else if (command instanceof Command.Leave leave) {
            leave(leave, in);
        } else if (command instanceof Command.History history) {
            history(history, in);
        } else if (command instanceof Command.Who who) {
            who(who, in);
        } else {
            throw new AssertionError(command);
        }
    }

    private void say(Command.Say say, Member in) {
        if (isTooLarge(say.content())) {
            tooLarge(say);
            return;
        }
        Room room = in.room();
        Draft draft = new Draft(called(), say.content(), say.id());
        if (!room.isStored()) {
            answer(answer(say, room.publish(draft)));
            return;
        }
        Later answer = new Later();
        Outcome.NotKept not = room.publish(draft, outcome -> answer.give(answer(say, outcome)));
        if (not != null) {
            answer.give(answer(say, not));
        }
        answer.isLate = true;
    }

    private static Event answer(Command.Say say, Outcome outcome) {
        return outcome instanceof Outcome.Published published
                ? new Event.Ack(say.ref(), say.room(), published.seq(), published.duplicate())
                : new Event.Error(say.ref(), ErrorCode.UNAVAILABLE, ((Outcome.NotKept) outcome).reason(), say.room());
    }

    private void signal(Command.Signal signal, Member in) {
        if (isTooLarge(signal.data())) {
            tooLarge(signal);
            return;
        }
        in.room().signal(new Draft(called(), signal.data(), null));
        answer(new Event.Ack(signal.ref(), signal.room(), null, null));
    }

    private void join(Command.Join join) {
        if (!grant().mayRead(join.room())) {
            fail(join, ErrorCode.FORBIDDEN, "the token lets nobody into this room");
            return;
        }
        Member before = memberIn(join.room());
        if (before != null && join.after() == null && join.history() == null) {
            Later answer = new Later();
            before.room()
                    .tell(before, joined -> answer.give(joined == null ? unread(join) : joined(join.ref(), joined)));
            answer.isLate = true;
            return;
        }
        if (before == null && members.length >= sessions().limits().rooms()) {
            int most = sessions().limits().rooms();
            fail(join, ErrorCode.TOO_MANY_ROOMS, "a connection may be in " + most + " rooms; leave one first");
            return;
        }
        RoomRegistry.Position start = join.after() != null
                ? rooms.position(join.room(), join.after())
                : rooms.position(join.room(), join.history() == null ? 0 : join.history());
        Later answer = new Later();
        Consumer<@Nullable Joined> told = joined -> {
            if (joined == null) {
                answer.give(unread(join));
            } else {
                answer.give(joined(join.ref(), joined), joined.member()::begin);
            }
        };
        if (before != null) {
            Member again = rooms.rejoin(before, start, this, Format.JSON, name, told);
            if (again != null) {
                remove(before);
                add(again);
            } else {
                answer.give(unread(
                        join)); // unless the connection has ended, what is kept of the room could not be read just now
            }
        } else {
            Entry entered = rooms.join(join.room(), start, this, Format.JSON, name, told);
            if (entered instanceof Entry.In in) {
                add(in.member());
            } else {
                refuse(answer, refused(join, entered));
            }
        }
        answer.isLate = true;
    }

    private static Event.Error refused(Command.Join join, Entry entered) {
        return entered == Entry.No.ROOM_FULL
                ? new Event.Error(
                        join.ref(),
                        ErrorCode.ROOM_FULL,
                        "the room has as many members as it may; try later",
                        join.room())
                : new Event.Error(
                        join.ref(),
                        ErrorCode.TOO_MANY_ROOMS,
                        "the server has as many rooms as it may; try later",
                        join.room());
    }

    private void leave(Command.Leave leave, Member in) {
        in.leave();
        remove(in);
        answer(new Event.Left(leave.ref(), leave.room()));
    }

    private void remove(Member member) {
        Member[] fewer = new Member[members.length - 1];
        int kept = 0;
        for (Member other : members) {
            if (other != member) {
                fewer[kept++] = other;
            }
        }
        replaceMembers(fewer);
    }

    private void history(Command.History history, Member in) {
        History.Range range = history.after() != null
                ? History.Range.after(history.after(), history.limit())
                : history.before() != null
                        ? History.Range.before(history.before(), history.limit())
                        : History.Range.newest(history.limit());
        if (reads.get() >= MOST_READS) {
            fail(
                    history,
                    ErrorCode.RATE_LIMITED,
                    "at most " + MOST_READS
                            + " pages are read at a time for a connection; ask again when one has come");
            return;
        }
        reads.incrementAndGet();
        Later answer = new Later();
        in.room().read(in, range, page -> {
            reads.decrementAndGet();
            answer.give(page == null ? unread(history) : page(history, page));
        });
        answer.isLate = true;
    }

    private static Event unread(Command command) {
        return new Event.Error(
                command.ref(), ErrorCode.UNAVAILABLE, "the messages cannot be read now; ask again", command.room());
    }

    private static Event page(Command.History history, History.Page page) {
        return new Event.History(
                history.ref(), history.room(), page.epoch(), page.messages(), page.more(), page.first());
    }

    private void who(Command.Who who, Member in) {
        // Looked up when it is sent: looked up now, it could be older than presence that is sent before it, and wrong
        // for good.
        answer(
                () -> {
                    Presence.Picture now = in.room().picture();
                    return JsonCodec.encode(
                            new Event.Members(who.ref(), who.room(), now.names(), now.count(), !now.isWhole()));
                },
                0);
    }

    private void rename(Command.Rename rename) {
        if (grant().name() != null && !rename.name().equals(grant().name())) {
            fail(rename, ErrorCode.FORBIDDEN, "the name is the one that the token says");
            return;
        }
        name = rename.name();
        for (Member member : members) {
            member.rename(rename.name().value());
        }
        answer(new Event.Ack(rename.ref(), null, null, null));
    }

    /** Another token for the one that ends: of the same name, and without the rooms that it does not open any more. */
    private void renew(Command.Renew renew) {
        Grant other;
        try {
            other = sessions().access().renew(renew.token());
        } catch (BadTokenException e) {
            fail(renew, ErrorCode.FORBIDDEN, String.valueOf(e.getMessage()));
            return;
        }
        if (!Objects.equals(other.name(), grant().name())) {
            fail(renew, ErrorCode.FORBIDDEN, "the token is of another name; open another connection with it");
            return;
        }
        grant(other);
        answer(new Event.Ack(renew.ref(), null, null, null));
        for (Member member : members) {
            RoomName room = member.room().name();
            if (!other.mayRead(room)) {
                member.leave();
                remove(member);
                answer(new Event.Left(null, room));
            }
        }
    }

    private @Nullable Member memberIn(@Nullable RoomName room) {
        for (Member member : members) {
            if (member.room().name().equals(room)) {
                if (!member.hasLeft()) {
                    return member;
                }
                remove(member); // what is kept of the room could not be read when it came in
                return null;
            }
        }
        return null;
    }

    private @Nullable String called() {
        return name == null ? null : name.value();
    }

    private boolean isTooLarge(Content content) {
        return content.bytes() > sessions().limits().messageBytes();
    }

    private void tooLarge(Command command) {
        int most = sessions().limits().messageBytes();
        fail(command, ErrorCode.TOO_LARGE, "text and data are at most " + most + " bytes of UTF-8");
    }

    private void fail(JsonCodec.Decoded command, ErrorCode code, String reason) {
        fail(new Event.Error(command.ref(), code, reason, command.room()));
    }

    private void fail(Event.Error error) {
        refuse(new Later(), error);
    }

    private void refuse(Later answer, Event.Error error) {
        if (errors.take(sessions().now()) == Rate.Verdict.FLOODING) {
            end(Ending.TOO_MANY_ERRORS);
        } else {
            answer.give(error);
        }
    }

    private static Event joined(@Nullable Ref ref, Joined joined) {
        return new Event.Joined(
                ref, joined.member().room().name(), joined.epoch(), joined.head(), joined.count(), joined.recovered());
    }

    private void answer(Event event) {
        String line = JsonCodec.encode(event);
        answer(() -> line, Utf8.length(line));
    }

    /**
     * An answer that comes at once, or later by a thread that is not to send: it keeps its place meanwhile, since answers are in the order of
     * the commands.
     */
    private final class Later {
        private final Backlog.@Nullable Place<Supplier<String>> place = answers.reserve();
        /** Set when the command has been carried out but for this: who gives it from then on has it sent. */
        volatile boolean isLate;

        void give(Event event) {
            give(event, () -> {});
        }

        /** The same, with something to do when it is sent. */
        void give(Event event, Runnable whenSent) {
            String line = JsonCodec.encode(event);
            Supplier<String> answer = () -> {
                whenSent.run();
                return line;
            };
            if (place == null || !answers.fill(place, answer, Utf8.length(line))) {
                end(Ending.ANSWER_BACKLOG);
            } else if (isLate && !isToBeWoken.getAndSet(true)) {
                sessions().fanOut().execute(JsonConnection.this::wakeOnce);
            }
        }
    }

    /** For all answers that have come late since the last time. */
    private void wakeOnce() {
        isToBeWoken.set(false);
        drain().wake();
    }

    private void answer(Supplier<String> line, int bytes) {
        if (!answers.add(line, bytes)) {
            end(Ending.ANSWER_BACKLOG);
        }
    }

    @Override
    @Nullable
    Frame nextFrame() {
        Member[] now = members; // read before the answers are: who is in here has its joined among them, or behind it
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
        for (int i = 0; i < now.length && next == null; i++) {
            turn = (turn + 1) % now.length;
            next = now[turn].next();
        }
        return next;
    }

    @Override
    boolean owesAnswers() {
        return !answers.isEmpty();
    }

    @Override
    @Nullable
    Frame nextAnswer() {
        Supplier<String> first = answers.poll();
        if (first == null) {
            return null;
        }
        Supplier<String> next = answers.poll();
        if (next == null) {
            return new Frame.Text(first.get());
        }
        StringBuilder lines = new StringBuilder(first.get());
        while (next != null) {
            lines.append('\n').append(next.get());
            next = lines.length() < rooms.limits().batchBytes() ? answers.poll() : null;
        }
        return new Frame.Text(lines.toString());
    }

    @Override
    void sayBye() {
        isLeaving = true;
        drain().wake();
    }

    @Override
    boolean hasMoreToSend() {
        if (saidBye) {
            return false;
        }
        boolean isBehind = isLeaving || !answers.isEmpty();
        for (Member member : members) {
            isBehind |= member.isBehind();
        }
        return isBehind;
    }

    @Override
    void release() {
        for (Member member : members) {
            member.leave();
        }
        answers.clear();
    }
}

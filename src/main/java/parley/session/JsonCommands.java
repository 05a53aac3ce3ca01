package parley.session;

import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import parley.access.BadTokenException;
import parley.access.Grant;
import parley.protocol.Command;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.ErrorCode;
import parley.protocol.Event;
import parley.protocol.JsonCodec;
import parley.protocol.MemberName;
import parley.protocol.Ref;
import parley.protocol.RoomName;
import parley.room.Entry;
import parley.room.Format;
import parley.room.History;
import parley.room.Joined;
import parley.room.KeyedValues;
import parley.room.MarkStore;
import parley.room.Member;
import parley.room.Outcome;
import parley.room.Presence;
import parley.room.RoomRegistry;
import parley.room.Start;

/** What each command of a JSON session does. For the thread that brings the messages. */
final class JsonCommands {
    /** So many pages of history may be on their way from where rooms are stored. */
    private static final int MOST_READS = 16;

    private final JsonConnection connection;
    private final SessionLimits limits;
    private final RoomRegistry rooms;
    private final Memberships members;
    private final Answers answers;
    private final WatchedRooms watched;
    private final Changes changes;
    private final KeyCommands keys;
    /** The pages of history that the client waits for. Lowered by any thread. */
    private final AtomicInteger reads = new AtomicInteger();

    /** Read by any thread. */
    private volatile @Nullable MemberName name;

    JsonCommands(
            JsonConnection connection,
            RoomRegistry rooms,
            Memberships members,
            Answers answers,
            WatchedRooms watched,
            @Nullable MemberName name) {
        this.connection = connection;
        this.limits = connection.sessions().limits();
        this.rooms = rooms;
        this.members = members;
        this.answers = answers;
        this.watched = watched;
        this.changes = new Changes(connection, answers);
        this.keys = new KeyCommands(connection, answers);
        this.name = name;
    }

    /** Joins the room of the handshake. */
    void enter(FirstRoom first) {
        Answers.Later answer = answers.later();
        Entry entered = rooms.join(first.room(), first.start(), connection, Format.JSON, name, joined -> {
            if (joined == null) {
                connection.end(Ending.NOT_KEPT);
            } else {
                answer.give(joined(null, joined), joined.member()::begin);
            }
        });
        if (!(entered instanceof Entry.In in)) {
            connection.end(entered == Entry.No.ROOM_FULL ? Ending.ROOM_FULL : Ending.TOO_MANY_ROOMS);
            return;
        }
        members.add(in.member());
        answer.carriedOut();
    }

    /** Carries a command out and answers it, at once or later. */
    void carryOut(Command command) {
        if (command instanceof Command.Join join) {
            join(join);
        } else if (command instanceof Command.Rename rename) {
            rename(rename);
        } else if (command instanceof Command.Renew renew) {
            renew(renew);
        } else if (command instanceof Command.Watch watch) {
            watched.watch(watch);
        } else if (command instanceof Command.Ping ping) {
            answers.add(new Event.Pong(ping.ref()));
        } else {
            Member in = members.in(command.room());
            if (in == null) {
                answers.fail(command, ErrorCode.NOT_A_MEMBER, "join the room first");
            } else {
                carryOut(command, in);
            }
        }
    }

    private void carryOut(Command command, Member in) {
        boolean writes = command instanceof Command.Say
                || command instanceof Command.Put
                || command instanceof Command.Unset
                || command instanceof Command.Signal
                || command instanceof Command.State;
        if (writes && !connection.grant().mayWrite(in.room().name())) {
            answers.fail(command, ErrorCode.FORBIDDEN, "this token does not allow writing in this room");
            return;
        }
        if (command instanceof Command.Say say) {
            say(say, in);
        } else if (command instanceof Command.Put put) {
            put(put, in);
        } else if (command instanceof Command.Unset unset) {
            keys.unset(unset, in, called());
        } else if (command instanceof Command.Edit edit) {
            change(edit, edit.content(), edit.id(), in);
        } else if (command instanceof Command.Append append) {
            change(append, append.text(), append.id(), in);
        } else if (command instanceof Command.Remove remove) {
            Draft sender = new Draft(called(), connection.user(), Content.REMOVED, null);
            changes.carryOut(remove, in, sender);
        } else if (command instanceof Command.React react) {
            changes.react(react, in, new Draft(called(), connection.user(), Content.REACTIONS, react.id()));
        } else if (command instanceof Command.Signal signal) {
            signal(signal, in);
        } else if (command instanceof Command.State state) {
            state(state, in);
        } else if (command instanceof Command.Mark mark) {
            mark(mark, in);
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
        Answers.Later answer = answers.later();
        Draft draft = new Draft(called(), connection.user(), say.content(), say.id(), say.standing());
        connection.backpressure().publish(in.room(), draft, outcome -> answer.give(answer(say, in, outcome)));
        answer.carriedOut();
    }

    private Event answer(Command.Say say, Member in, Outcome outcome) {
        if (!(outcome instanceof Outcome.Published published)) {
            return Changes.refusal(say, outcome);
        }
        if (!published.duplicate()) {
            changes.said(in, published.seq(), say.standing().growth().isOpen());
        }
        return new Event.Ack(say.ref(), say.room(), published.seq(), published.duplicate());
    }

    private void change(Command.OfMessage command, Content content, @Nullable String id, Member in) {
        if (isTooLarge(content)) {
            tooLarge(command);
        } else {
            changes.carryOut(command, in, new Draft(called(), connection.user(), content, id));
        }
    }

    private void put(Command.Put put, Member in) {
        if (isTooLarge(put.content())) {
            tooLarge(put);
        } else {
            keys.put(put, in, called());
        }
    }

    private void signal(Command.Signal signal, Member in) {
        if (isTooLarge(signal.data())) {
            tooLarge(signal);
            return;
        }
        in.room().signal(new Draft(called(), connection.user(), signal.data(), null));
        answers.add(new Event.Ack(signal.ref(), signal.room(), null, null));
    }

    private void state(Command.State state, Member in) {
        switch (in.room().show(in, state.state())) {
            case DONE -> answers.add(new Event.Ack(state.ref(), state.room(), null, null));
            case NAMELESS ->
                answers.fail(state, ErrorCode.BAD_NAME, "a member without a name shows no state; take a name first");
            case FULL ->
                answers.fail(
                        state, ErrorCode.ROOM_FULL, "the server holds as many states as it may; try a smaller one");
        }
    }

    private void mark(Command.Mark mark, Member in) {
        String user = connection.user();
        if (user == null) {
            answers.fail(
                    mark,
                    ErrorCode.FORBIDDEN,
                    "a read mark belongs to a user, and the server does not know which user this client is; connect"
                            + " with a token that has a sub");
            return;
        }
        Answers.Later answer = answers.later();
        in.room().marks().raise(in, user, mark.epoch(), mark.seq(), raised -> answer.give(answer(mark, raised)));
        answer.carriedOut();
    }

    private static Event answer(Command.Mark mark, MarkStore.Answer raised) {
        if (raised instanceof MarkStore.Holds holds) {
            return new Event.Ack(mark.ref(), mark.room(), holds.mark().seq(), null);
        }
        return switch ((MarkStore.No) raised) {
            case OTHER_HISTORY ->
                new Event.Error(
                        mark.ref(),
                        ErrorCode.OTHER_EPOCH,
                        "the room is in another epoch, in which this seq means another message; joined says which",
                        mark.room());
            case FULL ->
                new Event.Error(
                        mark.ref(),
                        ErrorCode.ROOM_FULL,
                        "the server keeps as many read marks as room.marks or its memory allows",
                        mark.room());
            case NONE, NOT_NOW ->
                new Event.Error(
                        mark.ref(),
                        ErrorCode.UNAVAILABLE,
                        "the mark could not be kept now; send it again",
                        mark.room());
        };
    }

    private void join(Command.Join join) {
        if (!connection.grant().mayRead(join.room())) {
            answers.fail(join, ErrorCode.FORBIDDEN, "this token does not give access to this room");
            return;
        }
        if (join.state() && !rooms.store(join.room()).keepsValues()) {
            answers.fail(join, ErrorCode.NOT_IMPLEMENTED, KeyedValues.NOT_HERE);
            return;
        }
        Member before = members.in(join.room());
        if (before != null && join.after() == null && join.history() == null && !join.state()) {
            Answers.Later answer = answers.later();
            before.room()
                    .describe(
                            before, joined -> answer.give(joined == null ? unread(join) : joined(join.ref(), joined)));
            answer.carriedOut();
            return;
        }
        if (before == null && members.all().length >= limits.rooms()) {
            answers.fail(
                    join,
                    ErrorCode.TOO_MANY_ROOMS,
                    "a connection may be in " + limits.rooms() + " rooms; leave one first");
            return;
        }
        Start start = rooms.fix(join.room(), start(join));
        Answers.Later answer = answers.later();
        Consumer<@Nullable Joined> onJoined = joined -> {
            if (joined == null) {
                answer.give(unread(join));
            } else {
                answer.give(joined(join.ref(), joined), joined.member()::begin);
            }
        };
        if (before != null) {
            Entry entered = rooms.rejoin(before, start, connection, Format.JSON, name, onJoined);
            if (entered instanceof Entry.In again) {
                members.remove(before);
                members.add(again.member());
            } else {
                // Unless the connection has ended, the stored messages could not be read just now.
                answer.give(unread(join));
            }
        } else {
            Entry entered = rooms.join(join.room(), start, connection, Format.JSON, name, onJoined);
            if (entered instanceof Entry.In in) {
                members.add(in.member());
            } else {
                answers.fail(answer, refused(join, entered));
            }
        }
        answer.carriedOut();
    }

    private static Start start(Command.Join join) {
        Command.After named = join.after();
        Start.After after = named == null ? null : new Start.After(named.epoch(), named.seq());
        if (join.state()) {
            return new Start.State(after);
        }
        return after == null ? new Start.Last(join.history() == null ? 0 : join.history()) : after;
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
        members.remove(in);
        answers.add(new Event.Left(leave.ref(), leave.room()));
    }

    private void history(Command.History history, Member in) {
        History.Range range = history.after() != null
                ? after(history, history.after())
                : history.before() != null
                        ? History.Range.before(history.before(), history.limit())
                        : History.Range.newest(history.limit());
        if (reads.get() >= MOST_READS) {
            answers.fail(
                    history,
                    ErrorCode.RATE_LIMITED,
                    "at most " + MOST_READS
                            + " pages are read at a time for a connection; ask again when one has come");
            return;
        }
        reads.incrementAndGet();
        Answers.Later answer = answers.later();
        in.room().read(in, range, page -> {
            reads.decrementAndGet();
            answer.give(page == null ? unread(history) : page(history, page));
        });
        answer.carriedOut();
    }

    private static History.Range after(Command.History history, long seq) {
        return history.changes()
                ? History.Range.withChangesAfter(seq, history.limit())
                : History.Range.after(seq, history.limit());
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
        answers.add(
                () -> {
                    Presence.Snapshot now = in.room().snapshot();
                    return JsonCodec.encode(now.event(who.ref(), who.room()));
                },
                0);
    }

    private void rename(Command.Rename rename) {
        MemberName granted = connection.grant().name();
        if (granted != null && !rename.name().equals(granted)) {
            answers.fail(rename, ErrorCode.FORBIDDEN, "the name is the one that the token says");
            return;
        }
        name = rename.name();
        for (Member member : members.all()) {
            member.rename(rename.name().value());
        }
        answers.add(new Event.Ack(rename.ref(), null, null, null));
    }

    /**
     * Another token for the one that ends: of the same user and name. The client leaves the rooms that it does not
     * open.
     */
    private void renew(Command.Renew renew) {
        Grant other;
        try {
            other = connection.sessions().renewal().renew(renew.token());
        } catch (BadTokenException e) {
            answers.fail(renew, ErrorCode.FORBIDDEN, String.valueOf(e.getMessage()));
            return;
        }
        if (!Objects.equals(other.user(), connection.grant().user())) {
            answers.fail(renew, ErrorCode.FORBIDDEN, "the token is of another user; open another connection with it");
            return;
        }
        if (!Objects.equals(other.name(), connection.grant().name())) {
            answers.fail(renew, ErrorCode.FORBIDDEN, "the token is of another name; open another connection with it");
            return;
        }
        connection.grant(other);
        answers.add(new Event.Ack(renew.ref(), null, null, null));
        watched.renewed(other);
        for (Member member : members.all()) {
            RoomName room = member.room().name();
            if (!other.mayRead(room)) {
                member.leave();
                members.remove(member);
                answers.add(new Event.Left(null, room));
            }
        }
    }

    /** What the client calls itself. */
    @Nullable
    String called() {
        MemberName now = name;
        return now == null ? null : now.value();
    }

    private boolean isTooLarge(Content content) {
        return content.bytes() > limits.messageBytes();
    }

    private void tooLarge(Command command) {
        answers.fail(
                command, ErrorCode.TOO_LARGE, "text and data are at most " + limits.messageBytes() + " bytes of UTF-8");
    }

    private static Event joined(@Nullable Ref ref, Joined joined) {
        return new Event.Joined(
                ref,
                joined.member().room().name(),
                joined.epoch(),
                joined.head(),
                joined.count(),
                joined.recovered(),
                joined.read());
    }
}

package parley.client;

import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.JsonValue;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * A room that was joined, by {@link ParleyClient#join}. Any thread may call any method; none blocks. Futures are
 * completed by threads of the client's executor, or fail with a {@link ParleyException}.
 */
public final class ClientRoom implements Flow.Publisher<RoomMessage> {
    private static final int PAGE = 50;

    /** Whether the client is in the room. */
    public enum State {
        /** It is being entered, for the first time or after the connection was lost. */
        JOINING,
        /** It has been entered. */
        JOINED,
        /** It has been left, or could not be entered. */
        LEFT
    }

    private final ClientConnection connection;
    private final String name;
    private final Joining joining;
    private final Audience audience;
    private final AtomicBoolean isMembersDue = new AtomicBoolean();
    private final AtomicBoolean isMarkDue = new AtomicBoolean();
    private final CompletableFuture<ClientRoom> joined = new CompletableFuture<>();

    private volatile State state = State.JOINING;
    private volatile RoomMembers members = RoomMembers.UNKNOWN;
    /** Which history the room is in; empty before it has been entered. */
    private volatile String epoch = "";

    // On the client's strand.
    private final RoomInbox inbox;
    private final Sayings sayings;
    private final OwnState ownState;
    private final OwnMark ownMark;
    private final OwnChanges ownChanges;
    private final Questions questions;
    private final KnownMembers known = new KnownMembers();

    ClientRoom(ClientConnection connection, String name, Joining joining) {
        this.connection = connection;
        this.name = name;
        this.audience = new Audience(connection, joining.callbacks());
        this.inbox = new RoomInbox(new Inbox(), joining.place());
        this.sayings = new Sayings(connection, name, inbox::reached);
        this.ownState = new OwnState(connection, name);
        this.ownMark = new OwnMark(connection, name, this::showMark);
        this.ownChanges = new OwnChanges(connection);
        this.questions = new Questions(connection, name, () -> state == State.LEFT ? left() : null);
        this.joining = joining;
    }

    /** Its name. */
    public String name() {
        return name;
    }

    /** Whether the client is in it now. */
    public State state() {
        return state;
    }

    /** Completed when the room has been entered for the first time; fails when it cannot be. */
    public CompletableFuture<ClientRoom> joined() {
        return joined.copy();
    }

    /** The members, as far as they are known. */
    public RoomMembers members() {
        return members;
    }

    /** How many messages have been said and not acknowledged. */
    public int unacknowledged() {
        return sayings.size();
    }

    /** Hears of the room from now on, besides those that {@link Joining} named. */
    public void listen(RoomCallbacks more) {
        audience.listen(Objects.requireNonNull(more));
    }

    /**
     * Gives a subscriber the messages from now on, as it asks for them. One that is more than {@link
     * ParleyClient.Builder#remembered} messages behind is ended with {@link ParleyException#FULL}; leaving the room or
     * closing the client completes it. {@link Joining#subscriber} begins earlier.
     */
    @Override
    public void subscribe(Flow.Subscriber<? super RoomMessage> subscriber) {
        Objects.requireNonNull(subscriber);
        connection.execute(() -> audience.subscribe(subscriber));
    }

    /**
     * Says a line of text. Completed when the server has it, however often the connection is lost until then. Calls of
     * one thread keep their order.
     */
    public CompletableFuture<Receipt> say(String text) {
        return say(text, newId());
    }

    /** The same with an id that nobody else would choose: the room takes one message of each, whoever says it. */
    public CompletableFuture<Receipt> say(String text, String id) {
        return say(id, Wire.body(text));
    }

    /** Says any JSON. */
    public CompletableFuture<Receipt> say(JsonValue data) {
        return say(data, newId());
    }

    /** The same with an id that nobody else would choose. */
    public CompletableFuture<Receipt> say(JsonValue data, String id) {
        return say(id, Wire.body(data));
    }

    private CompletableFuture<Receipt> say(String id, JsonObject body) {
        Wire.checkId(id);
        return inSlot(receipt -> sayings.say(new Sayings.Saying(id, body, receipt)));
    }

    /** Has something done that the server acknowledges, unless as much waits for that as may. */
    private <T> CompletableFuture<T> inSlot(Consumer<CompletableFuture<T>> task) {
        if (state == State.LEFT) {
            return CompletableFuture.failedFuture(left());
        }
        if (!connection.takeSlot()) {
            return CompletableFuture.failedFuture(new ParleyException(
                    ParleyException.FULL, "as many messages wait for the server as may; wait for some of them"));
        }
        CompletableFuture<T> future = new CompletableFuture<>();
        connection.execute(() -> {
            if (state == State.LEFT) {
                connection.freeSlot();
                connection.fail(future, left());
                return;
            }
            task.accept(future);
        });
        return future;
    }

    private static String newId() {
        return UUID.randomUUID().toString();
    }

    /**
     * Has a message say another text. Only the user's own messages can be changed, or those that this connection has
     * said, unless the token allows more. Completed when the server has the change, however often the connection is
     * lost until then; fails with the server's word, such as {@code forbidden}, {@code not-found} or {@code
     * other-epoch}.
     *
     * @param message one that this room had, in its history; or a change of it
     */
    public CompletableFuture<ChangeReceipt> edit(RoomMessage message, String text) {
        return edit(message.epoch(), message.changedOrOwn(), newId(), Wire.body(text));
    }

    /** The same with any JSON. */
    public CompletableFuture<ChangeReceipt> edit(RoomMessage message, JsonValue data) {
        return edit(message.epoch(), message.changedOrOwn(), newId(), Wire.body(data));
    }

    /** The same for the number of a message of the history that the room is in. */
    public CompletableFuture<ChangeReceipt> edit(long seq, String text) {
        return edit(seq, text, newId());
    }

    /** The same with any JSON. */
    public CompletableFuture<ChangeReceipt> edit(long seq, JsonValue data) {
        return edit(seq, data, newId());
    }

    /** The same with an id that nobody else would choose: the room makes one change of each. */
    public CompletableFuture<ChangeReceipt> edit(long seq, String text, String id) {
        return edit(epoch, seq, id, Wire.body(text));
    }

    /** The same with any JSON. */
    public CompletableFuture<ChangeReceipt> edit(long seq, JsonValue data, String id) {
        return edit(epoch, seq, id, Wire.body(data));
    }

    private CompletableFuture<ChangeReceipt> edit(String of, long seq, String id, JsonObject body) {
        Wire.checkId(id);
        return change(of, seq, Wire.command("edit", name).add("id", id).addAll(Wire.object(body)));
    }

    /** Takes back what a message says, for all. Otherwise as {@link #edit(RoomMessage, String)}. */
    public CompletableFuture<ChangeReceipt> remove(RoomMessage message) {
        return change(message.epoch(), message.changedOrOwn(), Wire.command("remove", name));
    }

    /** The same for the number of a message of the history that the room is in. */
    public CompletableFuture<ChangeReceipt> remove(long seq) {
        return change(epoch, seq, Wire.command("remove", name));
    }

    private CompletableFuture<ChangeReceipt> change(String of, long seq, JsonObjectBuilder command) {
        Wire.checkSeq(seq);
        if (!of.isEmpty()) {
            command.add("epoch", of);
        }
        JsonObject whole = command.add("seq", seq).build();
        return inSlot(made -> ownChanges.make(whole, made));
    }

    private ParleyException left() {
        return new ParleyException(ParleyException.LEFT, "not in " + name + " any more");
    }

    /**
     * Shows an object of at most 1,024 bytes beside this member, in place of the one before, and again when the
     * connection was lost: a state goes with its connection. Only the newest is sent, so it may be called at any rate;
     * calls that wait for the same answer return the same future. Completed when the server has the state, or a newer
     * one; fails with the server's word, such as {@code too-large} or {@code room-full}.
     */
    public CompletableFuture<Void> setState(JsonObject shown) {
        return change(Objects.requireNonNull(shown));
    }

    /** Shows nothing beside this member any more. Otherwise as {@link #setState}. */
    public CompletableFuture<Void> clearState() {
        return change(JsonValue.NULL);
    }

    private CompletableFuture<Void> change(JsonValue shown) {
        return state == State.LEFT ? CompletableFuture.failedFuture(left()) : ownState.set(shown);
    }

    /**
     * Says that the client's user has read up to a message. Only the furthest is sent, so it may be called for each
     * message that is looked at; again when the connection was lost, and later when the server could not keep it. Calls
     * that wait for the same answer return the same future. Completed with the mark that holds, which may be a later
     * one; fails with the server's word, such as {@code forbidden} for a client that is no user.
     *
     * @param seq the number of a message of the history that the room is in
     */
    public CompletableFuture<Long> mark(long seq) {
        return mark(epoch, seq);
    }

    /** The same for a message that this room had, in its history. */
    public CompletableFuture<Long> mark(RoomMessage message) {
        return mark(message.epoch(), message.seq());
    }

    private CompletableFuture<Long> mark(String of, long seq) {
        Wire.checkSeq(seq);
        return state == State.LEFT ? CompletableFuture.failedFuture(left()) : ownMark.set(of, seq);
    }

    /**
     * Up to where the user has read, with the messages passed on since; empty where there is no mark or none is known.
     */
    public Optional<ReadPosition> readMark() {
        return Optional.ofNullable(ownMark.now());
    }

    /** Passes something on to the members of that moment, this one included. Not kept, and not tried again. */
    public CompletableFuture<Void> signal(JsonValue data) {
        return questions.signal(Wire.command("signal", name).add("data", data).build());
    }

    /** The newest messages that the room keeps, 50 at most. */
    public CompletableFuture<HistoryPage> history() {
        return history(Wire.command("history", name).add("limit", PAGE).build());
    }

    /** Messages that the room keeps and that come before a number; as many as asked for at most. */
    public CompletableFuture<HistoryPage> history(long before, int limit) {
        if (before < 0 || limit < 1) {
            throw new IllegalArgumentException("a page ends before a number of 0 or more and has 1 message at least;"
                    + " not before " + before + " with " + limit);
        }
        return history(Wire.command("history", name)
                .add("before", before)
                .add("limit", limit)
                .build());
    }

    private CompletableFuture<HistoryPage> history(JsonObject command) {
        return questions.page(command, inbox::epoch, sayings::isOwn);
    }

    /** Leaves the room. What was not acknowledged fails. Completed when the server has been asked, and has answered. */
    public CompletableFuture<Void> leave() {
        connection.forget(this);
        CompletableFuture<Void> left = new CompletableFuture<>();
        connection.execute(() -> leaveNow(() -> connection.complete(left, null)));
        return left;
    }

    void leaveNow(Runnable answered) {
        if (state == State.LEFT) {
            answered.run();
            return;
        }
        // Also when it is being entered: the server may have it so already.
        connection.give(
                Wire.command("leave", name).build(), done -> answered.run(), (failure, wasSent) -> answered.run());
        end(new ParleyException(ParleyException.LEFT, "left " + name));
    }

    void begin() {
        joining.subscribers().forEach(audience::subscribe);
    }

    Joining.Place place() {
        return inbox.place();
    }

    void enter() {
        Joining.Place place = inbox.place();
        var command = Wire.command("join", name);
        if (place.epoch() != null) {
            command.add("after", Wire.object().add("epoch", place.epoch()).add("seq", place.after()));
        } else if (place.history() > 0) {
            command.add("history", place.history());
        }
        connection.give(command.build(), this::entered, (failure, wasSent) -> {
            if (!failure.isLost()) {
                end(failure);
            }
        });
    }

    void entered(JsonObject event) {
        if (state == State.LEFT) {
            return; // meanwhile
        }
        String now = event.getString("epoch");
        long seq = Wire.number(event, "seq", 0);
        boolean isAnother = inbox.entered(now, seq);
        epoch = now;
        known.entered(event);
        members = known.now();
        State before = state;
        state = State.JOINED;
        connection.members(Wire.command("who", name).build(), who -> {
            known.list(who);
            showMembers();
        });
        ownState.entered();
        ownChanges.entered();
        ownMark.entered(event, isAnother);
        sayings.entered(seq);
        if (isAnother) {
            tell(each -> each.reset(now));
        }
        connection.complete(joined, this);
        if (before != State.JOINED) {
            tell(each -> each.state(State.JOINED));
        }
    }

    void take(JsonObject event) {
        if (state != State.JOINED) {
            return; // for a room of the same name that was left
        }
        switch (event.getString("type")) {
            case "message" -> inbox.message(event);
            case "gap" -> inbox.gap(Wire.number(event, "after", 0), Wire.number(event, "before", 0));
            case "presence" -> {
                known.presence(event);
                showMembers();
            }
            case "mark" -> {
                if (event.getString("epoch", "").equals(epoch)) {
                    ownMark.take(event);
                }
            }
            case "signal" -> {
                if (!audience.isFull()) {
                    RoomSignal signal = Wire.signal(event);
                    tell(each -> each.signal(signal));
                }
            }
            default -> {} // of a newer server
        }
    }

    /** However often members change while callbacks are behind, one call waits for them. */
    private void showMembers() {
        members = known.now();
        audience.tellOnce(isMembersDue, each -> each.members(members));
    }

    private void showMark() {
        audience.tellOnce(isMarkDue, each -> readMark().ifPresent(each::mark));
    }

    private void tell(Consumer<RoomCallbacks> call) {
        audience.tell(call);
    }

    void lost() {
        if (state == State.JOINED) {
            state = State.JOINING;
            tell(each -> each.state(State.JOINING));
        }
        inbox.stopFilling();
        sayings.lost();
        ownState.lost();
        ownChanges.lost();
        ownMark.lost();
    }

    void end(ParleyException failure) {
        if (state == State.LEFT) {
            return;
        }
        state = State.LEFT;
        inbox.stopFilling();
        List<Asked> withdrawn = connection.withdraw(this);
        connection.fail(joined, failure);
        sayings.end(failure);
        ownState.end(failure);
        ownChanges.end(failure);
        ownMark.end(failure);
        withdrawn.forEach(asked -> asked.failed.accept(failure, false));
        audience.end();
        tell(each -> each.state(State.LEFT));
    }

    private final class Inbox implements RoomInbox.Owner {
        @Override
        public void pass(JsonObject event) {
            if (event.containsKey("changes") && event.containsKey("reactions")) {
                sayings.moved(); // a reaction, which is not passed on
                return;
            }
            String id = Wire.text(event, "id");
            boolean isOwn = sayings.isOwn(id);
            RoomMessage message = Wire.message(event, name, inbox.epoch(), isOwn);
            if (id != null && isOwn) {
                sayings.cameBy(id, message.seq());
            }
            audience.offer(message);
            tell(each -> {
                if (state != State.LEFT) {
                    if (message.changes() == null) {
                        each.message(message);
                    } else {
                        each.changed(message);
                    }
                }
            });
            if (message.changes() == null) {
                ownMark.passed(message.seq());
            }
            sayings.moved();
        }

        @Override
        public void missed(MissedRange range) {
            tell(each -> each.missed(range));
        }

        @Override
        public void moved() {
            sayings.moved();
        }

        @Override
        public boolean isFull() {
            return audience.isFull();
        }

        @Override
        public void whenThereIsRoom(Runnable task) {
            audience.whenThereIsRoom(task);
        }

        @Override
        public void page(long after, int limit, Consumer<JsonObject> answered, Runnable failed) {
            JsonObject command = Wire.command("history", name)
                    .add("after", after)
                    .add("limit", limit)
                    .add("changes", true)
                    .build();
            connection.page(command, answered, (failure, wasSent) -> failed.run());
        }
    }
}

package parley.client;

import jakarta.json.JsonException;
import jakarta.json.JsonObject;
import java.net.URI;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The connection of a client: it is opened, lost and opened again, as docs/protocol.md says in "A client that loses
 * nothing" and "What is final and what to retry". Everything happens on one strand, except where it says otherwise.
 */
final class ClientConnection {
    /** How long a token may take, in milliseconds. */
    private static final long TOKEN = 30_000;

    private static final long HEARTBEAT = 1_000;
    private static final int FORBIDDEN = 403;

    /** How many long answers are asked for at a time: unread ones that pile up at the server end the connection. */
    private static final int PAGES = 1;

    private static final int MEMBER_LISTS = 4;

    /** What the client's facade hears. Called on the strand. */
    interface Owner {
        void changed(ConnectionState state);

        void named(@Nullable String name);

        /** The server has said which user the client is. */
        void knownAs(@Nullable String user);

        /** A room is none of the client's any more. */
        void forgotten(ClientRoom room);
    }

    private final Strand strand;
    private final ClientRuntime runtime;
    private final ClientOptions options;
    private final Owner owner;
    private final StrandTimers timers;
    private final Commands commands;
    private final Returning returning;
    private final OwnName name;
    private final WatchedList watching;
    private final Turns pages = new Turns(PAGES);
    private final Turns memberLists = new Turns(MEMBER_LISTS);
    /** How many messages wait for their acknowledgement. Any thread. */
    private final AtomicInteger slots = new AtomicInteger();

    private final Map<String, ClientRoom> rooms = new LinkedHashMap<>();
    private ConnectionState state = new ConnectionState.Idle();
    /** The limits of the last welcome. */
    private volatile @Nullable ServerLimits limits;

    private Connector.@Nullable Line line;
    /** The room in the address of the line. */
    private @Nullable ClientRoom first;
    /** Counts attempts to connect: what comes from an earlier one is passed over. */
    private long attempt;

    private Pulse pulse;
    private ClientTimers.Alarm heartbeat = ClientTimers.Alarm.NONE;
    private ClientTimers.Alarm stable = ClientTimers.Alarm.NONE;
    private ClientTimers.Alarm waiting = ClientTimers.Alarm.NONE;
    private ClientTimers.Alarm tokenLate = ClientTimers.Alarm.NONE;

    ClientConnection(ClientRuntime runtime, ClientOptions options, Owner owner) {
        this.runtime = runtime;
        this.options = options;
        this.owner = owner;
        this.strand = new Strand(runtime.work());
        this.timers = new StrandTimers(runtime.timers(), strand);
        this.commands = new Commands(timers);
        this.returning = new Returning(options, runtime.random());
        this.name = new OwnName(this, options.name());
        this.watching = new WatchedList(this);
        this.pulse = new Pulse(timers);
    }

    // Any thread

    void execute(Runnable task) {
        strand.execute(task);
    }

    Executor executor() {
        return runtime.executor();
    }

    int remembered() {
        return options.remembered();
    }

    @Nullable
    ServerLimits limits() {
        return limits;
    }

    /** Takes one of the places for messages that wait, if there is one. */
    boolean takeSlot() {
        return slots.getAndUpdate(taken -> taken < options.unsent() ? taken + 1 : taken) < options.unsent();
    }

    void freeSlot() {
        slots.decrementAndGet();
    }

    /** Completes it elsewhere, since what depends on it may block. */
    <T> void complete(CompletableFuture<T> future, @Nullable T value) {
        future.completeAsync(() -> value, runtime.executor());
    }

    void fail(CompletableFuture<?> future, Throwable failure) {
        runtime.executor().execute(() -> future.completeExceptionally(failure));
    }

    /** A room is left: the next one of its name is another. */
    void forget(ClientRoom room) {
        owner.forgotten(room);
    }

    // The strand

    StrandTimers timers() {
        return timers;
    }

    private boolean isOpen() {
        return state instanceof ConnectionState.Open && line != null;
    }

    private boolean isClosed() {
        return state instanceof ConnectionState.Closed;
    }

    private static ParleyException closed(ConnectionState.Closed state) {
        return new ParleyException(
                ParleyException.CLOSED, ("the connection was closed: " + state.code() + " " + state.reason()).strip());
    }

    void join(ClientRoom room) {
        room.begin();
        if (state instanceof ConnectionState.Closed closed) {
            room.end(closed(closed));
            return;
        }
        ClientRoom other = rooms.get(room.name());
        if (other != null) {
            other.leaveNow(() -> {}); // another thread is about to
        }
        rooms.put(room.name(), room);
        if (isOpen()) {
            room.enter();
        } else if (state instanceof ConnectionState.Idle) {
            change(new ConnectionState.Connecting());
            open();
        }
    }

    List<Asked> withdraw(ClientRoom room) {
        rooms.remove(room.name(), room);
        owner.forgotten(room);
        return commands.withdraw(room.name());
    }

    long give(JsonObject what, Consumer<JsonObject> done, Asked.Failed failed) {
        return commands.give(what, done, failed);
    }

    void settled(long ref) {
        commands.settled(ref);
    }

    /** Asks for a page of messages when it is its turn. */
    void page(JsonObject what, Consumer<JsonObject> done, Asked.Failed failed) {
        inTurn(pages, what, done, failed);
    }

    /** Asks for the members of a room; nothing comes of it when that fails. */
    void members(JsonObject what, Consumer<JsonObject> done) {
        inTurn(memberLists, what, done, Asked.Failed.SILENTLY);
    }

    /** A turn is over before anybody hears of the answer, for other rooms to be next. */
    private void inTurn(Turns turns, JsonObject what, Consumer<JsonObject> done, Asked.Failed failed) {
        turns.take(over -> give(
                what,
                event -> {
                    over.run();
                    done.accept(event);
                },
                (failure, wasSent) -> {
                    over.run();
                    failed.accept(failure, wasSent);
                }));
    }

    void rename(String to, CompletableFuture<Void> renamed) {
        if (state instanceof ConnectionState.Closed closed) {
            fail(renamed, closed(closed));
            return;
        }
        name.rename(to, isOpen(), renamed);
    }

    void watch(WatchedList.Wanted list) {
        if (state instanceof ConnectionState.Closed closed) {
            fail(list.taken(), closed(closed));
        } else {
            watching.replace(list, isOpen());
        }
    }

    void named(@Nullable String now) {
        owner.named(now);
    }

    /** Connects now, in place of when the wait is over. */
    void retry() {
        if (state instanceof ConnectionState.Waiting) {
            returning.atOnce();
            open();
        }
    }

    private void change(ConnectionState to) {
        state = to;
        owner.changed(to);
    }

    private void open() {
        waiting.cancel();
        if (isClosed()) {
            return;
        }
        if (rooms.isEmpty()) {
            change(new ConnectionState.Idle());
            return;
        }
        if (!(state instanceof ConnectionState.Connecting)) {
            change(new ConnectionState.Connecting());
        }
        attempt++;
        Supplier<String> token = options.token();
        if (token == null) {
            connect(null);
            return;
        }
        long current = attempt;
        tokenLate = timers.after(TOKEN, () -> lost(Returning.NO_CLOSE_FRAME, "no token: none came within 30 s", 0));
        runtime.executor().execute(() -> {
            String fresh = null;
            String fault;
            try {
                fresh = token.get();
                fault = ChatAddress.tokenFault(fresh);
            } catch (RuntimeException e) {
                fault = String.valueOf(e.getMessage());
            }
            String value = fresh;
            String why = fault;
            strand.execute(() -> {
                if (current == attempt) {
                    tokenLate.cancel();
                    if (why.isEmpty()) {
                        connect(value);
                    } else {
                        lost(Returning.NO_CLOSE_FRAME, "no token: " + why, 0);
                    }
                }
            });
        });
    }

    private void connect(@Nullable String token) {
        if (rooms.isEmpty()) {
            open(); // left while the token was fetched
            return;
        }
        first = rooms.values().iterator().next();
        URI to = options.address().of(first.name(), name.safe(), first.place());
        try {
            line = runtime.connector().open(to, token, new Hearing(attempt));
        } catch (RuntimeException e) {
            lost(Returning.NO_CLOSE_FRAME, String.valueOf(e.getMessage()), 0);
            return;
        }
        pulse = new Pulse(timers);
        heartbeat = timers.after(HEARTBEAT, this::listen);
    }

    /** What comes from one line, as long as that is the connection's. */
    private final class Hearing implements Connector.Listener {
        private final long of;

        Hearing(long attempt) {
            this.of = attempt;
        }

        private void take(Runnable task) {
            strand.execute(() -> {
                if (of == attempt && line != null) {
                    task.run();
                }
            });
        }

        @Override
        public void heard() {
            take(() -> pulse.heard());
        }

        @Override
        public void frame(String text, Runnable taken) {
            take(() -> {
                pulse.heard();
                try {
                    for (String one : text.split("\n")) {
                        if (!one.isBlank() && of == attempt) {
                            event(Wire.read(one));
                        }
                    }
                } catch (JsonException | ClassCastException | NullPointerException | DateTimeException e) {
                    abandon("the server sent what is no event: " + e.getMessage());
                }
                taken.run();
            });
        }

        @Override
        public void gone(int code, String reason, int status) {
            take(() -> lost(code, reason, status));
        }
    }

    /** Notices a connection that is there in name only. */
    private void listen() {
        heartbeat = timers.after(HEARTBEAT, this::listen);
        if (line == null) {
            return;
        }
        switch (isOpen() ? pulse.look(line.buffered(), commands.onTheirWay()) : pulse.lookBeforeWelcome()) {
            case DEAD -> abandon("the server does not answer");
            case ASK -> commands.ping();
            case ALIVE -> {}
        }
    }

    private void abandon(String reason) {
        Connector.Line dead = line;
        lost(Returning.NO_CLOSE_FRAME, reason, 0);
        if (dead != null) {
            dead.abort();
        }
    }

    private void event(JsonObject event) {
        if (commands.answer(event)) {
            return;
        }
        String of = event.getString("room", "");
        switch (event.getString("type")) {
            case "welcome" -> welcome(event);
            case "joined" -> {
                ClientRoom room = rooms.get(of);
                // That of the address, and not another of its name, which is joined by itself; or one that begins anew.
                if (room != null && (room == first || room.state() == ClientRoom.State.JOINED)) {
                    room.entered(event);
                }
            }
            case "watched" -> watching.take(event);
            case "bye" -> {
                JsonObject range = event.getJsonObject("retry");
                returning.bye(Wire.number(range, "min", 0), Wire.number(range, "max", 0));
            }
            default -> {
                ClientRoom room = rooms.get(of);
                if (room != null) {
                    room.take(event);
                }
            }
        }
    }

    private void welcome(JsonObject event) {
        ServerLimits said = ServerLimits.of(event.getJsonObject("limits"));
        limits = said;
        commands.open(Objects.requireNonNull(line), said);
        returning.begin();
        stable.cancel();
        stable = timers.after(Returning.STABLE, returning::hasLasted);
        owner.knownAs(Wire.text(event, "user"));
        name.welcome(Wire.text(event, "name"));
        change(new ConnectionState.Open());
        ClientRoom named = Objects.requireNonNull(first);
        if (rooms.get(named.name()) != named) { // left while it was connecting
            give(Wire.command("leave", named.name()).build(), left -> {}, Asked.Failed.SILENTLY);
        }
        for (ClientRoom room : List.copyOf(rooms.values())) {
            if (room != named) {
                room.enter();
            }
        }
        watching.opened();
    }

    private void lost(int code, String reason, int status) {
        boolean hasOpened = isOpen();
        letGo();
        if (returning.isFinal(code, reason)) {
            finish(code, reason);
            return;
        }
        if (!hasOpened && status == FORBIDDEN && first != null && rooms.remove(first.name(), first)) {
            // Perhaps that room alone: joined from another's address, the answer to that says so.
            rooms.put(first.name(), first);
        }
        await(code, reason, status);
    }

    /** Lets go of the line, and tells all that wait for something from it. */
    private void letGo() {
        drop();
        List<Asked> asked = commands.drop();
        new ArrayList<>(rooms.values()).forEach(ClientRoom::lost);
        ParleyException failure = new ParleyException(ParleyException.LOST, "the connection was lost");
        asked.forEach(one -> one.failed.accept(failure, one.wasSent));
    }

    private void drop() {
        attempt++;
        heartbeat.cancel();
        stable.cancel();
        waiting.cancel();
        tokenLate.cancel();
        line = null;
    }

    private void await(int code, String reason, int status) {
        long wait = returning.nextWait(reason);
        waiting = timers.after(wait, () -> {
            returning.begin();
            open();
        });
        OptionalInt answered = status == 0 ? OptionalInt.empty() : OptionalInt.of(status);
        change(new ConnectionState.Waiting(Duration.ofMillis(wait), code, reason, answered));
    }

    /** Leaves for good. What was not acknowledged fails. */
    void close() {
        finish(Returning.NORMAL, "closed here");
    }

    private void finish(int code, String reason) {
        if (isClosed()) {
            return;
        }
        Connector.Line open = line;
        drop();
        List<Asked> asked = commands.drop();
        ConnectionState.Closed closed = new ConnectionState.Closed(code, reason);
        change(closed);
        ParleyException failure = closed(closed);
        asked.forEach(one -> one.failed.accept(failure, one.wasSent));
        List.copyOf(rooms.values()).forEach(room -> room.end(failure));
        watching.end(failure);
        rooms.clear();
        if (open == null) {
            runtime.release().run();
        } else {
            open.close(runtime.release());
        }
    }
}

package parley.client;

import java.net.http.HttpClient;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A connection to a Parley server and the rooms it is in. It comes back by itself, goes on where it was, and says again
 * what was not acknowledged. Any thread may call any method; none blocks. See docs/java-client.md; the wire is that of
 * docs/protocol.md, over the JDK's WebSocket (RFC 6455).
 *
 * <p>It connects when the first room is joined. Closing it leaves for good.
 */
public final class ParleyClient implements AutoCloseable {
    private final ClientConnection connection;
    private final Map<String, ClientRoom> rooms = new ConcurrentHashMap<>();
    private final List<Consumer<ConnectionState>> listeners;
    private final Deliveries deliveries;
    private final CompletableFuture<Void> ended;

    private volatile ConnectionState state = new ConnectionState.Idle();
    private volatile @Nullable String name;
    private volatile @Nullable String user;

    private ParleyClient(Builder builder, ClientRuntime runtime, ClientOptions options) {
        this.name = options.name();
        this.listeners = new CopyOnWriteArrayList<>(builder.listeners);
        this.deliveries = new Deliveries(runtime.executor(), options.remembered());
        this.ended = new CompletableFuture<>();
        // Elsewhere, since what depends on it may block.
        this.connection = new ClientConnection(
                runtime.andThen(() -> ended.completeAsync(() -> null, runtime.executor())), options, new Owner());
    }

    /**
     * A client of the server at an address of {@code /chat}, such as {@code ws://localhost:8080/chat}. The schemes http
     * and https do as well. The query is kept, a {@code name} in it too.
     *
     * @throws IllegalArgumentException when it is no such address, or ends in a room
     */
    public static Builder to(String address) {
        return new Builder(ChatAddress.of(address));
    }

    /** Joins a room with the next message, or returns it when it has been joined. */
    public ClientRoom join(String room) {
        return join(room, Joining.live());
    }

    /**
     * Joins a room, or returns it when it has been joined; {@code how} counts for nothing then.
     *
     * @throws IllegalArgumentException when that cannot be a room
     * @throws ParleyException when the client has been closed
     */
    public ClientRoom join(String room, Joining how) {
        ChatAddress.needRoom(room);
        if (state instanceof ConnectionState.Closed) {
            throw new ParleyException(ParleyException.CLOSED, "this client has been closed");
        }
        ClientRoom fresh = new ClientRoom(connection, room, how);
        ClientRoom other = rooms.putIfAbsent(room, fresh);
        if (other != null) {
            return other;
        }
        connection.execute(() -> connection.join(fresh));
        return fresh;
    }

    /** The rooms that were joined, by name. */
    public Map<String, ClientRoom> rooms() {
        return Map.copyOf(rooms);
    }

    /**
     * Watches rooms without being in them (docs/protocol.md, section "Watching rooms"), in place of those before:
     * names, and patterns such as {@code team-*}; an empty list ends it. It survives a lost connection. A connection
     * opens when a room is joined; before that the list waits.
     *
     * @param rooms names and patterns
     * @param callback called by a thread of the executor, one call at a time, with all that is known when something has
     *     changed, four times a second at most; it may block, and several changes are one call then
     * @param details what is wanted of each room besides its newest number and its members
     * @return completed when the server has the list or another takes its place; fails with {@code forbidden}, {@code
     *     too-many-rooms} or {@code closed}
     * @throws IllegalArgumentException when one is neither a room nor a pattern
     */
    public CompletableFuture<Void> watch(
            Collection<String> rooms, Consumer<RoomSummaries> callback, WatchDetail... details) {
        rooms.forEach(ChatAddress::needWatched);
        CompletableFuture<Void> taken = new CompletableFuture<>();
        WatchedList.Wanted list =
                new WatchedList.Wanted(List.copyOf(rooms), Set.of(details), Objects.requireNonNull(callback), taken);
        connection.execute(() -> connection.watch(list));
        return taken;
    }

    /** What this client is called in all rooms. Once it is connected, the server decides, by a token perhaps. */
    public Optional<String> name() {
        return Optional.ofNullable(name);
    }

    /** Which user this client is by the server's word; empty for none, and before it is connected. */
    public Optional<String> user() {
        return Optional.ofNullable(user);
    }

    /**
     * Takes another name. Completed when the server has taken it, at once while not connected; fails with {@code
     * bad-name} when it does not. When the server refuses the name later, {@link #name} is the one before again.
     *
     * @throws IllegalArgumentException when that cannot be a name: 1 to 40 printable characters, no line breaks
     */
    public CompletableFuture<Void> rename(String to) {
        String bare = ChatAddress.needName(to);
        CompletableFuture<Void> renamed = new CompletableFuture<>();
        connection.execute(() -> connection.rename(bare, renamed));
        return renamed;
    }

    /** What the connection is doing. */
    public ConnectionState state() {
        return state;
    }

    /**
     * Hears of each change of the state from now on, in order, on threads of the executor; it may block. A listener
     * that is {@link Builder#remembered} changes behind misses those that follow, until it has caught up.
     */
    public void onState(Consumer<ConnectionState> listener) {
        listeners.add(Objects.requireNonNull(listener));
    }

    /** The limits that the server named last; empty before it has. */
    public Optional<ServerLimits> limits() {
        return Optional.ofNullable(connection.limits());
    }

    /** Connects now, in place of when the wait is over. */
    public void retry() {
        connection.execute(connection::retry);
    }

    /**
     * Leaves for good. Messages that were not acknowledged fail: wait for the futures of those that matter before.
     * {@link #ended} says when the connection has been closed.
     */
    @Override
    public void close() {
        connection.execute(connection::close);
    }

    /** Completed when the client has been closed, by {@link #close} or by the server, and its line has ended. */
    public CompletableFuture<Void> ended() {
        return ended.copy();
    }

    private final class Owner implements ClientConnection.Owner {
        @Override
        public void changed(ConnectionState now) {
            state = now;
            if (!deliveries.isFull()) {
                listeners.forEach(listener -> deliveries.post(() -> listener.accept(now)));
            }
        }

        @Override
        public void named(@Nullable String now) {
            name = now;
        }

        @Override
        public void knownAs(@Nullable String now) {
            user = now;
        }

        @Override
        public void forgotten(ClientRoom room) {
            rooms.remove(room.name(), room);
        }
    }

    /** What a client is made of. Used by one thread. */
    public static final class Builder {
        private static final int UNSENT = 1_000;
        private static final int REMEMBERED = 1_000;
        private static final Duration LEAST_WAIT = Duration.ofMillis(500);
        private static final Duration MOST_WAIT = Duration.ofSeconds(20);

        private final ChatAddress address;
        private final List<Consumer<ConnectionState>> listeners = new CopyOnWriteArrayList<>();
        private @Nullable String name;
        private @Nullable Supplier<String> token;
        private boolean isTokenFixed;
        private int unsent = UNSENT;
        private int remembered = REMEMBERED;
        private Duration leastWait = LEAST_WAIT;
        private Duration mostWait = MOST_WAIT;
        private @Nullable HttpClient http;
        private @Nullable Executor executor;
        private @Nullable ScheduledExecutorService timers;

        private Builder(ChatAddress address) {
            this.address = address;
            this.name = address.name() == null ? null : ChatAddress.needName(address.name());
        }

        /** What the client calls itself: 1 to 40 printable characters, no line breaks. */
        public Builder name(String own) {
            name = ChatAddress.needName(own);
            return this;
        }

        /** A token, sent in the header {@code Authorization}. When it expires the client is closed. */
        public Builder token(String fixed) {
            String fault = ChatAddress.tokenFault(fixed);
            if (!fault.isEmpty()) {
                throw new IllegalArgumentException(fault);
            }
            token = () -> fixed;
            isTokenFixed = true;
            return this;
        }

        /** Gets a token before each connection, on a thread of the executor; it may block, for 30 seconds at most. */
        public Builder token(Supplier<String> fresh) {
            token = Objects.requireNonNull(fresh);
            isTokenFixed = false;
            return this;
        }

        /**
         * How many messages, edits and removals may wait for their acknowledgement (1,000). One more fails with {@code
         * full}.
         */
        public Builder unsent(int most) {
            unsent = atLeastOne("unsent", most);
            return this;
        }

        /** How many messages callbacks and subscribers of a room may be behind it (1,000). */
        public Builder remembered(int most) {
            remembered = atLeastOne("remembered", most);
            return this;
        }

        private static int atLeastOne(String what, int number) {
            if (number < 1) {
                throw new IllegalArgumentException(what + " cannot be " + number + ": it is 1 or more");
            }
            return number;
        }

        /** The waits before coming back: a random one, from the least to a bound that doubles up to the most. */
        public Builder waits(Duration least, Duration most) {
            if (least.isNegative() || least.isZero() || most.compareTo(least) < 0) {
                throw new IllegalArgumentException("waits cannot be " + least + " to " + most
                        + ": the first is more than nothing, and the second not less");
            }
            leastWait = least;
            mostWait = most;
            return this;
        }

        /** Hears of each change of the state; see {@link ParleyClient#onState}. */
        public Builder onState(Consumer<ConnectionState> listener) {
            listeners.add(Objects.requireNonNull(listener));
            return this;
        }

        /** Connects with it: its TLS, proxy and threads. Without one all clients share one. */
        public Builder http(HttpClient client) {
            http = Objects.requireNonNull(client);
            return this;
        }

        /**
         * Calls callbacks on it, and does the client's own work, which never blocks. Without one all clients share a
         * thread for each processor, and others for callbacks: as many as run or block at a time. A thread for each
         * task (virtual ones, for instance) is best; with a bounded number, callbacks that block hold up others. It
         * must not be shut down before the client has {@link ParleyClient#ended}.
         */
        public Builder executor(Executor threads) {
            executor = Objects.requireNonNull(threads);
            return this;
        }

        /** Measures waits with it. Without one all clients share a thread for that. */
        public Builder timers(ScheduledExecutorService scheduler) {
            timers = Objects.requireNonNull(scheduler);
            return this;
        }

        /**
         * Makes the client. It connects when it joins the first room. The threads that clients share end with the last
         * of them: close each.
         */
        public ParleyClient build() {
            HttpClient client = http;
            Executor threads = executor;
            ScheduledExecutorService scheduler = timers;
            if (client != null && threads != null && scheduler != null) {
                return build(runtime(threads, threads, scheduler, client, () -> {}));
            }
            CommonRuntime common = CommonRuntime.OF_ALL;
            CommonRuntime.Parts shared = common.take();
            return build(runtime(
                    threads == null ? shared.work() : threads,
                    threads == null ? shared.executor() : threads,
                    scheduler == null ? shared.timers() : scheduler,
                    client == null ? shared.http() : client,
                    common::giveBack));
        }

        private static ClientRuntime runtime(
                Executor work, Executor callbacks, ScheduledExecutorService timers, HttpClient http, Runnable release) {
            return new ClientRuntime(
                    work,
                    callbacks,
                    new ScheduledTimers(timers),
                    (to, with, listener) -> WebSocketLine.open(http, to, with, listener),
                    () -> ThreadLocalRandom.current().nextDouble(),
                    release);
        }

        ParleyClient build(ClientRuntime runtime) {
            return new ParleyClient(
                    this,
                    runtime,
                    new ClientOptions(address, name, token, isTokenFixed, unsent, remembered, leastWait, mostWait));
        }
    }
}

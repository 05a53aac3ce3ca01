package parley.session;

import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import parley.delivery.Transport;
import parley.protocol.MemberName;
import parley.protocol.UserId;
import parley.protocol.Utf8;
import parley.protocol.WatchList;
import parley.room.Format;
import parley.room.Inspection;
import parley.room.RoomRegistry;

/**
 * All sessions of the application, of echo and chat together: opened here, looked after by the sweep, counted, closed
 * at the end. Any thread may call any method, except where it says otherwise.
 */
public final class Sessions {
    /** What fits a close frame in bytes of UTF-8 (RFC 6455 section 5.5). */
    public static final int LONGEST_REASON = 123;

    /** How long a shutdown waits for its last event to be taken. */
    private static final long FOR_THE_LAST_WORD_NANOS = 250_000_000L;
    /** So many connections are closed a second when there is time, or more when there is not. */
    private static final int CLOSED_A_SECOND = 100;

    private static final long SECOND_NANOS = 1_000_000_000L;
    private static final Duration SOON = Duration.ofSeconds(2);

    private final SessionLimits limits;
    private final Executor fanOut;
    private final Executor closing;
    private final LongSupplier nanoClock;
    private final Clock clock;
    private final Renewal renewal;
    private final AddressLimit addresses;
    private final Inspection inspection;

    private final Set<Connection> open = ConcurrentHashMap.newKeySet();
    /** Ended, and not yet known to be gone: the container may still be closing them. */
    private final Set<Connection> ended = ConcurrentHashMap.newKeySet();
    /** Open event streams whose clients gave them a key. */
    private final Map<String, EventsConnection> streams = new ConcurrentHashMap<>();

    private final HeldBytes held;
    private final AtomicInteger count = new AtomicInteger();
    private final LongAdder opened = new LongAdder();
    private final Map<Ending, LongAdder> endings =
            Stream.of(Ending.values()).collect(Collectors.toUnmodifiableMap(why -> why, why -> new LongAdder()));
    private final LongAdder limited = new LongAdder();
    private final LongAdder frames = new LongAdder();
    private final EndingLog log;
    /** Set when the last session is being ended. */
    private volatile boolean stopping;
    /** Set when the last words are being said: what is asked for now has no answer any more. */
    private volatile boolean leaving;
    /** When clients are to come back. Set when the last session is being ended. */
    private volatile Spread spread = Spread.of(0);
    /** Set when nobody sweeps any more. */
    private volatile boolean stopped;

    /**
     * Makes the set of sessions, empty.
     *
     * @param fanOut where drains go on that would keep a thread too long
     * @param closing where sessions are closed: threads that may be blocked
     * @param nanoClock the time to measure waits with, in nanoseconds
     * @param clock the time that tokens end by
     * @param renewal who checks tokens that connected clients show
     * @param addresses how many connections there may be from one address
     */
    public Sessions(
            SessionLimits limits,
            Executor fanOut,
            Executor closing,
            LongSupplier nanoClock,
            Clock clock,
            Renewal renewal,
            AddressLimit addresses) {
        this(limits, fanOut, closing, nanoClock, clock, renewal, addresses, Inspection.NONE);
    }

    /**
     * Makes the set of sessions, empty.
     *
     * @param inspection what looks at messages before they are published
     */
    public Sessions(
            SessionLimits limits,
            Executor fanOut,
            Executor closing,
            LongSupplier nanoClock,
            Clock clock,
            Renewal renewal,
            AddressLimit addresses,
            Inspection inspection) {
        this.limits = limits;
        this.inspection = inspection;
        this.clock = clock;
        this.renewal = renewal;
        this.addresses = addresses;
        this.fanOut = fanOut;
        this.closing = closing;
        this.nanoClock = nanoClock;
        this.held = new HeldBytes(limits.heldBytes(), open, closing);
        this.log = new EndingLog(System.getLogger("parley.session"), nanoClock.getAsLong());
    }

    /** Opens a session of {@code /echo}. It may have ended when it is returned. */
    public EchoConnection openEcho(Client client, Transport transport) {
        EchoConnection connection = new EchoConnection(this, client, transport);
        add(connection);
        return connection;
    }

    /** Opens a session in a room. It may have ended when it is returned. */
    public ChatConnection openChat(
            Client client, Transport transport, RoomRegistry rooms, FirstRoom first, Format format) {
        ChatConnection connection = switch (format) {
            case PLAIN -> new PlainConnection(this, client, transport, first.name());
            case JSON -> new JsonConnection(this, client, transport, rooms, first.name());
            case EVENTS ->
                new EventsConnection(this, client, transport, List.of(first), new StreamTerms(SOON, 0, null));
            case DIRECT -> throw new IllegalArgumentException("a client is not in this process");
        };
        if (add(connection)) {
            connection.enter(rooms, first);
        }
        return connection;
    }

    /**
     * Opens a session that reads some rooms, at least one. It may have ended when it is returned. An open one with the
     * same key ends: its client has come back before the server noticed that it had gone.
     */
    public EventsConnection openEvents(
            Client client, Transport transport, RoomRegistry rooms, List<FirstRoom> first, StreamTerms terms) {
        EventsConnection connection = new EventsConnection(this, client, transport, first, terms);
        if (add(connection)) {
            takePlace(connection, terms.key());
            connection.enter(rooms, first);
        }
        return connection;
    }

    /** Opens a session that watches rooms without being in them. It may have ended when it is returned. */
    public WatchConnection openWatch(
            Client client, Transport transport, RoomRegistry rooms, WatchList list, StreamTerms terms) {
        WatchConnection connection = new WatchConnection(
                this, client, transport, rooms.watching(), rooms.limits().batchBytes(), terms);
        if (add(connection)) {
            connection.watch(list);
        }
        return connection;
    }

    private void takePlace(EventsConnection connection, @Nullable String key) {
        if (key == null) {
            return;
        }
        EventsConnection before = streams.put(key, connection);
        if (before != null) {
            before.end(Ending.LEFT);
        }
        if (connection.hasEnded()) {
            streams.remove(key, connection); // meanwhile, before it could be found there
        }
    }

    /** Ends the event stream of that key, because its client wants that; false when there is none. */
    public boolean endStream(String key) {
        EventsConnection stream = streams.get(key);
        if (stream == null) {
            return false;
        }
        stream.end(Ending.LEFT);
        return true;
    }

    /** The whole of an event stream for a client that cannot be let in now: it says why, and when to come back. */
    public String turnAway(String reason) {
        return EventsConnection.bye(reason, stopping ? spread : Spread.BUSY).toString();
    }

    private boolean add(Connection connection) {
        boolean mayEnter = addresses.enter(connection.client().visitor().address());
        open.add(connection);
        opened.increment();
        if (count.incrementAndGet() + ended.size() > limits.connections()) {
            connection.end(Ending.SERVER_FULL);
        } else if (!mayEnter) {
            connection.end(Ending.ADDRESS_FULL);
        } else if (stopping) {
            connection.end(Ending.SHUTDOWN);
        }
        return !connection.hasEnded();
    }

    /** Called by a connection when it has ended, once. */
    void ended(Connection connection, Ending why, @Nullable Throwable cause) {
        open.remove(connection);
        if (connection instanceof EventsConnection stream && stream.key() != null) {
            streams.remove(stream.key(), stream);
        }
        count.decrementAndGet();
        counter(why).increment();
        log.ended(connection.client(), why, connection.words(why), cause);
        if (stopped) {
            addresses.leave(connection.client().visitor().address());
            connection.close(why); // a handshake that was under way; closed by who opens it, for want of other threads
            return;
        }
        ended.add(connection);
        closing.execute(() -> connection.close(why));
    }

    /** Looks after every session once: deadlines, keepalive, and those that do not go. For one thread at a time. */
    public void sweep() {
        long now = now();
        long nowMillis = clock.millis();
        log.sweep(now);
        for (Connection connection : open) {
            try {
                connection.sweep(now, nowMillis);
            } catch (RuntimeException | Error e) {
                connection.faulted(e); // the others are looked after all the same
            }
        }
        ended.removeIf(connection -> isGone(connection, now, true));
        held.sweep(now);
    }

    /**
     * The bytes of unfinished messages, and of echoes and answers that clients have not read. Walks over all sessions.
     */
    public long heldBytes() {
        return held.now();
    }

    /** How many there may be. */
    public long heldLimit() {
        return held.limit();
    }

    HeldBytes held() {
        return held;
    }

    /**
     * Counts a connection as long as it is there: who ends one and does not let it go is not to open more meanwhile.
     */
    private boolean isGone(Connection connection, long now, boolean patient) {
        boolean isGone = connection.sweepEnded(now, patient);
        if (isGone) {
            addresses.leave(connection.client().visitor().address());
        }
        return isGone;
    }

    /**
     * Ends every session for shutdown and lets no other in. From now on no command is carried out any more: those who
     * go first would not hear of it, and who has no answer says it again elsewhere. Frames in flight, and what waits
     * behind them, get some time. Each hears when to come back, so that they come spread out, and many are not closed
     * all at once.
     *
     * @param forFramesInFlight how long to wait for them at most
     * @param atMost over how long to spread the closing
     */
    public void endAll(Duration forFramesInFlight, Duration atMost) throws InterruptedException {
        spread = Spread.of(openCount());
        stopping = true;
        leaving = true;
        List<Connection> all = new ArrayList<>(open);
        waitUntil(forFramesInFlight, this::isQuiet);
        Collections.shuffle(all); // or those of one room, or of one proxy, would come back together
        long forAll = Math.min(atMost.toNanos(), (all.size() - 1) * (SECOND_NANOS / CLOSED_A_SECOND));
        long began = now();
        ArrayDeque<Leaving> leaving = new ArrayDeque<>();
        int asked = 0;
        while (asked < all.size() || !leaving.isEmpty()) {
            long now = now();
            for (; asked < all.size() && now - began >= (double) forAll * asked / all.size(); asked++) {
                all.get(asked).sayBye();
                leaving.add(new Leaving(all.get(asked), now));
            }
            leaving.removeIf(one -> one.isOver(now));
            Thread.sleep(asked < all.size() || !leaving.isEmpty() ? 5 : 0);
        }
        open.forEach(connection -> connection.end(Ending.SHUTDOWN)); // who was opening in the meantime
    }

    /** A session that is saying goodbye. */
    private record Leaving(Connection connection, long since) {
        /** Ends it when it has taken what it is sent, or has had its time; whether it has. */
        boolean isOver(long now) {
            boolean isOver = connection.hasEnded() || connection.isQuiet() || now - since >= FOR_THE_LAST_WORD_NANOS;
            if (isOver) {
                connection.end(Ending.SHUTDOWN);
            }
            return isOver;
        }
    }

    /**
     * Waits until what has ended is gone too, and cuts what is not. For the thread that sweeps, after the last sweep.
     */
    public void awaitGone(Duration atMost) throws InterruptedException {
        waitUntil(atMost, () -> {
            long now = now();
            ended.removeIf(connection -> isGone(connection, now, true));
            return ended.isEmpty();
        });
        stopped = true;
        ended.removeIf(connection -> isGone(connection, now(), false));
    }

    private boolean isQuiet() {
        // In this order: what was being carried out when it was said to stop may have been published to those who are
        // looked at then.
        return open.stream().noneMatch(Connection::isAtWork) && open.stream().allMatch(Connection::isQuiet);
    }

    private void waitUntil(Duration atMost, BooleanSupplier condition) throws InterruptedException {
        long until = now() + atMost.toNanos();
        while (!condition.getAsBoolean() && now() < until) {
            Thread.sleep(5);
        }
    }

    /** Whether a close frame can say that. */
    public static boolean isReason(String text) {
        boolean isClean = text.codePoints().noneMatch(Character::isISOControl);
        return isClean && !text.isEmpty() && Utf8.length(text) <= LONGEST_REASON;
    }

    /**
     * Closes the session with that id; false when there is none.
     *
     * @param reason what the close frame says; {@link #isReason}
     */
    public boolean remove(String session, String reason) {
        return remove(connection -> connection.client().session().equals(session), reason) > 0;
    }

    /** Closes all sessions of clients that are called so at the moment; returns how many there were. */
    public int removeAll(MemberName name, String reason) {
        return remove(connection -> name.value().equals(connection.called()), reason);
    }

    /** Closes all sessions of a user; returns how many there were. */
    public int removeAll(UserId user, String reason) {
        return remove(connection -> user.equals(connection.grant().user()), reason);
    }

    private int remove(Predicate<Connection> which, String reason) {
        List<Connection> removed = open.stream().filter(which).toList();
        removed.forEach(connection -> connection.remove(reason));
        return removed.size();
    }

    /** How many sessions are open. */
    public int openCount() {
        return count.get();
    }

    /** How many of the open ones read event streams. Walks over all sessions. */
    public long readerCount() {
        return open.stream().filter(Connection::isMute).count();
    }

    /** How many have ended and are not yet known to be gone. */
    public int notYetGoneCount() {
        return ended.size();
    }

    /** How many closes the container does not come back from. For the sweep. */
    public int blockedCloseCount() {
        long now = now();
        return (int) ended.stream()
                .filter(connection -> connection.isCloseBlocked(now))
                .count();
    }

    /** How many sessions ended for that reason. */
    public long endedCount(Ending why) {
        return counter(why).sum();
    }

    /** How many commands were not carried out because their sender was over its rate. */
    public long limitedCount() {
        return limited.sum();
    }

    /** How many frames have been started, pings not among them. */
    public long frameCount() {
        return frames.sum();
    }

    /** The limits of each session. */
    public SessionLimits limits() {
        return limits;
    }

    /** How many sessions there may be. */
    public int mostOpen() {
        return limits.connections();
    }

    /** How many sessions have been opened. */
    public long openedCount() {
        return opened.sum();
    }

    /** What frames are not yet taken by the clients, added up. Walks over all sessions. */
    public long inFlight() {
        return open.stream()
                .mapToLong(connection -> connection.drain().inFlight())
                .sum();
    }

    /** Whether as many sessions are open as may be. */
    public boolean isFull() {
        return count.get() + ended.size() >= limits.connections();
    }

    /** What looks at messages of clients before they are published. */
    public Inspection inspection() {
        return inspection;
    }

    boolean isLeaving() {
        return leaving;
    }

    /** When clients are to come back after a shutdown. */
    Spread spread() {
        return spread;
    }

    Renewal renewal() {
        return renewal;
    }

    /** What a close frame says. */
    String reason(Ending why) {
        return why == Ending.SHUTDOWN ? why.reason() + spread.inWords() : why.reason();
    }

    void countFrame() {
        frames.increment();
    }

    void countLimited() {
        limited.increment();
    }

    Executor fanOut() {
        return fanOut;
    }

    /** The time that waits are measured with, in nanoseconds. */
    public long now() {
        return nanoClock.getAsLong();
    }

    private LongAdder counter(Ending why) {
        LongAdder counter = endings.get(why);
        if (counter == null) {
            throw new AssertionError(why);
        }
        return counter;
    }
}

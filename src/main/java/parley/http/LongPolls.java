package parley.http;

import java.net.InetAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import parley.access.Grant;
import parley.door.HttpDoor;
import parley.protocol.HttpJson;
import parley.room.History;
import parley.room.Room;
import parley.room.RoomStore;
import parley.room.Visitors;
import parley.session.AddressLimit;

/**
 * Requests for pages that wait until there is something in them. No thread waits: the turn of a room wakes those that
 * wait in it, and the sweep those whose time is over. One whose client has gone ends at once where the server tells;
 * else when it is answered, as no server but Parley's own reads a connection while a request waits. Any thread.
 */
public final class LongPolls {
    private final int most;
    private final AddressLimit addresses;
    private final LongSupplier nanoClock;
    private final Clock clock;
    private final Set<Poll> open = ConcurrentHashMap.newKeySet();
    private final AtomicInteger count = new AtomicInteger();
    private volatile boolean isClosed;

    /**
     * Makes it.
     *
     * @param most how many may wait at once
     * @param addresses counts them as connections of their addresses
     * @param clock the time that tokens end by
     */
    public LongPolls(int most, AddressLimit addresses, LongSupplier nanoClock, Clock clock) {
        this.most = most;
        this.addresses = addresses;
        this.nanoClock = nanoClock;
        this.clock = clock;
    }

    /** How many wait. */
    public int openCount() {
        return count.get();
    }

    /** Answers those whose time is over, or whose tokens have ended. For the sweep. */
    public void sweep() {
        long now = nanoClock.getAsLong();
        long millis = clock.millis();
        for (Poll poll : open) {
            if (poll.grant.hasExpired(millis)) {
                poll.expire();
            } else if (now - poll.untilNanos >= 0) {
                poll.end();
            }
        }
    }

    /** Answers all, and from now on each at once. */
    public void close() {
        isClosed = true;
        open.forEach(Poll::end);
    }

    /**
     * Reads a page, and waits with an empty one until there is something in it, or the room begins a new history.
     * Answers the request itself when too many wait, and with 401 when its token has ended meanwhile.
     *
     * @param newest the newest message that is known
     * @param onPage called once, as that of {@link Room#read}
     */
    void read(
            Exchange exchange,
            HttpDoor.Caller caller,
            Room room,
            History.Range range,
            RoomStore.Expected newest,
            Duration wait,
            Consumer<History.@Nullable Page> onPage) {
        InetAddress address = caller.isLimited() ? caller.address() : null;
        boolean mayEnter = addresses.enter(address);
        if (count.incrementAndGet() > most || !mayEnter) {
            left(address);
            exchange.answer(Problem.of(
                    429,
                    HttpJson.problem(
                            429,
                            "rate-limited",
                            "too many requests wait, in all or from this address; ask again later"),
                    Problem.RETRY));
            return;
        }
        long until = nanoClock.getAsLong() + wait.toNanos();
        Poll poll = new Poll(exchange, caller.grant(), room, range, newest.epoch(), address, until, onPage);
        open.add(poll);
        exchange.whenGone(poll::gone);
        poll.await(newest);
        if (isClosed) {
            poll.end();
        }
    }

    private void left(@Nullable InetAddress address) {
        addresses.leave(address);
        count.decrementAndGet();
    }

    /** One that waits. */
    private final class Poll {
        private final Exchange exchange;
        private final Grant grant;
        private final Room room;
        private final History.Range range;
        private final @Nullable InetAddress address;
        private final long untilNanos;
        private final Consumer<History.@Nullable Page> onPage;
        private final AtomicBoolean isOver = new AtomicBoolean();
        /** The history in which it waits. */
        private final String epoch;

        private volatile Visitors.@Nullable Waiting waiting;

        Poll(
                Exchange exchange,
                Grant grant,
                Room room,
                History.Range range,
                String epoch,
                @Nullable InetAddress address,
                long untilNanos,
                Consumer<History.@Nullable Page> onPage) {
            this.exchange = exchange;
            this.grant = grant;
            this.epoch = epoch;
            this.room = room;
            this.range = range;
            this.address = address;
            this.untilNanos = untilNanos;
            this.onPage = onPage;
        }

        /** Waits for what comes behind a message, and reads what has come: in this order nothing is missed. */
        void await(RoomStore.Expected newest) {
            Visitors.Waiting next = new Visitors.Waiting(newest, this::await);
            waiting = next;
            boolean isThere = room.visitors().await(next);
            if (isOver.get()) {
                room.visitors().leave(next); // it was answered meanwhile, and did not find this to leave with
                return;
            }
            room.read(null, range, page -> {
                if (page == null || !page.messages().isEmpty() || !page.epoch().equals(epoch) || !isThere) {
                    finish(page);
                }
            });
        }

        /** Its time is over. */
        void end() {
            room.read(null, range, this::finish);
        }

        private void finish(History.@Nullable Page page) {
            if (grant.hasExpired(clock.millis())) {
                expire();
            } else if (leave()) {
                onPage.accept(page);
            }
        }

        /** Its token has ended. */
        void expire() {
            if (leave()) {
                exchange.answer(Problem.of(HttpDoor.expired()));
            }
        }

        /** Its client has gone. */
        void gone() {
            leave();
        }

        /** Waits no more; false when it had ended before. */
        private boolean leave() {
            if (!isOver.compareAndSet(false, true)) {
                return false;
            }
            open.remove(this);
            Visitors.Waiting last = waiting;
            if (last != null) {
                room.visitors().leave(last);
            }
            left(address);
            return true;
        }
    }
}

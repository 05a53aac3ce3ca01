package parley.cluster;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.RoomName;
import parley.room.Outcome;
import parley.room.RoomStore;

/**
 * Rooms of a cluster. Any thread may call any method.
 *
 * <p>One thread knows the state of all rooms and does what has to be done in order; what it is given waits in a queue, of which what clients
 * say and what comes by is bounded by its weight. It waits for nobody. Four others read from the streams, and wait for NATS; one keeps the connection.
 */
public final class ClusterStore implements RoomStore, AutoCloseable {
    private static final Logger LOG = System.getLogger("parley.cluster");

    private static final Outcome.NotKept TOO_MUCH =
            new Outcome.NotKept("the cluster is slower than what is said; say it again later, with the same id");
    private static final Outcome.NotKept CLOSING =
            new Outcome.NotKept("the server stops; say it again to the next, with the same id");

    private static final int OVERHEAD_BYTES = 300;
    /** Of a message that is read: not more than the room takes, which concludes from the weight of a page whether there is more. */
    private static final int OVERHEAD_READ_BYTES = 96;

    private static final String BEHIND = "a server of NATS is behind the one that leads the stream";
    private static final int BATCH = 2_000;
    private static final int READERS = 4;
    private static final int MOST_READS = 10_000;
    /** What comes by and waits, in KiB. */
    private static final int MOST_HEARD = 64 << 10;

    private static final int FILL_AT_ONCE = 500;
    private static final long TICK_NANOS = 50_000_000L;
    private static final long POLL_NANOS = 5_000_000_000L;
    private static final long POLL_SOON_NANOS = 500_000_000L;
    private static final int MOST_WAITING_FOR_SIGNALS = 20_000;
    private static final long COMPLAINT_NANOS = 60_000_000_000L;
    /** How many rooms are looked at in a tick whether their last message was missed. */
    private static final int CHECKS_A_TICK = 10;

    private static final long BETWEEN_CHECKS_NANOS = 30_000_000_000L;
    private static final int END_SECONDS = 5;

    private final ClusterSettings settings;
    private final Subjects subjects;
    private final String node = Long.toString(new SecureRandom().nextLong(Long.MAX_VALUE), Character.MAX_RADIX);
    private final Link link;
    private final BlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();
    private final BlockingQueue<Runnable> toRead = new ArrayBlockingQueue<>(MOST_READS);
    /** What rooms read to follow: at most one for each room. */
    private final BlockingQueue<Runnable> toFollow = new LinkedBlockingQueue<>();

    private final Semaphore mayHear = new Semaphore(MOST_HEARD);
    private final List<Thread> threads = new ArrayList<>();

    /** What waits to be stored, in bytes. */
    private final AtomicLong waiting = new AtomicLong();

    private final LongAdder stored = new LongAdder();
    private final LongAdder refused = new LongAdder();
    private final LongAdder heard = new LongAdder();
    private final LongAdder filled = new LongAdder();
    private final LongAdder disconnects = new LongAdder();
    /** Whether all streams have been there once, as they have to be. */
    private volatile boolean isPrepared;
    /** Whether all were when they were looked at last. */
    private volatile boolean areStreamsThere;

    private volatile boolean isClosing;
    private volatile boolean hasEnded;
    private volatile int nodeCount = 1;
    private volatile int openRooms;

    // Of the store's thread
    private final Set<Remote> rooms = new LinkedHashSet<>();
    private final Set<Remote> busy = new LinkedHashSet<>();
    private final Set<Remote> touched = new LinkedHashSet<>();
    private final Map<Remote, Link.Hearing> hearings = new HashMap<>();
    private final Deque<Remote> toCheck = new ArrayDeque<>();
    private final Neighbours neighbours;
    /** How many connections have been made when what is to be heard was last subscribed to. */
    private int connections;

    private long sayings;
    private boolean isPolling;
    private long polledAt;
    /** Of which streams less was there than had been heard, when they were looked at last. */
    private final boolean[] wasLower;

    private final boolean[] hasLost;
    private long checkedAt;
    private long tickedAt;
    private long complainedAt = System.nanoTime() - COMPLAINT_NANOS;

    /**
     * Joins the cluster: now, or when NATS is there.
     *
     * @param threads makes the threads
     * @throws ClusterException when it can never be joined as it is set up
     */
    public ClusterStore(ClusterSettings settings, ThreadFactory threads) {
        this.settings = settings;
        this.subjects = new Subjects(settings.name(), settings.streams());
        this.wasLower = new boolean[settings.streams()];
        this.hasLost = new boolean[settings.streams()];
        this.polledAt = System.nanoTime() - POLL_NANOS;
        this.link = new Link(settings, subjects, node, new Link.Events() {
            @Override
            public void up() {
                tasks.add(ClusterStore.this::up);
            }

            @Override
            public void down() {
                tasks.add(ClusterStore.this::down);
            }
        });
        this.neighbours = new Neighbours(node, subjects, settings.nodeTimeout().toNanos(), link::send, rooms);
        this.threads.add(threads.newThread(this::run));
        this.threads.add(threads.newThread(link::keepConnected));
        for (int i = 0; i < READERS; i++) {
            BlockingQueue<Runnable> from = i % 2 == 0 ? toFollow : toRead;
            this.threads.add(threads.newThread(() -> read(from)));
        }
        this.threads.forEach(Thread::start);
    }

    @Override
    public Log open(RoomName name, Listener room) {
        Sending sending = new Sending(subjects.said(name));
        Remote remote = new Remote(name, subjects.shard(name), room, new Reading(), sending);
        sending.remote = remote;
        tasks.add(() -> opened(remote));
        return new RemoteLog(remote);
    }

    /** One room's log. */
    private final class RemoteLog implements Log {
        private final Remote remote;

        RemoteLog(Remote remote) {
            this.remote = remote;
        }

        @Override
        public void append(long at, Draft draft, Consumer<Outcome> onResult) {
            if (isClosing || hasEnded) {
                onResult.accept(CLOSING);
                return;
            }
            long weight = draft.content().bytes() + OVERHEAD_BYTES;
            if (waiting.addAndGet(weight) > settings.waitingBytes()) {
                waiting.addAndGet(-weight);
                refused.increment();
                onResult.accept(TOO_MUCH);
                return;
            }
            long until = System.nanoTime() + settings.deadline().toNanos();
            Runnable say = () -> say(remote, at, draft, until, outcome -> {
                waiting.addAndGet(-weight);
                (outcome instanceof Outcome.NotKept ? refused : stored).increment();
                onResult.accept(outcome);
            });
            tasks.add(say);
            if (hasEnded && tasks.remove(say)) { // it looked for what was left before this came
                waiting.addAndGet(-weight);
                onResult.accept(CLOSING);
            }
        }

        @Override
        public void read(Query query, Consumer<Answer> onAnswer) {
            if (isClosing || !toRead.offer(() -> onAnswer.accept(answer(remote, query)))) {
                onAnswer.accept(Unread.NOT_NOW);
            }
        }

        @Override
        public void refresh(Consumer<Extent> onExtent) {
            tasks.add(() -> {
                remote.look(onExtent);
                busy.add(remote);
            });
        }

        @Override
        public void signal(Draft draft) {
            if (link.isUp() && tasks.size() < MOST_WAITING_FOR_SIGNALS) {
                tasks.add(() -> link.send(
                        subjects.at(remote.name(), Subjects.SIGNAL), new Envelope(node, 0, 0, draft).encode()));
            }
        }

        @Override
        public void present(Present here) {
            tasks.add(() -> neighbours.here(remote, here));
        }

        @Override
        public void close() {
            tasks.add(() -> closed(remote));
        }
    }

    private void opened(Remote remote) {
        rooms.add(remote);
        openRooms = rooms.size();
        busy.add(remote);
        if (isReady()) {
            remote.open();
        }
    }

    private boolean isReady() {
        return isPrepared && link.isUp();
    }

    private void closed(Remote remote) {
        neighbours.closed(remote);
        Link.Hearing hearing = hearings.remove(remote);
        if (hearing != null) {
            hearing.end();
        }
        rooms.remove(remote);
        openRooms = rooms.size();
        remote.close();
        busy.add(remote);
    }

    private void say(Remote remote, long at, Draft draft, long until, Consumer<Outcome> told) {
        String mark = draft.id() == null
                ? node + "." + Long.toString(++sayings, Character.MAX_RADIX)
                : Subjects.mark(remote.name(), draft.id());
        remote.outbox()
                .add(new Outbox.Entry(() -> new Envelope(node, at, remote.back(), draft).encode(), mark, until, told));
        busy.add(remote);
        if (isReady()) {
            remote.send(System.nanoTime());
        }
    }

    /** Sends what is said in a room, and takes the answers. */
    private final class Sending implements Outbox.Sender {
        private final String subject;
        /** Set before anything is sent. */
        private @Nullable Remote remote;

        Sending(String subject) {
            this.subject = subject;
        }

        @Override
        public void send(Outbox.Entry entry, int attempt) {
            link.store(subject, entry.mark, entry.payload(), new Link.Answer() {
                @Override
                public void stored(long seq, boolean isDuplicate) {
                    answer(outbox -> outbox.stored(entry, seq, isDuplicate));
                }

                @Override
                public void refused(String why) {
                    answer(outbox -> outbox.refused(entry, attempt, new Outcome.NotKept(why)));
                }

                @Override
                public void unknown() {
                    answer(outbox -> outbox.failed(entry, attempt, System.nanoTime()));
                }
            });
        }

        private void answer(Consumer<Outbox> what) {
            Remote of = Objects.requireNonNull(remote, "nothing was sent");
            tasks.add(() -> {
                what.accept(of.outbox());
                touched.add(of);
                busy.add(of);
            });
        }
    }

    /** Reads for rooms that follow. */
    private final class Reading implements Remote.Reads {
        @Override
        public void open(Remote remote) {
            try {
                hearings.computeIfAbsent(remote, ClusterStore.this::hear);
            } catch (IllegalStateException e) { // the connection has ended this moment
                tasks.add(() -> remote.opened(null));
                return;
            }
            toFollow.add(() -> {
                Remote.Opened opened = null;
                try {
                    opened = beginning(remote);
                } catch (IOException | RuntimeException e) {
                    complain("a room cannot be read", e);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                Remote.Opened result = opened;
                tasks.add(() -> {
                    remote.opened(result);
                    if (isReady()) {
                        remote.send(System.nanoTime());
                    }
                    touched.add(remote);
                    busy.add(remote);
                    if (result != null) {
                        neighbours.opened(remote);
                    }
                });
            });
        }

        @Override
        public void fill(Remote remote, long from, long until) {
            toFollow.add(() -> {
                Remote.Filled what = null;
                try {
                    what = missed(remote, from, until);
                } catch (IOException | RuntimeException e) {
                    complain("what was missed cannot be read", e);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                Remote.Filled result = what;
                tasks.add(() -> {
                    remote.filled(result, System.nanoTime());
                    touched.add(remote);
                    busy.add(remote);
                    filled.add(result == null ? 0 : result.messages().size());
                });
            });
        }
    }

    private Link.Hearing hear(Remote remote) {
        return link.hear(
                subjects.at(remote.name()),
                (subject, data, seq, last, mark) -> heard(remote, subject, data, seq, last, mark));
    }

    private void heard(Remote remote, String subject, byte[] data, long seq, long last, @Nullable String mark) {
        try {
            while (!mayHear.tryAcquire(
                    kilobytes(data), 1, TimeUnit.SECONDS)) { // NATS keeps it meanwhile, and in the end drops it
                if (hasEnded) {
                    return;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return;
        }
        tasks.add(() -> {
            mayHear.release(kilobytes(data));
            take(remote, subject.substring(subject.lastIndexOf('.') + 1), data, seq, last, mark);
        });
    }

    private static int kilobytes(byte[] data) {
        return 1 + Math.min(data.length, MOST_HEARD << 9) / 1024;
    }

    private void take(Remote remote, String what, byte[] data, long seq, long last, @Nullable String mark) {
        if (remote.isClosed()) {
            return;
        }
        switch (what) {
            case Subjects.MESSAGE -> {
                if (seq > 0) {
                    heard.increment();
                    if (seq <= remote.newest() && last < remote.newest() && remote.isOpen()) {
                        pollSoon(); // perhaps another stream of that name
                    }
                    remote.heard(new Remote.Heard(seq, last, mark, message(seq, data)));
                    touched.add(remote);
                    busy.add(remote);
                }
            }
            case Subjects.SIGNAL -> {
                Envelope signal = Envelope.decode(data);
                if (signal != null && !signal.node().equals(node)) {
                    remote.room().signalled(signal.draft());
                }
            }
            case Subjects.PRESENT -> neighbours.present(remote, data, System.nanoTime());
            case Subjects.ASK -> neighbours.asked(remote, data);
            default -> {}
        }
    }

    private static @Nullable Message message(long seq, byte[] data) {
        Envelope envelope = Envelope.decode(data);
        return envelope == null ? null : new Message(seq, envelope.at(), envelope.draft());
    }

    private static Remote.Heard heard(Link.Kept kept) {
        return new Remote.Heard(kept.seq(), 0, kept.mark(), message(kept.seq(), kept.data()));
    }

    /** What there is in a room: the newest messages, and from which number on all is kept. Waits for NATS. */
    private Remote.Opened beginning(Remote remote) throws IOException, InterruptedException {
        link.await(); // from here on nothing is missed
        String subject = subjects.said(remote.name());
        Link.State state = state(remote, subject);
        List<Remote.Heard> newest = new ArrayList<>();
        long last = link.newest(remote.shard(), subject);
        if (last > 0) {
            Link.Kept kept = link.next(remote.shard(), subject, last);
            newest.addAll(all(remote, subject, kept == null ? last : back(kept.data()), last, Integer.MAX_VALUE));
        }
        long first = first(remote, subject, state);
        long head =
                newest.isEmpty() ? state.last() : newest.get(newest.size() - 1).seq();
        boolean isAll = newest.size() >= state.count() && !newest.isEmpty();
        long since = newest.isEmpty()
                ? head + 1
                : isAll ? Math.min(first, newest.get(0).seq()) : newest.get(0).seq();
        return new Remote.Opened(state.epoch(), first, since, Math.max(head, state.last()), List.copyOf(newest));
    }

    private Link.State state(Remote remote, String subject) throws IOException {
        Link.State state = link.state(remote.shard(), subject);
        if (state == null) {
            pollSoon();
            throw new IOException("the stream is not there");
        }
        return state;
    }

    /** Streams let go of their oldest message, and of a room's oldest: when it has as many as it may, or had. */
    private long first(Remote remote, String subject, Link.State state) throws IOException, InterruptedException {
        Link.Kept oldest = state.count() == 0 ? null : link.next(remote.shard(), subject, 1);
        boolean mayBeTheFirst = oldest == null || back(oldest.data()) == 0;
        return mayBeTheFirst && state.count() < settings.kept().messages() ? state.first() : firstOf(oldest, state);
    }

    private static long firstOf(Link.@Nullable Kept oldest, Link.State state) {
        return oldest == null ? state.first() : Math.max(state.first(), oldest.seq());
    }

    private Remote.Filled missed(Remote remote, long from, long until) throws IOException, InterruptedException {
        String subject = subjects.said(remote.name());
        if (until == 0) {
            link.await();
            Link.State state = state(remote, subject);
            List<Remote.Heard> messages =
                    all(remote, subject, from, link.newest(remote.shard(), subject), FILL_AT_ONCE);
            if (messages.size() == FILL_AT_ONCE) {
                return new Remote.Filled(messages, 0, 0, false);
            }
            return new Remote.Filled(messages, first(remote, subject, state), state.last(), true);
        }
        List<Remote.Heard> messages = forward(remote, subject, from, until, FILL_AT_ONCE);
        boolean hasReached =
                !messages.isEmpty() && messages.get(messages.size() - 1).seq() >= until;
        return new Remote.Filled(messages, 0, 0, hasReached);
    }

    /** Reads messages up to one that the server which leads the stream has, or so many as may be. Waits for NATS. */
    private List<Remote.Heard> all(Remote remote, String subject, long from, long until, int limit)
            throws IOException, InterruptedException {
        List<Remote.Heard> messages = forward(remote, subject, from, until, limit);
        boolean isThere = until < from
                || messages.size() == limit
                || (!messages.isEmpty() && messages.get(messages.size() - 1).seq() == until);
        if (!isThere && link.newest(remote.shard(), subject) >= until) {
            throw new IOException(BEHIND);
        }
        return messages;
    }

    /** Reads messages up to a number. Waits for NATS. */
    private List<Remote.Heard> forward(Remote remote, String subject, long from, long until, int limit)
            throws IOException, InterruptedException {
        List<Remote.Heard> messages = new ArrayList<>();
        long next = from;
        while (next <= until && messages.size() < limit && !isClosing) {
            Link.Kept kept = link.next(remote.shard(), subject, next);
            if (kept == null || kept.seq() > until) {
                break;
            }
            messages.add(heard(kept));
            next = kept.seq() + 1;
        }
        return messages;
    }

    /** Reads one message more than asked for: whether there is one cannot be told by the numbers. */
    private Answer answer(Remote remote, Query query) {
        try {
            List<Message> messages = query.direction() == Direction.BACKWARD
                    ? backward(remote, query.from(), query.limit() + 1, query.bytes())
                    : page(remote, query.from(), query.limit() + 1, query.bytes());
            boolean isCut = messages.size() > query.limit();
            boolean more = isCut || bytes(messages) >= query.bytes();
            return new Found(query.from(), isCut ? messages.subList(0, query.limit()) : messages, more);
        } catch (IOException | RuntimeException e) {
            complain("messages cannot be read", e);
            return Unread.NOT_NOW;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Unread.NOT_NOW;
        }
    }

    private static long bytes(List<Message> messages) {
        return messages.stream()
                .mapToLong(message -> message.content().bytes() + OVERHEAD_READ_BYTES)
                .sum();
    }

    private List<Message> page(Remote remote, long from, int limit, long bytes)
            throws IOException, InterruptedException {
        String subject = subjects.said(remote.name());
        List<Message> messages = new ArrayList<>();
        long weight = 0;
        long next = from;
        while (messages.size() < limit && weight < bytes && !isClosing) {
            Link.Kept kept = link.next(remote.shard(), subject, next);
            if (kept == null && link.newest(remote.shard(), subject) >= next) {
                throw new IOException(BEHIND);
            }
            if (kept == null) {
                break;
            }
            Message message = message(kept.seq(), kept.data());
            if (message != null) {
                messages.add(message);
                weight += message.content().bytes() + OVERHEAD_READ_BYTES;
            }
            next = kept.seq() + 1;
        }
        return messages;
    }

    /** A stream is read forward; each message says where to begin to find those before it. */
    private List<Message> backward(Remote remote, long from, int limit, long bytes)
            throws IOException, InterruptedException {
        String subject = subjects.said(remote.name());
        Link.Kept anchor = link.next(remote.shard(), subject, from);
        if (anchor == null) {
            anchor = link.next(remote.shard(), subject, link.newest(remote.shard(), subject));
        }
        List<Message> messages = new ArrayList<>();
        long weight = 0;
        long until = from;
        long at = anchor == null ? Long.MAX_VALUE : anchor.seq();
        long start = anchor == null ? 0 : back(anchor.data());
        while (at < Long.MAX_VALUE && messages.size() < limit && weight < bytes) {
            List<Remote.Heard> before = forward(remote, subject, start, until, Integer.MAX_VALUE);
            for (int i = before.size() - 1; i >= 0 && messages.size() < limit && weight < bytes; i--) {
                Message message = before.get(i).message();
                if (message != null) {
                    messages.add(message);
                    weight += message.content().bytes() + OVERHEAD_READ_BYTES;
                }
            }
            if (start <= 1 || before.isEmpty()) {
                break;
            }
            until = before.get(0).seq() - 1;
            Link.Kept first = link.next(remote.shard(), subject, before.get(0).seq());
            start = first == null ? 0 : back(first.data());
            if (start > until) {
                break; // it says nothing sensible
            }
        }
        return Collections.unmodifiableList(messages);
    }

    private static long back(byte[] data) {
        Envelope envelope = Envelope.decode(data);
        return envelope == null ? 0 : envelope.back();
    }

    private void read(BlockingQueue<Runnable> from) {
        while (!hasEnded) {
            try {
                from.take().run();
            } catch (InterruptedException e) {
                return;
            } catch (RuntimeException | Error e) { // who comes next may be luckier
                LOG.log(Level.ERROR, "messages were read, and who asked for them failed", e);
            }
        }
    }

    private void up() {
        pollSoon();
        if (link.connections() != connections) {
            connections = link.connections();
            hearings.replaceAll((remote, before) -> {
                before.end(); // it may be of this connection, when a room was opened meanwhile
                return hear(remote);
            });
            link.hear(
                    subjects.nodes(),
                    (subject, data, seq, last, mark) -> tasks.add(() -> neighbours.beat(data, System.nanoTime())));
            link.hear(subjects.node(node), (subject, data, seq, last, mark) -> tasks.add(neighbours::tellAll));
        }
        if (isPrepared) {
            rooms.forEach(Remote::catchUp);
            busy.addAll(rooms);
        }
        neighbours.resume(System.nanoTime());
    }

    private void down() {
        disconnects.increment();
        long now = System.nanoTime();
        for (Remote remote : busy) {
            remote.outbox().disconnected(now);
        }
    }

    private void pollSoon() {
        polledAt = Math.min(polledAt, System.nanoTime() - POLL_NANOS + POLL_SOON_NANOS);
    }

    private void poll(long now) {
        if (isPolling || !link.isUp() || now - polledAt < POLL_NANOS) {
            return;
        }
        isPolling = true;
        polledAt = now;
        boolean prepares = !isPrepared;
        long[] heardBefore = new long[settings.streams()];
        for (Remote remote : rooms) {
            int shard = remote.shard();
            heardBefore[shard] = remote.isOpen() ? Math.max(heardBefore[shard], remote.newest()) : heardBefore[shard];
        }
        toFollow.add(() -> {
            Link.@Nullable State[] states = new Link.State[settings.streams()];
            boolean areThere = true;
            for (int shard = 0; shard < states.length; shard++) {
                try {
                    Link.State state = prepares ? null : link.state(shard, null);
                    states[shard] = state == null ? link.prepare(shard) : state;
                } catch (IOException | RuntimeException e) {
                    areThere = false;
                    complain("a stream cannot be used", e);
                }
            }
            boolean result = areThere;
            tasks.add(() -> polled(states, result, heardBefore));
        });
    }

    /**
     * The streams have been looked at.
     *
     * @param states null for one that could not be: its rooms wait, and the others go on
     * @param heardBefore the newest number of each stream that had been heard before
     */
    private void polled(Link.@Nullable State[] states, boolean areAllThere, long[] heardBefore) {
        isPolling = false;
        areStreamsThere = areAllThere;
        if (!areAllThere) {
            polledAt = System.nanoTime() - POLL_NANOS + 2 * POLL_SOON_NANOS;
        }
        if (!isPrepared && !areAllThere) {
            return;
        }
        if (!isPrepared) {
            isPrepared = true;
            rooms.forEach(Remote::catchUp);
            neighbours.tellAll();
        }
        for (int shard = 0; shard < states.length; shard++) {
            Link.State state = states[shard];
            boolean isLower = state != null && state.last() < heardBefore[shard];
            hasLost[shard] = isLower && wasLower[shard]; // once may be a server that has just come to lead the stream
            wasLower[shard] = isLower && !wasLower[shard];
            if (wasLower[shard]) {
                pollSoon();
            }
        }
        for (Remote remote : rooms) {
            Link.State state = states[remote.shard()];
            if (state != null && remote.isOpen()) {
                if (!state.epoch().equals(remote.epoch()) || hasLost[remote.shard()]) {
                    LOG.log(Level.WARNING, "the cluster: another stream has the room " + remote.name() + " now");
                    remote.open();
                    busy.add(remote);
                } else {
                    remote.trimmed(state.first());
                }
            }
        }
    }

    private void run() {
        List<Runnable> batch = new ArrayList<>();
        try {
            while (!isClosing || !isAnswered()) {
                Runnable first = tasks.poll(TICK_NANOS, TimeUnit.NANOSECONDS);
                if (first != null) {
                    batch.add(first);
                    tasks.drainTo(batch, BATCH);
                }
                batch.forEach(this::attempt);
                batch.clear();
                touched.forEach(remote -> attempt(remote::flush));
                touched.clear();
                long now = System.nanoTime();
                if (now - tickedAt >= TICK_NANOS) {
                    tickedAt = now;
                    attempt(() -> tick(now));
                }
            }
        } catch (InterruptedException e) {
            LOG.log(Level.WARNING, "the thread of the cluster was interrupted");
        } finally {
            hasEnded = true;
            for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
                attempt(task);
            }
            busy.forEach(remote -> attempt(() -> remote.outbox().end(CLOSING)));
        }
    }

    private void attempt(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) { // what comes next may go well
            LOG.log(Level.ERROR, "the cluster: something went wrong, and it goes on", e);
        }
    }

    private boolean isAnswered() {
        return tasks.isEmpty()
                && busy.stream().allMatch(remote -> remote.outbox().isEmpty());
    }

    private void tick(long now) {
        poll(now);
        boolean isReady = isReady();
        for (Remote remote : List.copyOf(busy)) {
            if (isReady || !remote.outbox().isEmpty()) {
                remote.tick(now, isReady);
            }
            if (!remote.isBusy()) {
                busy.remove(remote);
            }
        }
        if (isReady) {
            check(now);
            neighbours.tick(now);
            nodeCount = neighbours.count();
        }
    }

    /** The last message of a room may be missed, and nothing that comes by tells. */
    private void check(long now) {
        if (toCheck.isEmpty() && now - checkedAt >= BETWEEN_CHECKS_NANOS) {
            checkedAt = now;
            toCheck.addAll(rooms);
        }
        for (int i = 0; i < CHECKS_A_TICK && !toCheck.isEmpty(); i++) {
            Remote remote = toCheck.remove();
            if (!remote.isClosed()) {
                remote.catchUp();
                busy.add(remote);
            }
        }
    }

    private synchronized void complain(String what, Exception e) {
        long now = System.nanoTime();
        if (now - complainedAt >= COMPLAINT_NANOS && !isClosing) {
            complainedAt = now;
            LOG.log(Level.ERROR, "the cluster: " + what + ": " + e.getMessage());
        }
    }

    /** Whether messages can be stored and read now, as far as is known. */
    public boolean isWell() {
        return isReady() && areStreamsThere && !hasEnded;
    }

    /** How many nodes there are, this one included, as far as is known. */
    public int nodeCount() {
        return nodeCount;
    }

    /** How many rooms this node follows. */
    public int roomCount() {
        return openRooms;
    }

    /** What waits to be stored, in bytes. */
    public long waitingBytes() {
        return waiting.get();
    }

    /** How many messages said here were stored. */
    public long storedCount() {
        return stored.sum();
    }

    /** How many messages said here were refused, or not answered in time. */
    public long refusedCount() {
        return refused.sum();
    }

    /** How many messages came by. */
    public long heardCount() {
        return heard.sum();
    }

    /** How many messages were missed on the way and read from the streams. */
    public long filledCount() {
        return filled.sum();
    }

    /** How often NATS was gone. */
    public long disconnectCount() {
        return disconnects.sum();
    }

    /** Stores what waits, as long as that takes no longer than a deadline, answers who waits, and leaves the cluster. Waits for a while. */
    @Override
    public void close() {
        tasks.add(neighbours::leave);
        isClosing = true;
        try {
            threads.get(0)
                    .join(TimeUnit.SECONDS.toMillis(END_SECONDS)
                            + settings.deadline().toMillis());
            hasEnded = true;
            threads.forEach(Thread::interrupt);
            link.close();
            for (Thread thread : threads) {
                thread.join(TimeUnit.SECONDS.toMillis(END_SECONDS));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

package parley.cluster;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Clock;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import parley.protocol.Message;
import parley.protocol.RoomName;
import parley.room.RoomStore;

/**
 * The rooms that this node follows: what comes by for them, what is published in them, and what is due. For the
 * store's thread, except where a method says otherwise.
 */
final class FollowedRooms implements Loop.Work, StreamHealth.Listener, Outgoing.Rooms {
    private static final Logger LOG = System.getLogger("parley.cluster");

    /** Another node folds its changes within that time, unless it has ended. */
    private static final long BETWEEN_FOLDS_NANOS = 2_000_000_000L;

    private static final long MOST_BETWEEN_FOLDS_NANOS = 60_000_000_000L;
    private static final int MOST_FOLDS = 100;

    private final ClusterSettings settings;
    private final Subjects subjects;
    private final String node;
    private final Link link;
    private final Outgoing outgoing;
    private final Streams streams;
    private final StreamReader reader;
    private final StreamHealth health;
    private final Loop loop;
    private final LongSupplier nanoTime;
    private final Counted counted;
    private final Decoder decoder;
    private final Lookups lookups;

    private final Set<Remote> rooms = new LinkedHashSet<>();
    /** Those that have something to do at each tick. */
    private final Set<Remote> busy = new LinkedHashSet<>();
    /** Those that have something to flush. */
    private final Set<Remote> touched = new LinkedHashSet<>();

    private final Hearings hearings;
    private final Checks checks;
    private final Neighbours neighbours;
    /** How many connections had been made when the subscriptions were made. */
    private int connections;

    /** Changes of others that are being folded here. */
    private int folds;

    private long foldsLookedAtNanos;
    private long betweenFoldsNanos = BETWEEN_FOLDS_NANOS;

    private volatile int nodeCount = 1;
    private volatile int roomCount;

    FollowedRooms(
            ClusterSettings settings,
            Subjects subjects,
            String node,
            Link link,
            Streams streams,
            Readers readers,
            Loop loop,
            Clock clock,
            LongSupplier nanoTime,
            Counted counted,
            Complaints complaints) {
        this.settings = settings;
        this.subjects = subjects;
        this.node = node;
        this.link = link;
        this.streams = streams;
        this.loop = loop;
        this.nanoTime = nanoTime;
        this.counted = counted;
        this.decoder = new Decoder(counted, complaints);
        ChangeIndex index = new ChangeIndex(streams, subjects, decoder);
        this.reader = new StreamReader(streams, subjects, settings.kept(), clock, decoder, complaints, loop::isClosing);
        this.health = new StreamHealth(streams, settings.streams(), this, nanoTime, readers::follow, loop, complaints);
        this.lookups = new Lookups(readers, loop, complaints, health::pollSoon);
        this.outgoing = new Outgoing(
                node,
                subjects,
                link,
                new Publishing(link, complaints, settings.replicas()),
                reader,
                new Forgetting(streams, subjects, index),
                new StreamFolding(
                        streams,
                        subjects,
                        index,
                        (room, notice) -> link.send(subjects.at(room, Subjects.FOLDED), notice.encode())),
                lookups,
                loop,
                nanoTime,
                counted,
                complaints,
                this);
        this.neighbours = new Neighbours(
                node,
                subjects,
                settings.nodeTimeout().toNanos(),
                link::send,
                link::maxPayload,
                nanoTime,
                decoder,
                rooms);
        this.hearings = new Hearings(link, subjects, loop, this::take);
        this.checks = new Checks(rooms, nanoTime.getAsLong());
        this.foldsLookedAtNanos = nanoTime.getAsLong();
    }

    /** Whether streams can be used now, as far as is known. Any thread. */
    @Override
    public boolean isReady() {
        return health.isPrepared() && link.isUp();
    }

    /** Whether all streams can be used now, as far as is known. Any thread. */
    boolean isWell() {
        return isReady() && health.areThere();
    }

    /** How many nodes there are, this one included. Any thread. */
    int nodeCount() {
        return nodeCount;
    }

    /** Any thread. */
    int roomCount() {
        return roomCount;
    }

    /** Makes a room, to be {@linkplain #open opened}. Any thread. */
    Remote make(RoomName name, RoomStore.Listener room) {
        return outgoing.remote(name, room, new Reading());
    }

    void open(Remote remote) {
        rooms.add(remote);
        roomCount = rooms.size();
        busy.add(remote);
        if (isReady()) {
            remote.open();
        }
    }

    void close(Remote remote) {
        neighbours.closed(remote);
        hearings.end(remote);
        rooms.remove(remote);
        roomCount = rooms.size();
        remote.close();
        busy.add(remote);
    }

    /** What is published. */
    Outgoing outgoing() {
        return outgoing;
    }

    @Override
    public void refresh(Remote remote, Consumer<RoomStore.Extent> onExtent) {
        remote.refresh(onExtent);
        busy.add(remote);
    }

    void present(Remote remote, RoomStore.Present here) {
        neighbours.here(remote, here);
    }

    void leave() {
        neighbours.leave();
    }

    /** Reads for a member or a client, which is called exactly once. By a reader's thread. */
    void answer(Remote remote, RoomStore.Query query, Consumer<RoomStore.Answer> onAnswer) {
        StreamReader.Given given = reader.answer(remote.name(), remote.changed(), query);
        Remote.Bounds bounds = given.bounds();
        if (bounds == null) {
            onAnswer.accept(given.answer());
            return;
        }
        Runnable answer = () -> { // the room hears first what is gone
            remote.trimmed(bounds);
            onAnswer.accept(since(remote.first(), given.answer()));
        };
        if (!loop.offer(answer)) {
            onAnswer.accept(RoomStore.Unread.NOT_NOW);
        }
    }

    /** Says from which number on none is missing of what was found. */
    private static RoomStore.Answer since(long first, RoomStore.Answer answer) {
        if (!(answer instanceof RoomStore.Found found)) {
            return answer;
        }
        List<Message> messages = found.messages();
        long since =
                messages.isEmpty() ? first : Math.min(first, messages.get(0).seq());
        return new RoomStore.Found(Math.max(found.since(), since), messages, found.more());
    }

    @Override
    public void isAtWork(Remote remote) {
        busy.add(remote);
    }

    @Override
    public void pollSoon() {
        health.pollSoon();
    }

    @Override
    public void touch(Remote remote) {
        touched.add(remote);
        busy.add(remote);
    }

    /** Reads for rooms that follow. */
    private final class Reading implements Remote.Reads {
        @Override
        public void open(Remote remote) {
            try {
                hearings.begin(remote);
            } catch (IllegalStateException e) { // the connection has ended this moment
                loop.execute(() -> remote.opened(null));
                return;
            }
            lookups.follow("a room cannot be read", () -> reader.beginning(remote.name()), opened -> {
                remote.opened(opened);
                if (isReady()) {
                    remote.send(nanoTime.getAsLong());
                }
                if (opened != null) {
                    neighbours.opened(remote);
                }
                touch(remote);
            });
        }

        @Override
        public void fill(Remote remote, long from, long until) {
            lookups.follow(
                    "missed messages cannot be read",
                    () -> reader.missed(remote.name(), remote.changed(), from, until),
                    result -> {
                        remote.filled(result, nanoTime.getAsLong());
                        counted.filled.add(
                                result == null ? 0 : result.messages().size());
                        touch(remote);
                    });
        }
    }

    private void take(Remote remote, Link.Heard heard) {
        if (remote.isClosed()) {
            return;
        }
        String subject = heard.subject();
        switch (subject.substring(subject.lastIndexOf('.') + 1)) {
            case Subjects.MESSAGE -> {
                if (heard.seq() > 0) {
                    takeMessage(remote, heard);
                }
            }
            case Subjects.SIGNAL ->
                decoder.envelope(subject, heard.data())
                        .filter(signal -> !signal.node().equals(node))
                        .ifPresent(signal -> remote.room().signalled(signal.draft()));
            case Subjects.PRESENT -> neighbours.present(remote, heard.data());
            case Subjects.ASK -> neighbours.asked(remote, heard.data());
            case Subjects.MARK ->
                MarkNotice.decode(heard.data())
                        .filter(notice -> !notice.node().equals(node))
                        .ifPresent(notice -> remote.room().marked(notice.user(), notice.mark()));
            case Subjects.FOLDED ->
                ChangeNotice.decode(heard.data()).ifPresent(notice -> folded(remote.changed(), notice));
            case Subjects.GONE -> {
                remote.catchUp();
                busy.add(remote);
            }
            default -> {}
        }
    }

    private void takeMessage(Remote remote, Link.Heard heard) {
        long seq = heard.seq();
        counted.heard.increment();
        if (seq <= remote.newest() && heard.last() < remote.newest() && remote.isOpen()) {
            health.pollSoon(); // perhaps another stream of that name
        }
        byte[] data = heard.data();
        remote.heard(new Remote.Heard(
                seq, heard.last(), heard.dedupId(), Arrays.hashCode(data), decoder.message(remote.name(), seq, data)));
        touch(remote);
    }

    /** The connection is there. */
    void up() {
        health.pollSoon();
        if (link.connections() != connections) {
            connections = link.connections();
            hearings.beginAgain();
            link.hear(subjects.nodes(), heard -> loop.execute(() -> neighbours.beat(heard.data())));
            link.hear(subjects.node(node), heard -> loop.execute(neighbours::tellAll));
            link.hear(Subjects.leaders(), heard -> loop.execute(() -> announced(heard.subject())));
        }
        if (health.isPrepared()) {
            rooms.forEach(Remote::catchUp);
            busy.addAll(rooms);
        }
        neighbours.resume();
    }

    /** The connection is gone. */
    void down() {
        counted.disconnects.increment();
        long now = nanoTime.getAsLong();
        for (Remote remote : busy) {
            remote.outbox().disconnected(now);
        }
    }

    private void announced(String subject) {
        int shard = subjects.shardOfLeader(subject);
        if (shard >= 0) {
            ledByAnother(shard);
        }
    }

    @Override
    public long[] heard() {
        long[] heard = new long[settings.streams()];
        for (Remote remote : rooms) {
            int shard = remote.shard();
            heard[shard] = remote.isOpen() ? Math.max(heard[shard], remote.newest()) : heard[shard];
        }
        return heard;
    }

    @Override
    public void prepared() {
        rooms.forEach(Remote::catchUp);
        neighbours.tellAll();
    }

    @Override
    public void looked(int shard, Streams.State state, boolean hasLost) {
        Remote.Bounds bounds = new Remote.Bounds(state.epoch(), state.first(), state.first(), state.last());
        for (Remote remote : rooms) {
            if (remote.shard() == shard && remote.isOpen()) {
                if (hasLost || !state.epoch().equals(remote.epoch())) {
                    LOG.log(Level.WARNING, "the cluster: another stream has the room " + remote.name() + " now");
                    remote.open();
                    busy.add(remote);
                } else if (!remote.changed().hasBefore(state.first())) {
                    remote.trimmed(bounds); // else the stream may have erased them: the room's own check finds out
                }
            }
        }
    }

    @Override
    public void ledByAnother(int shard) {
        checks.ledByAnother(shard, nanoTime.getAsLong());
    }

    @Override
    public void flush() {
        List<Remote> now = List.copyOf(touched);
        touched.clear();
        for (Remote remote : now) {
            Loop.attempt(remote::flush);
            Loop.attempt(remote::goOn);
        }
    }

    @Override
    public void tick(long now) {
        if (link.isUp()) {
            health.tick(now);
        }
        boolean isReady = isReady();
        for (Remote remote : List.copyOf(busy)) {
            if (isReady || !remote.outbox().isEmpty()) {
                remote.tick(now, isReady);
            }
            if (!remote.isBusy()) {
                busy.remove(remote);
            }
        }
        outgoing.expire(now);
        if (isReady) {
            checks.dueStreams(now).forEach(this::compare);
            for (Remote remote : checks.dueRooms(now)) {
                remote.catchUp();
                busy.add(remote);
            }
            if (now - foldsLookedAtNanos >= betweenFoldsNanos) {
                foldsLookedAtNanos = now;
                rooms.forEach(this::foldWaiting);
            }
            neighbours.tick(now);
            nodeCount = neighbours.count();
        }
    }

    /** Another node has folded a change, and erased what its message said before. */
    private static void folded(Changed changed, ChangeNotice notice) {
        changed.isFolded(notice.of(), notice.change(), notice.isRemoval());
        changed.isDone(notice.of(), notice.change());
    }

    /** A node may have ended between publishing a change and folding it. */
    private void foldWaiting(Remote remote) {
        for (Message change : remote.isOpen() ? remote.changed().waiting() : List.<Message>of()) {
            if (folds < (betweenFoldsNanos > BETWEEN_FOLDS_NANOS ? 1 : MOST_FOLDS)) { // else the next time
                folds++;
                outgoing.fold(remote, change, this::hasFolded);
            }
        }
    }

    /** While changes cannot be folded they are tried less and less often: others wait for the same threads. */
    private void hasFolded(boolean isDone) {
        folds--;
        betweenFoldsNanos = isDone ? BETWEEN_FOLDS_NANOS : Math.min(2 * betweenFoldsNanos, MOST_BETWEEN_FOLDS_NANOS);
    }

    /** Asks for the newest messages of all rooms of a stream at once: most have been heard of. */
    private void compare(int shard) {
        List<Remote> open = rooms.stream()
                .filter(remote -> remote.shard() == shard && remote.isOpen())
                .toList();
        List<String> names =
                open.stream().map(remote -> subjects.said(remote.name())).toList();
        if (names.isEmpty()) {
            return;
        }
        lookups.follow("rooms cannot be compared with their stream", () -> streams.newest(shard, names), newest -> {
            if (newest == null) {
                checks.failed(shard, nanoTime.getAsLong());
                return;
            }
            for (int i = 0; i < newest.size(); i++) {
                open.get(i).isBehind(newest.get(i));
                busy.add(open.get(i));
            }
        });
    }

    @Override
    public boolean isDone() {
        return outgoing.isDone()
                && busy.stream().allMatch(remote -> remote.outbox().isEmpty());
    }

    @Override
    public void end() {
        busy.addAll(rooms);
        for (Remote remote : busy) {
            remote.outbox().end(ClusterStore.CLOSING);
            remote.close();
        }
        outgoing.end();
    }
}

package parley.session;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import parley.delivery.Frame;
import parley.delivery.StreamEvent;
import parley.delivery.Transport;
import parley.protocol.Event;
import parley.protocol.EventId;
import parley.protocol.JsonCodec;
import parley.protocol.MemberName;
import parley.protocol.RoomName;
import parley.room.Departure;
import parley.room.Entry;
import parley.room.Format;
import parley.room.Joined;
import parley.room.Member;
import parley.room.RoomRegistry;
import parley.room.Start;

/**
 * A session that reads an event stream: in one room or several, as a JSON session is, but it can say nothing.
 *
 * <p>In one room it is sent the frames that all readers there share. In several each id has to say where the client is
 * in all of them, so that ids are its own and the lines shared.
 */
public final class EventsConnection extends ChatConnection {
    /** Proxies and browsers give up a stream in which nothing comes; the usual limits are 30 and 60 seconds. */
    static final Duration LONGEST_SILENCE = Duration.ofSeconds(15);

    private final @Nullable MemberName name;
    private final boolean isInOneRoom;
    /** When it comes back if its connection is lost. */
    private final Spread retry;

    private final StreamTerms terms;

    private final Memberships members = new Memberships(this);
    /**
     * Rooms that have told where it starts, and that the client has still to hear of. At most as many as there are
     * rooms.
     */
    private final Queue<Joined> joined = new ConcurrentLinkedQueue<>();

    /** Set when nothing but the last event is to be sent any more. */
    private volatile boolean isLeaving;
    /** Set by the draining thread when it takes the last event. */
    private volatile boolean saidBye;

    // Touched by the draining thread
    private boolean isWelcomed;
    /** Whose turn it is among the rooms. */
    private int turn;
    /** Where the client is in each of several rooms. */
    private final Map<RoomName, String> positions = new LinkedHashMap<>();

    EventsConnection(Sessions sessions, Client client, Transport transport, List<FirstRoom> first, StreamTerms terms) {
        super(sessions, client, transport);
        this.name = first.get(0).name();
        this.isInOneRoom = first.size() == 1;
        this.retry = Spread.around(terms.retry());
        this.terms = terms;
        first.forEach(room -> position(room.start()).ifPresent(at -> positions.put(room.room(), at)));
    }

    /**
     * Where it begins, as far as that is known. A client that is cut before it has heard of all its rooms comes back to
     * where it was in the others too.
     */
    private static Optional<String> position(Start start) {
        if (start instanceof Start.At at) {
            return Optional.of(EventId.of(at.epoch(), at.from() - 1));
        }
        return start instanceof Start.After after
                ? Optional.of(EventId.of(after.epoch(), after.seq()))
                : Optional.empty();
    }

    /** The last event of a stream: why it ends, and when to open it again. */
    static StreamEvent bye(String reason, Spread spread) {
        String line = JsonCodec.encode(new Event.Bye(reason, spread.min(), spread.max()));
        return new StreamEvent(null, "bye", spread.any(), line);
    }

    /** Enters its rooms, one after the other: where it starts may have to be looked for first. */
    void enter(RoomRegistry rooms, List<FirstRoom> all) {
        for (int i = 0; i < all.size(); i++) {
            FirstRoom first = all.get(i);
            if (first.start() instanceof Start.Since since && !hasEnded()) {
                List<FirstRoom> behind = all.subList(i + 1, all.size());
                // The store's thread is not to send.
                rooms.since(
                        first.room(),
                        since,
                        start -> sessions().fanOut().execute(() -> {
                            start.ifPresentOrElse(
                                    found -> enter(rooms, new FirstRoom(first.room(), first.name(), found)),
                                    () -> end(Ending.NOT_KEPT));
                            enter(rooms, behind);
                        }));
                return;
            }
            enter(rooms, first);
        }
    }

    @Override
    void enter(RoomRegistry rooms, FirstRoom first) {
        if (hasEnded()) {
            return; // another of its rooms has no place for it
        }
        Entry entered = rooms.join(first.room(), first.start(), this, Format.EVENTS, name, this::joined);
        if (!(entered instanceof Entry.In in)) {
            end(entered == Entry.No.ROOM_FULL ? Ending.ROOM_FULL : Ending.TOO_MANY_ROOMS);
            return;
        }
        members.add(in.member());
        drain().wake();
    }

    /** At once, or later by a thread that is not to send. */
    private void joined(@Nullable Joined now) {
        if (now == null) {
            end(Ending.NOT_KEPT);
            return;
        }
        joined.add(now);
        sessions().fanOut().execute(drain()::wake);
    }

    @Override
    public void text(String message, int bytes) {
        throw new IllegalStateException("an event stream brings nothing from the client");
    }

    @Override
    boolean isMute() {
        return true;
    }

    @Override
    long keepaliveNanos() {
        return Math.min(super.keepaliveNanos(), LONGEST_SILENCE.toNanos());
    }

    @Override
    @Nullable
    Frame nextFrame() {
        if (saidBye) {
            return null;
        }
        if (!isWelcomed) {
            isWelcomed = true;
            return welcome(this, name == null ? null : name.value(), user(), retry, terms);
        }
        Joined in = joined.poll();
        if (in != null) {
            return hello(in);
        }
        if (isLeaving) {
            saidBye = true;
            return new Frame.Events(List.of(bye("shutdown", sessions().spread())));
        }
        Member[] now = members.all();
        for (int i = 0; i < now.length; i++) {
            turn = (turn + 1) % now.length;
            Frame next = now[turn].next();
            if (next != null) {
                return isInOneRoom ? next : withAllPositions(now[turn].room().name(), (Frame.Events) next);
            }
        }
        return null;
    }

    /** The first event of a stream. */
    static Frame welcome(Connection to, @Nullable String name, @Nullable String user, Spread retry, StreamTerms terms) {
        SessionLimits limits = to.sessions().limits();
        Event.Welcome welcome = new Event.Welcome(
                to.client().session(),
                name,
                user,
                limits.messageBytes(),
                limits.commandBytes(),
                limits.rooms(),
                terms.requestsPerSecond(), // a client that only reads here says something with requests
                limits.bytesPerSecond());
        return new Frame.Events(List.of(new StreamEvent(null, "welcome", retry.any(), JsonCodec.encode(welcome))));
    }

    /** Says that it is in a room, of which it is given messages from now on. */
    private Frame hello(Joined in) {
        RoomName room = in.member().room().name();
        String line = JsonCodec.encode(
                new Event.Joined(null, room, in.epoch(), in.head(), in.count(), in.recovered(), in.read()));
        in.member().begin();
        Frame.Events hello =
                new Frame.Events(List.of(new StreamEvent(EventId.of(in.epoch(), in.after()), "joined", null, line)));
        return isInOneRoom ? hello : withAllPositions(room, hello);
    }

    private Frame withAllPositions(RoomName room, Frame.Events events) {
        List<StreamEvent> placed = new ArrayList<>();
        for (StreamEvent event : events.events()) {
            if (event.id() == null) {
                placed.add(event);
            } else {
                positions.put(room, event.id());
                placed.add(event.withId(EventId.of(positions)));
            }
        }
        return new Frame.Events(placed);
    }

    /** It asks for nothing. */
    @Override
    @Nullable
    Frame nextAnswer() {
        return null;
    }

    @Override
    boolean owesAnswers() {
        return false;
    }

    @Override
    void sayBye() {
        isLeaving = true;
        drain().wake();
    }

    /** An event of its own, as far as the transport can still send one, since there is no close frame to say it in. */
    @Override
    String lastWords(Ending why, String reason) {
        return saidBye ? "" : lastEvent(why, reason, sessions().spread(), retry);
    }

    /** The last event of a stream that ends for that. */
    static String lastEvent(Ending why, String reason, Spread stopping, Spread retry) {
        return switch (why) {
            case SHUTDOWN -> bye("shutdown", stopping).toString();
            case SERVER_FULL, ADDRESS_FULL, ROOM_FULL, TOO_MANY_ROOMS ->
                bye(reason, Spread.BUSY).toString();
            case NOT_KEPT -> bye("the room cannot be read now", Spread.BUSY).toString();
            case REMOVED -> bye(reason, retry).withId(EventId.END).toString();
            default -> bye(reason, retry).toString();
        };
    }

    @Override
    long waitingBytes() {
        return 0;
    }

    @Override
    boolean hasMoreToSend() {
        return !saidBye && (isLeaving || !joined.isEmpty() || members.areBehind());
    }

    @Override
    void frameUnderWay(long nanos) {
        members.frameUnderWay(nanos);
    }

    /** The client's secret word for it; null when there is none. */
    @Nullable
    String key() {
        return terms.key();
    }

    @Override
    void release(Departure how) {
        members.leaveAll(how);
        joined.clear();
    }
}

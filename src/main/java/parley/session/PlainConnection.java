package parley.session;

import org.jspecify.annotations.Nullable;
import parley.delivery.Frame;
import parley.delivery.Transport;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.MemberName;
import parley.room.Departure;
import parley.room.Entry;
import parley.room.Format;
import parley.room.Joined;
import parley.room.Member;
import parley.room.Outcome;
import parley.room.RoomRegistry;

/** A plain-text session in a room: what it says is published, what is published it is sent. */
public final class PlainConnection extends ChatConnection {
    private final @Nullable MemberName name;

    /** Null before it has joined. */
    private volatile @Nullable Member member;

    PlainConnection(Sessions sessions, Client client, Transport transport, @Nullable MemberName name) {
        super(sessions, client, transport);
        this.name = name;
    }

    @Override
    void enter(RoomRegistry rooms, FirstRoom first) {
        Entry entered = rooms.join(first.room(), first.start(), this, Format.PLAIN, name, this::joined);
        if (!(entered instanceof Entry.In in)) {
            end(entered == Entry.No.ROOM_FULL ? Ending.ROOM_FULL : Ending.TOO_MANY_ROOMS);
            return;
        }
        member = in.member();
        if (hasEnded()) {
            release(departure()); // ended while joining, and found no member to leave with
            return;
        }
        drain().wake();
    }

    @Override
    public void text(String message, int bytes) {
        Member in = member;
        if (in == null || hasEnded() || sessions().isLeaving()) {
            return;
        }
        if (!grant().mayWrite(in.room().name())) {
            end(Ending.FORBIDDEN);
            return;
        }
        Rate.Allowance ofBytes = mayBring(bytes);
        boolean isWithinBytes = ofBytes == Rate.Allowance.ALLOWED;
        switch (isWithinBytes ? mayCommand() : ofBytes) {
            case ALLOWED -> {
                Draft draft = new Draft(name == null ? null : name.value(), user(), Content.text(message, bytes), null);
                backpressure().publish(in.room(), draft, this::published);
                backpressure().keepPace();
            }
            case LIMITED -> sessions().countLimited();
            case FLOODING -> end(isWithinBytes ? Ending.FLOODING : Ending.FLOODING_BYTES);
        }
    }

    /** At once, or later by a thread that is not to send. */
    private void joined(@Nullable Joined joined) {
        if (joined == null) {
            end(Ending.NOT_KEPT);
            return;
        }
        joined.member().begin();
        if (member != null) {
            sessions().fanOut().execute(drain()::wake);
        }
    }

    /** Plain text has no words for a message that was not kept; one that is not wanted is not missed by anybody. */
    private void published(Outcome outcome) {
        if (!(outcome instanceof Outcome.Published || outcome instanceof Outcome.Refused)) {
            end(Ending.NOT_KEPT);
        }
    }

    @Override
    @Nullable
    Frame nextFrame() {
        Member in = member;
        return in == null ? null : in.next();
    }

    /** Plain text has no answers. */
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
    long waitingBytes() {
        return 0;
    }

    @Override
    boolean hasMoreToSend() {
        Member in = member;
        return in != null && in.isBehind();
    }

    @Override
    void frameUnderWay(long nanos) {
        Member in = member;
        if (in != null) {
            in.frameUnderWay(nanos);
        }
    }

    @Override
    void release(Departure how) {
        Member in = member;
        if (in != null) {
            in.room().leave(in, how);
        }
    }
}

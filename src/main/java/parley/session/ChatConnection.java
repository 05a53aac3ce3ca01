package parley.session;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import parley.delivery.Frame;
import parley.delivery.Transport;
import parley.protocol.MemberName;
import parley.room.Member;
import parley.room.RoomRegistry;

/** A plain-text session in a room: what it says is published, what is published it is sent. */
public final class ChatConnection extends Connection implements Member.Subscriber {
    private final @Nullable String name;
    private final @Nullable Rate rate;

    /** Null before it has joined. */
    private volatile @Nullable Member member;

    ChatConnection(Sessions sessions, Client client, Transport transport, @Nullable MemberName name) {
        super(sessions, client, transport);
        this.name = name == null ? null : name.value();
        int perSecond = sessions.limits().commandsPerSecond();
        this.rate = perSecond == 0 ? null : new Rate(perSecond, sessions.now());
    }

    /** Joins its room. Called once, before the first message. */
    void join(RoomRegistry rooms, Admission.Chat entry) {
        Member joined = rooms.join(entry.room(), this, entry.start());
        if (joined == null) {
            end(Ending.TOO_MANY_ROOMS);
            return;
        }
        member = joined;
        if (hasEnded()) {
            joined.leave(); // ended while joining, and found no member to leave with
            return;
        }
        drain().wake();
    }

    @Override
    public void text(String message, int bytes) {
        Member in = member;
        if (in == null || hasEnded()) {
            return;
        }
        switch (rate == null ? Rate.Verdict.ALLOWED : rate.take(sessions().now())) {
            case ALLOWED -> in.room().publish(name, message, bytes);
            case LIMITED -> sessions().countLimited();
            case FLOODING -> end(Ending.FLOODING);
        }
    }

    @Override
    public void binary(ByteBuffer message) {
        end(Ending.BINARY);
    }

    @Override
    @Nullable
    Frame nextFrame() {
        Member in = member;
        return in == null ? null : in.next();
    }

    @Override
    public void ready() {
        drain().wake();
    }

    @Override
    public void fellBehind() {
        end(Ending.BEHIND);
    }

    @Override
    boolean hasMoreToSend() {
        Member in = member;
        return in != null && in.isBehind();
    }

    @Override
    void release() {
        Member in = member;
        if (in != null) {
            in.leave();
        }
    }
}

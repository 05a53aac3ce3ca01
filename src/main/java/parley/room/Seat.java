package parley.room;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A join under way: a member that has no place in the log yet. {@link Seats} moves it from state to state, under the
 * room's lock, and answers the client without it.
 *
 * <pre>
 *   OPENING ---- the store has said what there is, and that is enough ----------> PLACED
 *      |  |                                                                         ^
 *      |  +---- the store has to look what the start means -----> LOOKING ----------+
 *      |
 *      +---- the room cannot be opened ----> REFUSED
 * </pre>
 */
final class Seat implements Opening.Waiter {
    private enum State {
        OPENING,
        LOOKING,
        PLACED,
        REFUSED
    }

    private final Seats seats;
    private final Member member;
    private final Start start;

    // Guarded by the room's lock
    private State state = State.OPENING;
    /** Does nothing once nobody needs the answer: a store may keep the seat until it has looked. */
    private Consumer<@Nullable Joined> onJoined;

    Seat(Seats seats, Member member, Start start, Consumer<@Nullable Joined> onJoined) {
        this.seats = seats;
        this.member = member;
        this.start = start;
        this.onJoined = onJoined;
    }

    Member member() {
        return member;
    }

    Start start() {
        return start;
    }

    /** The store has to look before the place is known: true once. */
    boolean looks() {
        boolean isFirst = state == State.OPENING;
        state = State.LOOKING;
        return isFirst;
    }

    /** The client is to be answered, and nobody waits any more. */
    Consumer<@Nullable Joined> end(boolean isOpen) {
        state = isOpen ? State.PLACED : State.REFUSED;
        return onJoined;
    }

    /** Its session has ended, so nobody needs the answer. */
    void abandon() {
        onJoined = joined -> {};
    }

    @Override
    public void opened(boolean isOpen) {
        seats.place(this, isOpen);
    }

    @Override
    public boolean hasEnded() {
        return member.hasEnded();
    }

    @Override
    public String toString() {
        return "Seat[" + state + ", " + start + "]";
    }
}

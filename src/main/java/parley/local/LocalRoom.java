package parley.local;

import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;
import parley.api.Attendance;
import parley.api.ChatRoom;
import parley.api.MessagePage;
import parley.api.Position;
import parley.api.Publication;
import parley.api.Published;
import parley.api.Reading;
import parley.api.RoomEvent;
import parley.api.RoomException;
import parley.api.RoomException.Reason;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.MemberName;
import parley.protocol.RoomName;
import parley.room.ChangeDraft;
import parley.room.History;
import parley.room.Inspection;
import parley.room.Outcome;
import parley.room.Presence;
import parley.room.Room;
import parley.room.RoomStore;
import parley.room.Screen;

/** A room, for callers in the same process. Any thread. */
final class LocalRoom implements ChatRoom {
    /** What the application says passes. */
    private static final Screen UNSCREENED = new Screen(Inspection.NONE);

    private final LocalRooms rooms;
    private final RoomName name;
    private final int messageBytes;

    LocalRoom(LocalRooms rooms, RoomName name, int messageBytes) {
        this.rooms = rooms;
        this.name = name;
        this.messageBytes = messageBytes;
    }

    @Override
    public String name() {
        return name.value();
    }

    @Override
    public CompletionStage<Published> publish(Publication message) {
        CompletableFuture<Published> stage = new CompletableFuture<>();
        Draft draft;
        try {
            draft = draft(message);
        } catch (RoomException e) {
            rooms.fail(stage, e);
            return stage;
        }
        if (rooms.isStopped()) {
            rooms.fail(stage, LocalRooms.stopped());
            return stage;
        }
        Position.After behind = message.behind();
        RoomStore.Expected expected = behind == null ? null : new RoomStore.Expected(behind.epoch(), behind.seq());
        rooms.registry().publish(name, draft, expected, outcome -> published(outcome, stage));
        return stage;
    }

    @Override
    public CompletionStage<Published> edit(long seq, Publication now) {
        return edit(null, seq, now);
    }

    @Override
    public CompletionStage<Published> edit(Position.After message, Publication now) {
        return edit(message.epoch(), message.seq(), now);
    }

    private CompletionStage<Published> edit(@Nullable String epoch, long seq, Publication now) {
        try {
            if (now.behind() != null) {
                throw new RoomException(
                        Reason.INVALID,
                        "behind goes with a message that is published; a change names its history by Position.after");
            }
            return change(epoch, new ChangeDraft.Edit(seq, draft(now), ChangeDraft.Right.ANY));
        } catch (RoomException e) {
            CompletableFuture<Published> stage = new CompletableFuture<>();
            rooms.fail(stage, e);
            return stage;
        }
    }

    @Override
    public CompletionStage<Published> remove(long seq) {
        return change(null, removal(seq));
    }

    @Override
    public CompletionStage<Published> remove(Position.After message) {
        return change(message.epoch(), removal(message.seq()));
    }

    private static ChangeDraft removal(long seq) {
        return ChangeDraft.Removal.by(seq, new Draft(null, Content.REMOVED, null), ChangeDraft.Right.ANY);
    }

    /** Changes a message; {@code epoch} is the history that its number belongs to, null for whichever. */
    private CompletionStage<Published> change(@Nullable String epoch, ChangeDraft change) {
        return visit((room, stage) -> {
            String now = room.newest().epoch();
            if (epoch != null && !epoch.equals(now)) {
                rooms.fail(
                        stage,
                        new RoomException(
                                Reason.OTHER_EPOCH,
                                "the room is in epoch " + now + ", in which this seq means another message"));
            } else if (!room.changeAsVisitor(change, UNSCREENED, outcome -> published(outcome, stage))) {
                rooms.fail(stage, LocalRooms.givenUp());
            }
        });
    }

    private Draft draft(Publication message) {
        String from = message.from();
        MemberName sender = from == null ? null : MemberName.parse(from);
        if (from != null && sender == null) {
            throw new RoomException(Reason.INVALID, "the name '" + from + "' cannot be: it is " + MemberName.RULE);
        }
        if (!Translated.isId(message.id())) {
            throw new RoomException(Reason.INVALID, "an id has 1 to 64 characters");
        }
        return new Draft(
                sender == null ? null : sender.value(),
                Translated.content(message.payload(), messageBytes),
                message.id());
    }

    private void published(Outcome outcome, CompletableFuture<Published> stage) {
        if (outcome instanceof Outcome.Published published) {
            rooms.registry()
                    .locate(
                            name,
                            published.seq(),
                            located -> rooms.complete(
                                    stage,
                                    new Published(
                                            name.value(),
                                            published.seq(),
                                            published.duplicate(),
                                            located.map(there -> there.epoch()).orElse(null),
                                            located.map(there -> Instant.ofEpochMilli(there.at()))
                                                    .orElse(null))));
        } else {
            rooms.fail(stage, refused(outcome));
        }
    }

    private static RoomException refused(Outcome outcome) {
        if (outcome instanceof Outcome.Moved moved) {
            return new RoomException(
                    Reason.MOVED,
                    "something was said in the room since; look at it, and publish behind the newest message",
                    new Position.After(moved.epoch(), moved.seq()));
        }
        if (outcome instanceof Outcome.NotFound notFound) {
            return new RoomException(Reason.NOT_FOUND, notFound.reason());
        }
        if (outcome instanceof Outcome.CannotChange cannot) {
            return new RoomException(Reason.NOT_IMPLEMENTED, cannot.reason());
        }
        if (outcome instanceof Outcome.CannotCompare cannot) {
            return new RoomException(Reason.CANNOT_COMPARE, cannot.reason());
        }
        return outcome instanceof Outcome.TooLarge tooLarge
                ? new RoomException(Reason.TOO_LARGE, tooLarge.reason())
                : new RoomException(Reason.UNAVAILABLE, ((Outcome.NotKept) outcome).reason());
    }

    @Override
    public CompletionStage<MessagePage> history(Reading what) {
        History.Range range = what.direction() == Reading.Direction.BEFORE
                ? History.Range.before(what.seq(), what.limit())
                : History.Range.after(what.seq(), what.limit());
        return visit((room, stage) -> room.read(null, range, page -> {
            if (page == null) {
                rooms.fail(stage, LocalRooms.unread());
            } else {
                rooms.complete(stage, page(page));
            }
        }));
    }

    private MessagePage page(History.Page page) {
        List<RoomEvent.Said> messages = page.messages().stream()
                .map(message -> Translated.said(name, page.epoch(), message))
                .toList();
        return new MessagePage(name.value(), page.epoch(), messages, page.more());
    }

    @Override
    public CompletionStage<Attendance> members() {
        return visit((room, stage) -> {
            Presence.Snapshot now = room.snapshot();
            rooms.complete(stage, new Attendance(name.value(), now.count(), now.names(), now.isWhole()));
        });
    }

    @FunctionalInterface
    private interface Visit<T> {
        void of(Room room, CompletableFuture<T> stage);
    }

    private <T> CompletionStage<T> visit(Visit<T> visit) {
        CompletableFuture<T> stage = new CompletableFuture<>();
        if (rooms.isStopped()) {
            rooms.fail(stage, LocalRooms.stopped());
            return stage;
        }
        rooms.visit(name, stage, room -> visit.of(room, stage));
        return stage;
    }

    @Override
    public void subscribe(Position from, Flow.Subscriber<? super RoomEvent> subscriber) {
        Objects.requireNonNull(subscriber, "subscriber");
        rooms.subscribe(name, from, subscriber);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof LocalRoom that && that.rooms == rooms && that.name.equals(name);
    }

    @Override
    public int hashCode() {
        return name.hashCode();
    }

    @Override
    public String toString() {
        return "ChatRoom[" + name.value() + "]";
    }
}

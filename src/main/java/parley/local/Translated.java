package parley.local;

import java.time.Instant;
import org.jspecify.annotations.Nullable;
import parley.api.Payload;
import parley.api.Position;
import parley.api.RoomEvent;
import parley.api.RoomException;
import parley.api.RoomException.Reason;
import parley.protocol.ChangeKind;
import parley.protocol.Content;
import parley.protocol.HttpJson;
import parley.protocol.Message;
import parley.protocol.Post;
import parley.protocol.Revision;
import parley.protocol.RoomName;
import parley.protocol.Utf8;
import parley.room.Start;

/** What stands on one side of the API, as it stands on the other. */
final class Translated {
    private Translated() {}

    static RoomName room(String name) {
        RoomName room = RoomName.parse(name);
        if (room == null) {
            throw new IllegalArgumentException("the room's name '" + name + "' cannot be: it is " + RoomName.RULE);
        }
        return room;
    }

    static RoomEvent.Said said(RoomName room, String epoch, Message message) {
        return new RoomEvent.Said(
                room.value(),
                epoch,
                message.seq(),
                Instant.ofEpochMilli(message.at()),
                message.from(),
                payload(message.content()),
                message.id());
    }

    static RoomEvent event(RoomName room, String epoch, Message message) {
        if (!(message.revision() instanceof Revision.Change change)) {
            return said(room, epoch, message);
        }
        return change.kind() instanceof ChangeKind.Piece piece
                ? appended(room, epoch, message, change.of(), piece)
                : changed(room, epoch, message, change);
    }

    static RoomEvent.Appended appended(RoomName room, String epoch, Message message, long of, ChangeKind.Piece piece) {
        return new RoomEvent.Appended(
                room.value(),
                epoch,
                message.seq(),
                Instant.ofEpochMilli(message.at()),
                message.from(),
                of,
                piece.start(),
                message.content().text(),
                piece.isLast());
    }

    static RoomEvent.Changed changed(RoomName room, String epoch, Message message, Revision.Change change) {
        return new RoomEvent.Changed(
                room.value(),
                epoch,
                message.seq(),
                Instant.ofEpochMilli(message.at()),
                message.from(),
                change.of(),
                payload(message.content()),
                message.id());
    }

    static Payload payload(Content content) {
        return switch (content.kind()) {
            case TEXT -> new Payload.Text(content.text());
            case DATA -> new Payload.Data(content.text());
            case REMOVED, REACTIONS, SUPERSEDED -> new Payload.Removed();
        };
    }

    /**
     * Checks what an application wants said, as if it had come over the wire.
     *
     * @param most how many bytes it may have
     */
    static Content content(Payload payload, int most) {
        if (payload instanceof Payload.Removed) {
            throw new RoomException(Reason.INVALID, "a message has a text or data; Removed says that it has none");
        }
        Content content =
                payload instanceof Payload.Text text ? text(text.text()) : data(((Payload.Data) payload).json());
        if (content.bytes() > most) {
            throw new RoomException(
                    Reason.TOO_LARGE,
                    "a message has at most " + most + " bytes of UTF-8 (limits.message-bytes), and not "
                            + content.bytes());
        }
        return content;
    }

    private static Content text(String text) {
        if (!Utf8.canEncode(text)) {
            throw new RoomException(Reason.INVALID, "the text has half of a surrogate pair, which UTF-8 cannot say");
        }
        return Content.text(text, Utf8.length(text));
    }

    private static Content data(String json) {
        HttpJson.Decoded decoded = HttpJson.message("{\"data\":" + json + "}", false);
        if (decoded instanceof Post post && post.id() == null && post.from() == null) {
            return post.content();
        }
        String reason = decoded instanceof HttpJson.Wrong wrong ? wrong.reason() : "data is one value";
        throw new RoomException(Reason.INVALID, "the data are no JSON that may be published: " + reason);
    }

    static Start start(Position position) {
        return position instanceof Position.After after
                ? new Start.After(after.epoch(), after.seq())
                : new Start.Last(((Position.Last) position).messages());
    }

    static boolean isId(@Nullable String id) {
        return id == null || HttpJson.isId(id);
    }
}

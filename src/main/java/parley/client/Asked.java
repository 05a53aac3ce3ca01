package parley.client;

import jakarta.json.JsonObject;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A command that has not been answered. Used on the client's strand. */
final class Asked {
    /** Hears that a command was not carried out, and whether the server may have got it. */
    interface Failed {
        /** Hears nothing. */
        Failed SILENTLY = (failure, wasSent) -> {};

        void accept(ParleyException failure, boolean wasSent);
    }

    /** What {@link #sentAt} is while it is not on its way. */
    static final long NOT_SENT = Long.MIN_VALUE;

    final long ref;
    final String type;
    /** Empty for none. */
    final String room;

    final String frame;
    final int bytes;
    final Consumer<JsonObject> done;
    final Failed failed;

    long sentAt = NOT_SENT;
    boolean wasSent;
    /** The server could not carry it out before. */
    boolean isLate;
    /** It is not sent again, whatever is answered. */
    boolean isOver;

    Asked(long ref, JsonObject what, Consumer<JsonObject> done, Failed failed) {
        this.ref = ref;
        this.type = what.getString("type");
        this.room = what.getString("room", "");
        this.frame = Wire.frame(what, ref);
        this.bytes = Wire.bytes(frame);
        this.done = done;
        this.failed = failed;
    }

    /** Tells whoever asked. */
    void answer(JsonObject event, @Nullable ParleyException failure) {
        if (failure == null) {
            done.accept(event);
        } else {
            failed.accept(failure, wasSent);
        }
    }
}

package parley.room;

import parley.protocol.RoomName;

/** The frames of a room's members, in each format, which those at the same place share. Any thread. */
final class SharedFrames {
    private final PlainFrames plain;
    private final JsonFrames json;
    private final EventFrames events;
    private final DirectFrames direct;

    /** Whether members may have been given frames since they were last let go of. */
    private volatile boolean areKept;

    SharedFrames(RoomName room, RoomLog log, Signals signals, Roster roster, RoomLimits limits) {
        int batchBytes = limits.batchBytes();
        this.plain = new PlainFrames(log.ring(), limits.plainChanges(), batchBytes);
        this.json = new JsonFrames(room, log.ring(), signals, roster::snapshot, roster::count, batchBytes);
        this.direct = new DirectFrames(room, log.ring(), batchBytes);
        this.events = new EventFrames(json, log.ring(), () -> log.beginning().epoch());
    }

    Frames of(Format format) {
        return switch (format) {
            case PLAIN -> plain;
            case JSON -> json;
            case EVENTS -> events;
            case DIRECT -> direct;
        };
    }

    /** Some have been made that are kept for others. */
    void made() {
        if (!areKept) {
            areKept = true;
        }
    }

    /** Whether there may be any. */
    boolean areKept() {
        return areKept;
    }

    /** Lets go of those that are kept for members to share. */
    void letGo() {
        areKept = false;
        plain.letGo();
        json.letGo();
        events.letGo();
    }
}

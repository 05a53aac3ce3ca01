package parley.app;

import static java.time.Duration.ofDays;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;

import com.typesafe.config.Config;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import parley.protocol.PlainChanges;
import parley.room.GrowthLimits;
import parley.room.KeyLimits;
import parley.room.MarksShown;
import parley.room.Overflow;
import parley.room.Retention;
import parley.room.RoomLimits;

/** The settings that may differ from room to room ({@link Keys}). */
final class RoomKeys {
    private static final long KIB = 1024;
    private static final long MIB = 1024 * KIB;
    private static final long GIB = 1024 * MIB;

    static final Setting<Integer> HISTORY = Setting.number(
            "room.history",
            1000,
            1,
            1_000_000,
            "messages",
            "Messages that a room keeps in memory. More lets clients resume after longer absences.");
    static final Setting<Long> HISTORY_BYTES = Setting.bytes(
            "room.history-bytes",
            "1MiB",
            KIB,
            "1KiB",
            GIB,
            "1GiB, not less than limits.message-bytes",
            "Bytes of the messages that a room keeps in memory: their text in UTF-8 and 96 bytes each. A room in memory"
                    + " alone does not count reactions here; their senders take up to four times this beside it, and"
                    + " further reactions are refused with too-large.");
    static final Setting<Long> BACKLOG_BYTES = Setting.bytes(
            "room.backlog-bytes",
            "8MiB",
            KIB,
            "1KiB",
            GIB,
            "1GiB",
            "How many bytes a room keeps at most of messages that members have still to take, beyond room.history and"
                    + " room.history-bytes: more lets members that read catch up after longer bursts, less saves"
                    + " memory. Never less than room.history-bytes.");
    static final Setting<Duration> SLOW_AFTER = Setting.time(
            "room.slow-after",
            "3s",
            ofMillis(100),
            ofMinutes(10),
            "100ms to 10m",
            "How long a frame may be under way to a member before the member is behind and room.policy applies: more"
                    + " spares clients on slow lines, less frees memory sooner.");
    static final Setting<Integer> WINDOW = Setting.number(
            "room.window",
            0,
            0,
            1_000_000,
            "messages, not more than room.history, 0 = any number",
            "How many messages a member may be behind before room.policy applies, however fast it reads.");
    static final Setting<Overflow> POLICY = Setting.choice(
            "room.policy",
            Overflow.DROP_OLDEST,
            Overflow.class,
            "How a member that is behind goes on. drop-oldest: it misses the messages that the room does not keep"
                    + " in memory any more, or that exceed room.window. drop-newest: it gets the messages it fell"
                    + " behind with, as far as memory still keeps them, and misses the ones after them. latest: it"
                    + " goes on with the newest message alone. disconnect: it is closed with 1013.");
    static final Setting<Duration> LINGER = Setting.time(
            "room.linger",
            "1m",
            Duration.ZERO,
            ofDays(30),
            "0s to 30d",
            "How long a room stays after its last member left and the last message was published; not at all when"
                    + " there are as many rooms as limits.rooms.");
    static final Setting<Long> BATCH_BYTES = Setting.bytes(
            "room.batch-bytes",
            "64KiB",
            1,
            "1B",
            16 * MIB,
            "16MiB",
            "Bytes of messages that are sent at once: in one frame to JSON clients, in one write to others,"
                    + " and in a page of history. A longer message goes alone. More costs less CPU, less sends sooner.");
    static final Setting<Integer> NAMES = Setting.number(
            "room.presence-names",
            1000,
            0,
            100_000,
            "names",
            "Names in presence and members events. In a room with more members, presence has their number" + " alone.");
    static final Setting<Duration> PRESENCE_INTERVAL = Setting.time(
            "room.presence-interval",
            "250ms",
            ofMillis(20),
            ofMinutes(1),
            "20ms to 1m",
            "The least time from one presence event of a room to the next: all that changes meanwhile is one event, however"
                    + " many joins and states it is. Less shows states sooner, such as cursors on a board, and sends"
                    + " more events.");
    static final Setting<Duration> AWAY = Setting.time(
            "room.away",
            "10s",
            Duration.ZERO,
            ofMinutes(10),
            "0s to 10m",
            "How long a member stays, marked away, whose last connection was lost. More spares the others joins and"
                    + " leaves at longer interruptions, less shows sooner that somebody is gone; 0s shows it at once.");
    static final Setting<Integer> MEMBERS = Setting.number(
            "room.members",
            100_000,
            1,
            10_000_000,
            "members",
            "Members of a room at once; one more is closed with 1013, or answered with room-full in JSON.");

    static final Setting<Integer> MARKS = Setting.number(
            "room.marks",
            10_000,
            0,
            1_000_000,
            "marks, 0 = none",
            "Read marks that a room keeps, one for each user, and up to a sixteenth more. Beyond that those go first"
                    + " that were not raised for the longest time.");

    static final Setting<Integer> REACTIONS = Setting.number(
            "room.reactions",
            RoomLimits.REACTIONS,
            0,
            100,
            "keys, 0 = no reactions",
            "Different reactions that a message takes; more are refused with too-large, and with 0 all of them with"
                    + " forbidden. Each may have 10,000 senders.");
    static final Setting<Integer> KEYS = Setting.number(
            "room.keys",
            10_000,
            0,
            1_000_000,
            "keys, 0 = none",
            "Keys of which a room keeps the newest value, whatever room.history and room.kept say. Beyond that new keys"
                    + " are refused.");
    static final Setting<Long> KEYS_BYTES = Setting.bytes(
            "room.keys-bytes",
            "4MiB",
            KIB,
            "1KiB",
            GIB,
            "1GiB",
            "Bytes of these values, keys and 192 bytes each included, which a room that is open has in memory. Beyond"
                    + " that values are refused. All rooms together have half of limits.log-bytes at most.");
    static final Setting<Duration> KEY_TTL = Setting.time(
            "room.key-ttl",
            "0s",
            Duration.ZERO,
            ofDays(3650),
            "0s to 3650d, 0 = any",
            "How long a value of a key stays that was set without ttl, and the longest ttl that is taken.");

    static final Setting<PlainChanges> PLAIN_CHANGES = Setting.choice(
            "room.plain-changes",
            PlainChanges.SHOW,
            PlainChanges.class,
            "How plain-text members hear of an edited message. show: the new text as a line of its own, with"
                    + " (edited) behind it. hide: nothing. They never hear that a message was removed.");
    static final Setting<Duration> OPEN = Setting.time(
            "room.open",
            "1m",
            ofMillis(100),
            ofDays(1),
            "100ms to 1d",
            "How long a message that grows stays open when nothing is appended to it; then the room makes it final. More"
                    + " spares authors that pause, less shows sooner that an author is gone.");
    static final Setting<Integer> OPEN_MESSAGES = Setting.number(
            "room.open-messages",
            100,
            0,
            10_000,
            "messages, 0 = none",
            "Messages of a room that may grow at once; one more is answered with room-full.");
    static final Setting<MarksShown> MARKS_SHOWN = Setting.choice(
            "room.marks-shown",
            MarksShown.OWN,
            MarksShown.class,
            "Whose read marks clients are shown. own: each user its own alone. members: presence shows besides how far"
                    + " each member that is a user has read, with at most one event each room.presence-interval.");

    static final Setting<Storage> KEEP = Setting.choice(
            "room.keep",
            Storage.DISK,
            Storage.class,
            "Where messages are kept. disk: in the data folder or in the cluster's streams, if there is one of them,"
                    + " besides the newest in memory; they survive the process. memory: only there; what is on disk"
                    + " from before stays there until rooms give way, and in a cluster the room is another on each"
                    + " node.");
    static final Setting<Integer> KEPT = Setting.number(
            "room.kept",
            100_000,
            1,
            1_000_000_000,
            "messages, not less than room.history",
            "Messages of a room that are kept on disk; up to a sixteenth more, since the oldest are removed"
                    + " some at a time.");
    static final Setting<Long> KEPT_BYTES = Setting.bytes(
            "room.kept-bytes",
            "128MiB",
            KIB,
            "1KiB",
            1024 * GIB,
            "1024GiB, not less than room.history-bytes",
            "Bytes of the messages of a room on disk; up to a sixteenth more.");
    static final Setting<Duration> KEPT_AGE = Setting.time(
            "room.kept-age",
            "0s",
            Duration.ZERO,
            ofDays(3650),
            "0s to 3650d, 0 = any age",
            "The age at which messages on disk are removed. Up to 200 rooms a second are checked.");

    static final List<Setting<?>> ALL = List.of(
            HISTORY,
            HISTORY_BYTES,
            BACKLOG_BYTES,
            SLOW_AFTER,
            WINDOW,
            POLICY,
            LINGER,
            BATCH_BYTES,
            NAMES,
            PRESENCE_INTERVAL,
            AWAY,
            MEMBERS,
            MARKS,
            REACTIONS,
            KEYS,
            KEYS_BYTES,
            KEY_TTL,
            PLAIN_CHANGES,
            OPEN,
            OPEN_MESSAGES,
            MARKS_SHOWN,
            KEEP,
            KEPT,
            KEPT_BYTES,
            KEPT_AGE);

    private RoomKeys() {}

    /**
     * The settings of a room, as it takes them.
     *
     * @throws SettingsException naming the first that cannot be beside the others
     */
    static RoomLimits limits(Config config) {
        Settings.need(config, WINDOW.read(config) <= HISTORY.read(config), WINDOW, "at most", HISTORY);
        Settings.need(
                config,
                HISTORY_BYTES.read(config) >= Keys.MESSAGE_BYTES.read(config),
                HISTORY_BYTES,
                "at least",
                Keys.MESSAGE_BYTES);
        return new RoomLimits(
                HISTORY.read(config),
                HISTORY_BYTES.read(config),
                Math.max(HISTORY_BYTES.read(config), BACKLOG_BYTES.read(config)),
                SLOW_AFTER.read(config),
                WINDOW.read(config),
                POLICY.read(config),
                LINGER.read(config),
                BATCH_BYTES.read(config).intValue(),
                NAMES.read(config),
                PRESENCE_INTERVAL.read(config),
                AWAY.read(config),
                MEMBERS.read(config),
                MARKS.read(config),
                REACTIONS.read(config),
                new KeyLimits(KEYS.read(config), KEYS_BYTES.read(config), KEY_TTL.read(config)),
                PLAIN_CHANGES.read(config),
                new GrowthLimits(OPEN.read(config), OPEN_MESSAGES.read(config)),
                MARKS_SHOWN.read(config),
                retention(config));
    }

    private static @Nullable Retention retention(Config config) {
        if (KEEP.read(config) == Storage.MEMORY) {
            return null;
        }
        if (!StorageKeys.NATS.read(config).servers().isEmpty()) {
            Settings.need(
                    config,
                    StorageKeys.NATS_KEPT.read(config) >= HISTORY.read(config),
                    StorageKeys.NATS_KEPT,
                    "at least",
                    HISTORY);
            return new Retention(StorageKeys.NATS_KEPT.read(config), Long.MAX_VALUE, StorageKeys.NATS_AGE.read(config));
        }
        if (StorageKeys.DATA.read(config).isEmpty()) {
            return null;
        }
        Settings.need(config, KEPT.read(config) >= HISTORY.read(config), KEPT, "at least", HISTORY);
        Settings.need(
                config, KEPT_BYTES.read(config) >= HISTORY_BYTES.read(config), KEPT_BYTES, "at least", HISTORY_BYTES);
        Settings.need(
                config,
                StorageKeys.DATA_BYTES.read(config) >= KEPT_BYTES.read(config),
                StorageKeys.DATA_BYTES,
                "at least",
                KEPT_BYTES);
        return new Retention(KEPT.read(config), KEPT_BYTES.read(config), KEPT_AGE.read(config));
    }
}

package parley.cluster;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import parley.protocol.RoomName;

/**
 * What streams and subjects are called. A room's name is one token of a subject, whatever it is: what is not a
 * letter, a digit, '-' or '_' is written as '=' and two digits of each byte, so that it is no wildcard and no
 * separator. Immutable.
 */
record Subjects(String cluster, int streams) {
    /** Of a message, behind the room's token; what else there is comes from nodes. */
    static final String MESSAGE = "m";

    static final String SIGNAL = "s";
    static final String PRESENT = "p";
    static final String ASK = "q";
    /** A user has raised its read mark. */
    static final String MARK = "k";
    /** Messages have been let go of. */
    static final String GONE = "g";
    /** A change stands in the index of changed messages. */
    static final String FOLDED = "f";

    /** Headers, names and ids that a message may have in a stream besides its content. */
    static final long MOST_OVERHEAD_BYTES = 1_024;
    /** Headers of an entry of the index. */
    static final long MOST_INDEX_HEADER_BYTES = 128;

    private static final String LEADER_ELECTED = "$JS.EVENT.ADVISORY.STREAM.LEADER_ELECTED.";

    /** Which stream a room's messages are in. */
    int shard(RoomName room) {
        return Math.floorMod(room.value().hashCode(), streams);
    }

    String stream(int shard) {
        return cluster + "_" + shard;
    }

    /** Where servers announce that they lead a stream from now on, the stream being the last token. */
    static String leaders() {
        return LEADER_ELECTED + "*";
    }

    /** Which stream of this cluster an announcement is of; -1 for one of others. */
    int shardOfLeader(String subject) {
        String stream = subject.substring(subject.lastIndexOf('.') + 1);
        for (int shard = 0; shard < streams; shard++) {
            if (stream.equals(stream(shard))) {
                return shard;
            }
        }
        return -1;
    }

    /** All that is said in rooms of a stream. */
    String saidIn(int shard) {
        return cluster + ".say." + shard + ".*";
    }

    /** What is said in a room. */
    String said(RoomName room) {
        return cluster + ".say." + shard(room) + "." + token(room.value());
    }

    /**
     * What is written down of a room besides what is said in it: which messages have been let go of. No token of a
     * room's name begins so.
     */
    String gone(RoomName room) {
        return cluster + ".say." + shard(room) + ".==" + token(room.value());
    }

    /** All changed messages of the rooms of a stream. */
    String changedIn(int shard) {
        return cluster + ".changed." + shard + ".*.*";
    }

    /** The changed messages of a room. */
    String changed(RoomName room) {
        return changedBegin(room) + "*";
    }

    /** A changed message of a room, as it is now. */
    String changed(RoomName room, long seq) {
        return changedBegin(room) + seq;
    }

    private String changedBegin(RoomName room) {
        return cluster + ".changed." + shard(room) + "." + token(room.value()) + ".";
    }

    /** The number of a changed message by its subject; 0 for what no node writes. */
    static long ofChanged(String subject) {
        String number = subject.substring(subject.lastIndexOf('.') + 1);
        return number.matches("\\d{1,18}") ? Long.parseLong(number) : 0;
    }

    /** The bucket of read marks. */
    String bucket() {
        return cluster + "_marks";
    }

    /** The stream that the bucket is. */
    String markStream() {
        return "KV_" + bucket();
    }

    /** The key of a user's read mark in a room: its user may be of any characters, as the room's name. */
    String mark(RoomName room, String user) {
        return "$KV." + bucket() + "." + token(room.value()) + "." + token(user);
    }

    /** All read marks of a room. */
    String marks(RoomName room) {
        return "$KV." + bucket() + "." + token(room.value()) + ".*";
    }

    /** All read marks. */
    String marks() {
        return "$KV." + bucket() + ".>";
    }

    /** Where the stream publishes again what it has stored, of the room that is the wildcard. */
    String republished() {
        return cluster + ".at.{{wildcard(1)}}." + MESSAGE;
    }

    /** Something that goes to all nodes with members in a room. */
    String at(RoomName room, String what) {
        return cluster + ".at." + token(room.value()) + "." + what;
    }

    /** All of that. */
    String at(RoomName room) {
        return at(room, "*");
    }

    /** What nodes say of themselves. */
    String nodes() {
        return cluster + ".nodes";
    }

    /** What is said to one node. */
    String node(String node) {
        return cluster + ".node." + node;
    }

    /** The id by which the stream knows a message of a room that is published again. */
    static String dedupId(RoomName room, String id) {
        return token(room.value()) + "."
                + Base64.getUrlEncoder().withoutPadding().encodeToString(id.getBytes(StandardCharsets.UTF_8));
    }

    static String token(String name) {
        StringBuilder token = new StringBuilder();
        for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
            boolean isPlain =
                    (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || (b >= '0' && b <= '9') || b == '-' || b == '_';
            if (isPlain) {
                token.append((char) b);
            } else {
                token.append(String.format("=%02X", b));
            }
        }
        return token.toString();
    }
}

package parley.cluster;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import parley.protocol.RoomName;

/**
 * What streams and subjects are called. A room's name is one token of a subject, whatever it is: what is not a letter, a digit, '-' or '_' is
 * written as '=' and two digits of each byte, so that it is no wildcard and no separator. Immutable.
 */
record Subjects(String cluster, int streams) {
    /** Of a message, behind the room's token; what else there is comes from nodes. */
    static final String MESSAGE = "m";

    static final String SIGNAL = "s";
    static final String PRESENT = "p";
    static final String ASK = "q";

    /** Which stream a room's messages are in. */
    int shard(RoomName room) {
        return Math.floorMod(room.value().hashCode(), streams);
    }

    String stream(int shard) {
        return cluster + "_" + shard;
    }

    /** All that is said in rooms of a stream. */
    String saidIn(int shard) {
        return cluster + ".say." + shard + ".*";
    }

    /** What is said in a room. */
    String said(RoomName room) {
        return cluster + ".say." + shard(room) + "." + token(room.value());
    }

    /** Where the stream tells what was said, of the room that is the wildcard. */
    String told() {
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

    /** The mark by which the stream knows a message of a room that is said again. */
    static String mark(RoomName room, String id) {
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

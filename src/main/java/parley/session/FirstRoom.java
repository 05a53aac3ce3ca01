package parley.session;

import org.jspecify.annotations.Nullable;
import parley.protocol.MemberName;
import parley.protocol.RoomName;
import parley.room.Start;

/**
 * The room that a handshake named.
 *
 * @param name what the client calls itself
 * @param start where in the room's log it begins
 */
public record FirstRoom(RoomName room, @Nullable MemberName name, Start start) {}

package parley.endpoint;

import jakarta.websocket.server.ServerEndpoint;
import parley.protocol.JsonCodec;

/** {@code /chat/{room}}: a room by its name. */
@ServerEndpoint(value = "/chat/{room}", subprotocols = JsonCodec.SUBPROTOCOL, configurator = Handshake.class)
public final class RoomEndpoint extends SessionEndpoint {}

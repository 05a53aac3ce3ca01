package parley.endpoint;

import jakarta.websocket.server.ServerEndpoint;
import parley.protocol.JsonCodec;

/** {@code /chat}: the lobby. */
@ServerEndpoint(value = "/chat", subprotocols = JsonCodec.SUBPROTOCOL, configurator = Handshake.class)
public final class ChatEndpoint extends SessionEndpoint {}

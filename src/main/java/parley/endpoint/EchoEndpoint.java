package parley.endpoint;

import jakarta.websocket.server.ServerEndpoint;

/** {@code /echo}: every text or binary message comes back. */
@ServerEndpoint(value = "/echo", configurator = Handshake.class)
public final class EchoEndpoint extends SessionEndpoint {}

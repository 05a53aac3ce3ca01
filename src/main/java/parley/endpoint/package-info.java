/** The Jakarta WebSocket edge: the only package that imports {@code jakarta.websocket}. */
package parley.endpoint;

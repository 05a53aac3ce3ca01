package parley.standalone;

import java.util.List;
import parley.http.Router;

/**
 * What a port answers besides handshakes. Immutable.
 *
 * @param routers asked in their order
 * @param unhandled those of the port's connections that have not asked: each port has its own, so that those of one do
 *     not take the places of another
 * @param home the page at its root; empty where there are no pages
 */
record Site(List<Router> routers, UnhandledConnections unhandled, String home) {}

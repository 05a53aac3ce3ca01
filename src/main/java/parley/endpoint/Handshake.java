package parley.endpoint;

import jakarta.websocket.EndpointConfig;
import jakarta.websocket.HandshakeResponse;
import jakarta.websocket.Session;
import jakarta.websocket.server.HandshakeRequest;
import jakarta.websocket.server.ServerEndpointConfig;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import parley.app.Arrival;
import parley.app.Deployment;
import parley.app.Parley;
import parley.delivery.Transport;
import parley.door.Admission;
import parley.door.Request;
import parley.session.Connection;

/**
 * The configurator of all endpoints: carries what was decided about a handshake over to the open. Made by the
 * container, one for each path; called by any of its threads.
 *
 * <p>Who comes in is decided by the layer around, which can answer with a status; where there is none, or the container
 * does not ask it, it is decided here, and carried out when the session opens. It cannot be carried out here: {@code
 * checkOrigin} does not get the host to compare with, and an exception in {@code modifyHandshake} is a 500 or a cut
 * connection.
 */
public final class Handshake extends ServerEndpointConfig.Configurator {
    private static final String OPENING = "parley.opening";

    /** Carries an arrival to {@code @OnOpen}, which empties it: Tyrus keeps copies of the properties that it is in. */
    private static final class CarriedArrival extends AtomicReference<@Nullable Arrival> {
        private static final long serialVersionUID = 1L;

        /** What the container's paths have before those of the arrival. */
        private final String prefix;

        CarriedArrival(Arrival arrival, String prefix) {
            super(arrival);
            this.prefix = prefix;
        }
    }

    private final String prefix;

    /** Of the endpoints with annotations. */
    public Handshake() {
        this("");
    }

    /**
     * Of endpoints that are added in code.
     *
     * @param prefix what their paths begin with
     */
    Handshake(String prefix) {
        this.prefix = prefix;
    }

    @Override
    public boolean checkOrigin(String originHeaderValue) {
        return true;
    }

    @Override
    public void modifyHandshake(ServerEndpointConfig config, HandshakeRequest request, HandshakeResponse response) {
        Arrival arrival = Arrival.current();
        if (arrival == null) {
            Parley parley = parley();
            Request asked = new Request(
                    path(
                            config.getPath().substring(prefix.length()),
                            request.getRequestURI().getRawPath()),
                    request.getQueryString(),
                    name -> header(request, name),
                    null,
                    request.getUserPrincipal() == null
                            ? null
                            : request.getUserPrincipal().getName());
            arrival = parley.arrive(asked, null);
        }
        config.getUserProperties().put(OPENING, new CarriedArrival(arrival, prefix));
    }

    /** Fills an endpoint's path with what was asked for: the context before it is not known here. */
    private static String path(String template, String asked) {
        int parameter = template.indexOf('{');
        return parameter < 0
                ? template
                : template.substring(0, parameter) + asked.substring(asked.lastIndexOf('/') + 1);
    }

    /**
     * Opens the connection of a session that has just opened; null when the client is turned away.
     *
     * @param path where the container says that the client is; another than the handshake asked for means that it has
     *     mixed up two
     */
    static @Nullable Connection open(Session session, EndpointConfig config, String path) {
        CarriedArrival carried = (CarriedArrival) config.getUserProperties().remove(OPENING);
        session.getUserProperties().remove(OPENING);
        Arrival arrival = carried == null ? null : carried.getAndSet(null);
        if (carried == null || arrival == null) {
            throw new IllegalStateException("the container did not pass on what was decided at the handshake");
        }
        if (!path.equals(carried.prefix + arrival.path())) {
            throw new IllegalStateException("the container took a handshake for " + arrival.path() + " to " + path);
        }
        Parley parley = arrival.parley();
        Transport transport =
                new RemoteTransport(session, parley.pinging(), parley.settings().session());
        if (arrival.line() != null) {
            transport = arrival.line().over(transport);
        }
        if (arrival.verdict() instanceof Admission.Refusal refusal) {
            parley.turnAway(refusal, transport);
            return null;
        }
        Connection opened = parley.open(arrival, transport, session.getNegotiatedSubprotocol());
        if (arrival.line() != null) {
            arrival.line().carries(opened);
        }
        return opened;
    }

    /**
     * Asked for each time: some servers keep configurators of what was undeployed, which must not keep the application
     * then.
     */
    private static Parley parley() {
        Parley parley = Deployment.current();
        if (parley == null) {
            throw new IllegalStateException("Parley has not been started in this deployment");
        }
        return parley;
    }

    /** Finds a header whatever its case: not every container's map looks the name up without regard to it. */
    private static @Nullable String header(HandshakeRequest request, String wanted) {
        for (Map.Entry<String, List<String>> header : request.getHeaders().entrySet()) {
            if (header.getKey().equalsIgnoreCase(wanted) && !header.getValue().isEmpty()) {
                return String.join(",", header.getValue());
            }
        }
        return null;
    }
}

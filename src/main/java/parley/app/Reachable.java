package parley.app;

import java.util.function.BooleanSupplier;
import parley.access.Grant;
import parley.access.Tickets;
import parley.door.Access;
import parley.door.Admission;
import parley.door.HttpDoor;
import parley.http.EventStreams;
import parley.http.LongPolls;
import parley.http.RoomRoutes;
import parley.http.Router;
import parley.room.Openings;
import parley.room.RoomRegistry;
import parley.session.Sessions;

/** All that can be reached over HTTP: puts the routers together, once. For one thread. */
final class Reachable {
    private final Settings settings;
    private final Admission admission;
    private final Access access;
    private final RoomRegistry rooms;
    private final Sessions sessions;
    private final Tickets tickets;
    private final LongPolls polls;
    private final Openings openings;
    private final Metrics metrics;

    Reachable(
            Settings settings,
            Admission admission,
            Access access,
            RoomRegistry rooms,
            Sessions sessions,
            Tickets tickets,
            LongPolls polls,
            Openings openings,
            Metrics metrics) {
        this.settings = settings;
        this.admission = admission;
        this.access = access;
        this.rooms = rooms;
        this.sessions = sessions;
        this.tickets = tickets;
        this.polls = polls;
        this.openings = openings;
        this.metrics = metrics;
    }

    /** The routes for operators and machines that ask how it goes. */
    Router status(BooleanSupplier isKeeping) {
        Status status = new Status(admission, isKeeping, metrics, settings.statusFor());
        return new Router.Builder().with(status::routes).observer(metrics).build();
    }

    /** The addresses of WebSockets, for requests that are no handshakes. */
    Router explanations() {
        return new Router.Builder()
                .with(new Explanations(admission)::routes)
                .observer(metrics)
                .build();
    }

    /** The routes of rooms, members and messages. */
    Router rooms() {
        HttpSettings http = settings.http();
        HttpDoor door = door();
        EventStreams streams =
                new EventStreams(admission, door, sessions, rooms, http.eventsRetry(), http.requestsPerAddress());
        boolean hasCookies = !settings.cookie().isEmpty();
        RoomRoutes routes = new RoomRoutes(admission, door, rooms, sessions, tickets, polls, openings, hasCookies);
        return new Router.Builder()
                .with(routes::routes)
                .with(streams::routes)
                .headers(routes::headers)
                .observer(metrics)
                .build();
    }

    private HttpDoor door() {
        HttpSettings http = settings.http();
        boolean isForAll = settings.access() != AccessMode.ANONYMOUS || http.publish() == HttpPublish.EVERYONE;
        return new HttpDoor(
                admission,
                access,
                http.apiKey(),
                isForAll ? grant -> grant : grant -> grant == Grant.ANYONE ? grant.readOnly() : grant,
                http.requestsPerAddress(),
                System::nanoTime);
    }
}

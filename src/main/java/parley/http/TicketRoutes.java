package parley.http;

import java.util.Map;
import parley.access.Tickets;
import parley.door.HttpDoor;
import parley.protocol.HttpJson;

/** Makes tickets, with which a client opens one connection. Any thread. */
final class TicketRoutes {
    private final Reception reception;
    private final Tickets tickets;

    TicketRoutes(Reception reception, Tickets tickets) {
        this.reception = reception;
        this.tickets = tickets;
    }

    /** Adds its routes. */
    void routes(Router.Builder routes) {
        routes.on(
                "POST",
                "/tickets",
                (exchange, values) -> reception.admit(exchange, caller -> exchange.answer(ticket(caller))));
    }

    private Answer ticket(HttpDoor.Caller caller) {
        if (!caller.isLimited()) {
            return Problem.of(
                    403, "forbidden", "the API key opens no connections; a ticket stands for a token or a login");
        }
        return tickets.make(caller.grant())
                .map(ticket -> Answer.of(
                        201,
                        Map.of("Content-Type", "application/json", "Cache-Control", "no-store"),
                        HttpJson.ticket(ticket, tickets.lifetime().toSeconds())))
                .orElseGet(() -> Problem.of(
                        413, "too-large", "the token names so many rooms that its ticket is too long for an address"));
    }
}

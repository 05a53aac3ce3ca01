package parley.door;

import java.util.Map;
import parley.access.BadTokenException;
import parley.access.Grant;
import parley.access.Tickets;

/** Who brings a ticket in the query may enter with it; anybody else as before. Any thread. */
final class TicketAccess implements Access {
    private final Access access;
    private final Tickets tickets;

    TicketAccess(Access access, Tickets tickets) {
        this.access = access;
        this.tickets = tickets;
    }

    @Override
    public Grant grant(Request request, Map<String, String> parameters) throws BadTokenException {
        String ticket = parameters.get("ticket");
        return ticket == null ? access.grant(request, parameters) : tickets.look(ticket);
    }

    @Override
    public void enter(Request request, Map<String, String> parameters) throws BadTokenException {
        String ticket = parameters.get("ticket");
        if (ticket == null) {
            access.enter(request, parameters);
        } else {
            tickets.take(ticket);
        }
    }

    @Override
    public Grant renew(String token) throws BadTokenException {
        return access.renew(token);
    }

    @Override
    public boolean isReady() {
        return access.isReady();
    }
}

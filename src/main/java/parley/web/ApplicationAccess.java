package parley.web;

import jakarta.servlet.http.HttpServletRequest;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import parley.access.BadTokenException;
import parley.access.BadTokenException.Problem;
import parley.access.Grant;
import parley.api.Admitter;
import parley.api.Rights;
import parley.door.Access;
import parley.door.Request;
import parley.local.FailureLog;
import parley.protocol.MemberName;
import parley.protocol.RoomPattern;
import parley.protocol.UserId;

/** Asks the application's admitters, and what the settings say where none decides. Any thread. */
final class ApplicationAccess implements Access {
    private final List<Admitter> admitters;
    private final Access otherwise;
    private final FailureLog failures = new FailureLog(System.getLogger("parley.web"), System::nanoTime);

    ApplicationAccess(List<Admitter> admitters, Access otherwise) {
        this.admitters = List.copyOf(admitters);
        this.otherwise = otherwise;
    }

    @Override
    public Grant grant(Request request, Map<String, String> parameters) throws BadTokenException {
        if (request.headers() instanceof ServletHeaders headers) {
            for (Admitter admitter : admitters) {
                Optional<Grant> grant = decide(admitter, headers.request());
                if (grant.isPresent()) {
                    return grant.get();
                }
            }
        }
        return otherwise.grant(request, parameters);
    }

    private Optional<Grant> decide(Admitter admitter, HttpServletRequest request) throws BadTokenException {
        Admitter.Decision decision;
        try {
            decision = admitter.admit(request);
            if (decision instanceof Admitter.Enter enter) {
                return Optional.of(grant(enter.rights()));
            }
        } catch (RuntimeException | Error e) {
            failures.log("an admitter of the application failed, and a client was refused for now", e);
            throw failed();
        }
        if (decision instanceof Admitter.Refuse refuse) {
            throw new BadTokenException(Problem.REFUSED, refuse.reason());
        }
        if (decision == null) {
            failures.log("an admitter of the application said nothing, and a client was refused for now", null);
            throw failed();
        }
        return Optional.empty();
    }

    private static BadTokenException failed() {
        return new BadTokenException(Problem.FAILED, "it cannot be said now whether you may enter; retry later");
    }

    private static Grant grant(Rights rights) {
        MemberName name = rights.name() == null ? null : MemberName.parse(rights.name());
        if (rights.name() != null && name == null) {
            throw new IllegalArgumentException("a name is " + MemberName.RULE + ", and not '" + rights.name() + "'");
        }
        UserId user = rights.user() == null ? null : UserId.parse(rights.user());
        if (rights.user() != null && user == null) {
            throw new IllegalArgumentException("a user is " + UserId.RULE + ", and not '" + rights.user() + "'");
        }
        return new Grant(
                user,
                name,
                patterns(rights.read()),
                patterns(rights.write()),
                patterns(rights.publish()),
                rights.isAdmin(),
                rights.until() == null ? Long.MAX_VALUE : rights.until().toEpochMilli());
    }

    private static List<RoomPattern> patterns(List<String> texts) {
        return texts.stream().map(ApplicationAccess::pattern).toList();
    }

    private static RoomPattern pattern(String text) {
        RoomPattern pattern = RoomPattern.parse(text);
        if (pattern == null) {
            throw new IllegalArgumentException(
                    "rooms are named by patterns of " + RoomPattern.RULE + ", and not '" + text + "'");
        }
        return pattern;
    }

    @Override
    public Grant renew(String token) throws BadTokenException {
        return otherwise.renew(token);
    }

    @Override
    public boolean isReady() {
        return otherwise.isReady();
    }
}

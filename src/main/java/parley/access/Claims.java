package parley.access;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.MalformedClaimException;
import org.jspecify.annotations.Nullable;
import parley.access.BadTokenException.Problem;
import parley.protocol.MemberName;
import parley.protocol.RoomPattern;
import parley.protocol.UserId;

/** What a client may do, as claims of a token or a ticket: reads and writes them. */
final class Claims {
    private static final int MOST_PATTERNS = 100;

    private static final Set<String> CLAIMS_OF_ROOMS = Set.of("rooms", "read", "write", "publish", "edit", "remove");

    private Claims() {}

    /**
     * Reads them.
     *
     * @param until when they end, in milliseconds since 1970
     */
    static Grant of(JwtClaims claims, long until) throws MalformedClaimException, BadTokenException {
        List<RoomPattern> both = patterns(claims, "rooms");
        return new Grant(
                user(claims),
                name(claims),
                joined(both, patterns(claims, "read")),
                joined(both, patterns(claims, "write")),
                patterns(claims, "publish"),
                patterns(claims, "edit"),
                patterns(claims, "remove"),
                Boolean.TRUE.equals(claims.getClaimValue("admin", Boolean.class)),
                until);
    }

    /** Writes what a connection needs of them: not what they say of HTTP. */
    static JwtClaims ofConnection(Grant grant) {
        JwtClaims claims = new JwtClaims();
        if (grant.user() != null) {
            claims.setSubject(grant.user().value());
        }
        if (grant.name() != null) {
            claims.setStringClaim("name", grant.name().value());
        }
        Set<RoomPattern> both = new LinkedHashSet<>(grant.read());
        both.retainAll(grant.write());
        write(claims, "rooms", both, Set.of());
        write(claims, "read", grant.read(), both);
        write(claims, "write", grant.write(), both);
        write(claims, "edit", grant.edit(), Set.of());
        write(claims, "remove", grant.remove(), Set.of());
        return claims;
    }

    private static void write(
            JwtClaims claims, String claim, Collection<RoomPattern> patterns, Set<RoomPattern> without) {
        Set<RoomPattern> those = new LinkedHashSet<>(patterns);
        those.removeAll(without);
        if (!those.isEmpty()) {
            claims.setStringListClaim(
                    claim, those.stream().map(RoomPattern::toString).toList());
        }
    }

    private static @Nullable UserId user(JwtClaims claims) throws MalformedClaimException, BadTokenException {
        String subject = claims.getSubject();
        UserId user = subject == null ? null : UserId.parse(subject);
        if (subject != null && user == null) {
            throw new BadTokenException(Problem.CLAIM, "the token's sub is not " + UserId.RULE);
        }
        return user;
    }

    private static @Nullable MemberName name(JwtClaims claims) throws MalformedClaimException, BadTokenException {
        String name = claims.getStringClaimValue("name");
        MemberName parsed = name == null ? null : MemberName.parse(name);
        if (name != null && parsed == null) {
            throw new BadTokenException(Problem.CLAIM, "the token's name is not " + MemberName.RULE);
        }
        return parsed;
    }

    private static List<RoomPattern> patterns(JwtClaims claims, String claim)
            throws MalformedClaimException, BadTokenException {
        assert CLAIMS_OF_ROOMS.contains(claim);
        if (!claims.hasClaim(claim)) {
            return List.of();
        }
        List<@Nullable String> texts = claims.isClaimValueString(claim)
                ? List.of(claims.getStringClaimValue(claim))
                : claims.getStringListClaimValue(claim);
        if (texts.size() > MOST_PATTERNS) {
            throw new BadTokenException(Problem.CLAIM, "the token's " + claim + " are more than " + MOST_PATTERNS);
        }
        List<RoomPattern> patterns = new ArrayList<>();
        for (String text : texts) { // null where the list holds one
            RoomPattern pattern = text == null ? null : RoomPattern.parse(text);
            if (pattern == null) {
                throw new BadTokenException(Problem.CLAIM, "the token's " + claim + " are not " + RoomPattern.RULE);
            }
            patterns.add(pattern);
        }
        return patterns;
    }

    private static List<RoomPattern> joined(List<RoomPattern> one, List<RoomPattern> other) {
        List<RoomPattern> all = new ArrayList<>(one);
        all.addAll(other);
        return List.copyOf(all);
    }
}

package parley.testclient;

import java.nio.charset.StandardCharsets;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.NumericDate;
import org.jose4j.keys.HmacKey;
import org.jose4j.lang.JoseException;

/** Makes JSON Web Tokens, as a site does for its users: signed with {@link #SECRET}. */
public final class Token {
    public static final String SECRET = "this is a secret of at least thirty-two bytes";

    private Token() {}

    /** Claims that hold for ten minutes, for some rooms. */
    public static JwtClaims claims(String name, String... rooms) {
        JwtClaims claims = new JwtClaims();
        claims.setExpirationTimeMinutesInTheFuture(10);
        if (name != null) {
            claims.setClaim("name", name);
        }
        claims.setStringListClaim("rooms", rooms);
        return claims;
    }

    /** The same, ending in so long. */
    public static JwtClaims endsIn(JwtClaims claims, long millis) {
        claims.setExpirationTime(NumericDate.fromMilliseconds(System.currentTimeMillis() + millis));
        return claims;
    }

    /** A token that claims this. */
    public static String token(JwtClaims claims) throws JoseException {
        JsonWebSignature token = new JsonWebSignature();
        token.setPayload(claims.toJson());
        token.setAlgorithmHeaderValue("HS256");
        token.setKey(new HmacKey(SECRET.getBytes(StandardCharsets.UTF_8)));
        return token.getCompactSerialization();
    }
}

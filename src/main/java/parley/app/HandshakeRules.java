package parley.app;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import parley.door.Admission;
import parley.door.Cause;
import parley.protocol.CloseCode;

/**
 * What RFC 6455 section 4.2.1 asks of a handshake, the same for both edges. Containers ask for less, or for more:
 * several of them read only one line of a header, and take a list for one value. So the edges read the header lines
 * here and pass on to the container one line with what it needs to know ({@link #forContainer}).
 */
public final class HandshakeRules {
    /** The container throws, or does not take a handshake that keeps the rules; both are about what the client sent. */
    public static final Admission.Refusal NOT_TAKEN =
            refusal("this handshake cannot be read; look at its Sec-WebSocket-Extensions, or leave them out");

    private static final String UPGRADE = "Upgrade";
    private static final String CONNECTION = "Connection";
    private static final String VERSION = "Sec-WebSocket-Version";
    private static final String PROTOCOL = "Sec-WebSocket-Protocol";
    private static final String KEY = "Sec-WebSocket-Key";

    private static final Pattern KEY_OF_16_BYTES = Pattern.compile("[A-Za-z0-9+/]{22}==");

    private HandshakeRules() {}

    /** The header lines of a request. */
    @FunctionalInterface
    public interface Lines {
        /** Returns what each line of that name says, in their order; empty when there is none. */
        List<String> of(String name);
    }

    /**
     * Reads header lines of one name as the one list that they are (RFC 9110 section 5.3): what stands between the
     * commas, without the whitespace around, and without the elements that are empty.
     */
    static List<String> elements(List<String> lines) {
        List<String> elements = new ArrayList<>();
        for (String line : lines) {
            for (String element : line.split(",")) {
                String stripped = element.strip();
                if (!stripped.isEmpty()) {
                    elements.add(stripped);
                }
            }
        }
        return elements;
    }

    /** Whether a request wants to speak WebSocket, perhaps among other protocols; all else is a request for a page. */
    public static boolean wantsWebSocket(Lines headers) {
        return contains(headers, UPGRADE, "websocket");
    }

    /**
     * Returns what is wrong with a handshake, if something is.
     *
     * @param protocol such as {@code HTTP/1.1}
     * @param hasBody whether a body follows
     */
    public static Optional<Admission.Refusal> fault(String method, String protocol, boolean hasBody, Lines headers) {
        if (!method.equals("GET") || !protocol.equals("HTTP/1.1") || hasBody) {
            return Optional.of(refusal("a handshake is a GET of HTTP/1.1 without a body"));
        }
        if (headers.of("Host").size() != 1) {
            return Optional.of(refusal("a handshake has one Host line"));
        }
        if (!contains(headers, CONNECTION, "upgrade")) {
            return Optional.of(refusal("a handshake has 'Upgrade' among the options of its Connection header"));
        }
        if (!contains(headers, VERSION, "13")) {
            return Optional.of(refusal("the version that is spoken here is Sec-WebSocket-Version: 13"));
        }
        List<String> keys = headers.of(KEY);
        if (keys.size() != 1 || !KEY_OF_16_BYTES.matcher(keys.get(0).strip()).matches()) {
            return Optional.of(refusal("a handshake has one Sec-WebSocket-Key, which is 16 bytes in Base64"));
        }
        return Optional.empty();
    }

    /** The headers of an answer to a refused handshake that is at fault itself (RFC 6455 section 4.2.2). */
    public static Map<String, String> headers(Admission.Refusal refusal) {
        return refusal.cause() == Cause.BAD_REQUEST ? Map.of(VERSION, "13") : Map.of();
    }

    /**
     * Returns the headers that the container is to see in place of the client's lines: one line each, none when empty.
     */
    public static Map<String, String> forContainer(Lines headers) {
        Map<String, String> single = new LinkedHashMap<>();
        single.put(UPGRADE, "websocket");
        single.put(CONNECTION, UPGRADE);
        single.put(VERSION, "13");
        List<String> protocols = elements(headers.of(PROTOCOL));
        if (!protocols.isEmpty()) {
            single.put(PROTOCOL, String.join(", ", protocols));
        }
        return single;
    }

    private static boolean contains(Lines headers, String name, String wanted) {
        return elements(headers.of(name)).stream().anyMatch(wanted::equalsIgnoreCase);
    }

    private static Admission.Refusal refusal(String reason) {
        return new Admission.Refusal(Cause.BAD_REQUEST, 400, CloseCode.PROTOCOL_ERROR, reason);
    }
}

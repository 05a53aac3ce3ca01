package parley.standalone;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What client and server agree on about {@code permessage-deflate} (RFC 7692 section 7.1). The server's messages are
 * always compressed without those before them: they are shared.
 */
enum DeflateTerms {
    /** The client's messages are compressed without those before them too. */
    FRESH("permessage-deflate; server_no_context_takeover; client_no_context_takeover"),
    /**
     * They may refer to those before. The client offered no parameter that would show that it reads one in the answer,
     * and Tyrus's extension for clients does not.
     */
    KEPT("permessage-deflate; server_no_context_takeover");

    private static final String NAME = "permessage-deflate";
    private static final String SERVER_WINDOW = "server_max_window_bits";
    private static final int LARGEST_WINDOW = 15;
    private static final String TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
    /** RFC 6455 section 9.1; what is in quotes must be a token, so a comma or semicolon never is. */
    private static final Pattern PARAMETER =
            Pattern.compile("(" + TOKEN + ")(?:[ \\t]*=[ \\t]*(?:(" + TOKEN + ")|\"(" + TOKEN + ")\"))?");

    private static final Pattern WINDOW = Pattern.compile("[89]|1[0-5]");

    private final String answer;

    /**
     * An offer that is taken.
     *
     * @param answer what Sec-WebSocket-Extensions says in the answer to the handshake
     */
    record Taken(DeflateTerms terms, String answer) {}

    DeflateTerms(String answer) {
        this.answer = answer;
    }

    /** What the answer to the handshake says of them. */
    String answer() {
        return answer;
    }

    /**
     * Returns what to agree on: the first offer that can be taken decides. One that names a parameter that RFC 7692
     * does not know, twice, or with a value that it does not allow, is declined, and so is a window smaller than 15
     * bits for the server, which {@link java.util.zip.Deflater} cannot have. An offer with a window of 15 bits is
     * answered with it (section 7.1.2.1): some clients fail the connection otherwise.
     *
     * @param lines of the header Sec-WebSocket-Extensions
     */
    static Optional<Taken> of(List<String> lines) {
        for (String line : lines) {
            for (String offer : line.split(",")) {
                Optional<Taken> taken = ofOffer(offer.split(";", -1));
                if (taken.isPresent()) {
                    return taken;
                }
            }
        }
        return Optional.empty();
    }

    private static Optional<Taken> ofOffer(String[] parts) {
        if (!parts[0].strip().equalsIgnoreCase(NAME)) {
            return Optional.empty();
        }
        Map<String, String> parameters = new HashMap<>();
        for (String part : List.of(parts).subList(1, parts.length)) {
            Matcher parameter = PARAMETER.matcher(part.strip());
            if (!parameter.matches()) {
                return Optional.empty();
            }
            String name = parameter.group(1).toLowerCase(Locale.ROOT);
            String value = parameter.group(2) == null ? parameter.group(3) : parameter.group(2);
            if (!isTaken(name, value == null ? "" : value) || parameters.put(name, "") != null) {
                return Optional.empty();
            }
        }
        boolean readsParameters = parameters.keySet().stream().anyMatch(name -> name.startsWith("client_"));
        DeflateTerms terms = readsParameters ? FRESH : KEPT;
        String window = parameters.containsKey(SERVER_WINDOW) ? "; " + SERVER_WINDOW + "=" + LARGEST_WINDOW : "";
        return Optional.of(new Taken(terms, terms.answer + window));
    }

    private static boolean isTaken(String name, String value) {
        return switch (name) {
            case "server_no_context_takeover", "client_no_context_takeover" -> value.isEmpty();
            case "client_max_window_bits" ->
                value.isEmpty() || WINDOW.matcher(value).matches();
            case SERVER_WINDOW -> value.equals(String.valueOf(LARGEST_WINDOW));
            default -> false;
        };
    }
}

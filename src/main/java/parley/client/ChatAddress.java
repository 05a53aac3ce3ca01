package parley.client;

import java.net.URI;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The address of a server's {@code /chat}. Immutable.
 *
 * @param base without query
 * @param query the parameters that every connection has, as they were written
 * @param name the one in the query; null for none
 */
record ChatAddress(
        String base, List<String> query, @Nullable String name) {
    private static final Pattern ROOM_NAME = Pattern.compile("(?!\\.\\.?$)[A-Za-z0-9._-]{1,64}");
    private static final Pattern IN_A_ROOM = Pattern.compile("/chat/([^/]+)$");

    /** What the server refuses in names on any JDK; the rest is for it to decide. */
    private static final Pattern UNPRINTABLE =
            Pattern.compile("[\\p{Cc}\\p{Zl}\\p{Zp}\\p{Cs}\\p{Co}\\u200e\\u200f\\u061c\\u202a-\\u202e\\u2066-\\u2069]");

    private static final int MOST_NAME = 40;
    private static final int MOST_TOKEN = 8192;

    /** Parameters that a connection chooses by itself. */
    private static final Set<String> OWN = Set.of("name", "history", "after", "epoch");

    static ChatAddress of(String address) {
        URI uri = URI.create(address);
        String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT).replaceFirst("^http", "ws");
        if (!scheme.equals("ws") && !scheme.equals("wss") || uri.getRawAuthority() == null) {
            throw new IllegalArgumentException(
                    quoted(address) + " is no address of http, https, ws or wss, such as ws://localhost:8080/chat");
        }
        String path = uri.getRawPath().replaceFirst("/+$", "");
        Matcher room = IN_A_ROOM.matcher(path);
        if (room.find() && !room.group(1).equals("chat")) { // of an application whose context path is /chat
            throw new IllegalArgumentException(quoted(address) + " ends in a room: give the address of /chat, and the"
                    + " room to join(\"" + room.group(1) + "\")");
        }
        List<String> kept = new ArrayList<>();
        String name = null;
        for (String parameter :
                uri.getRawQuery() == null ? new String[0] : uri.getRawQuery().split("&")) {
            String[] parts = parameter.split("=", 2);
            if (!OWN.contains(decoded(parts[0]))) {
                kept.add(parameter);
            } else if (decoded(parts[0]).equals("name") && parts.length == 2 && !parts[1].isEmpty()) {
                name = decoded(parts[1]);
            }
        }
        return new ChatAddress(scheme + "://" + uri.getRawAuthority() + path, List.copyOf(kept), name);
    }

    /** The address of a connection that begins in a room. */
    URI of(String room, @Nullable String name, Joining.Place place) {
        List<String> parameters = new ArrayList<>(query);
        if (name != null) {
            parameters.add("name=" + encoded(name));
        }
        if (place.epoch() != null) {
            parameters.add("epoch=" + encoded(place.epoch()));
            parameters.add("after=" + place.after());
        } else if (place.history() > 0) {
            parameters.add("history=" + place.history());
        }
        return URI.create(base + "/" + room + (parameters.isEmpty() ? "" : "?" + String.join("&", parameters)));
    }

    /** Refuses what is neither the name of a room nor a pattern. */
    static void needWatched(String name) {
        if (!ROOM_NAME.matcher(name.replace('*', 'x')).matches()) {
            throw new IllegalArgumentException(
                    quoted(name) + " is neither a room nor a pattern: 1 to 64 of A-Z, a-z, 0-9, '.', '_', '-' and '*'");
        }
    }

    static void needRoom(String name) {
        if (!ROOM_NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    quoted(name) + " is not a room: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'");
        }
    }

    /** What is wrong with a name; empty for nothing. */
    static String nameFault(String name) {
        String bare = name.strip();
        boolean isName = !bare.isEmpty()
                && bare.codePointCount(0, bare.length()) <= MOST_NAME
                && !UNPRINTABLE.matcher(bare).find();
        return isName
                ? ""
                : quoted(name) + " is not a name: 1 to 40 printable characters, no line breaks, not only spaces";
    }

    static String needName(String name) {
        String fault = nameFault(name);
        if (!fault.isEmpty()) {
            throw new IllegalArgumentException(fault);
        }
        return name.strip();
    }

    /** What is wrong with a token, as far as that shows without its key; empty for nothing. */
    static String tokenFault(@Nullable String token) {
        if (token == null) {
            return "";
        }
        if (token.length() > MOST_TOKEN) {
            return "a token has at most " + MOST_TOKEN + " characters; this one has " + token.length();
        }
        for (int i = 0; i < token.length(); i++) {
            char character = token.charAt(i);
            if (character <= ' ' || character > '~') {
                return String.format(
                        Locale.ROOT,
                        "a token is of printable ASCII characters without spaces; number %d of this one is U+%04X",
                        i + 1,
                        (int) character);
            }
        }
        return "";
    }

    private static String quoted(String value) {
        return "'" + (value.length() > 80 ? value.substring(0, 80) + "…" : value) + "'";
    }

    private static String decoded(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}

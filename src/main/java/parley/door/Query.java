package parley.door;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads the parameters of a query string, and parts of paths. Escapes are bytes of UTF-8, and so is what clients have
 * left unescaped, which some containers hand over as one character a byte and others decoded.
 */
public final class Query {
    private static final int HEX = 16;

    private Query() {}

    /**
     * Returns the parameters, the first of those that stand there several times.
     *
     * @throws IllegalArgumentException when an escape is broken, or what is escaped is no UTF-8
     */
    public static Map<String, String> parse(@Nullable String query) {
        Map<String, String> parameters = new HashMap<>();
        read(query, parameters::putIfAbsent);
        return parameters;
    }

    /**
     * Returns the values of a parameter that may stand there several times, in their order.
     *
     * @throws IllegalArgumentException as above
     */
    static List<String> all(@Nullable String query, String wanted) {
        List<String> values = new ArrayList<>();
        read(query, (key, value) -> {
            if (key.equals(wanted)) {
                values.add(value);
            }
        });
        return values;
    }

    private static void read(@Nullable String query, BiConsumer<String, String> each) {
        if (query == null || query.isEmpty()) {
            return;
        }
        for (String pair : query.split("&")) {
            int equals = pair.indexOf('=');
            String key = equals < 0 ? pair : pair.substring(0, equals);
            String value = equals < 0 ? "" : pair.substring(equals + 1);
            each.accept(decode(key), decode(value));
        }
    }

    /**
     * Reads a part of a path, in which a plus sign is a plus sign.
     *
     * @throws IllegalArgumentException when an escape is broken, or what is escaped is no UTF-8
     */
    public static String path(String part) {
        return decode(part.replace("+", "%2B"));
    }

    private static String decode(String part) {
        boolean mayBeBytes = part.chars().allMatch(c -> c <= 0xFF);
        try {
            return utf8(bytes(part, mayBeBytes));
        } catch (CharacterCodingException e) {
            if (!mayBeBytes || part.chars().allMatch(c -> c < 0x80)) {
                throw new IllegalArgumentException("not UTF-8", e);
            }
        }
        try {
            return utf8(bytes(part, false)); // decoded by the container, to characters that all could have been bytes
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("not UTF-8", e);
        }
    }

    private static String utf8(byte[] bytes) throws CharacterCodingException {
        return StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(bytes))
                .toString();
    }

    private static byte[] bytes(String part, boolean areBytes) throws CharacterCodingException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(part.length());
        StringBuilder plain = new StringBuilder();
        for (int i = 0; i < part.length(); i++) {
            char c = part.charAt(i);
            if (c == '%') {
                write(plain, areBytes, bytes);
                bytes.write(escaped(part, i));
                i += 2;
            } else {
                plain.append(c == '+' ? ' ' : c);
            }
        }
        write(plain, areBytes, bytes);
        return bytes.toByteArray();
    }

    private static void write(StringBuilder plain, boolean areBytes, ByteArrayOutputStream to)
            throws CharacterCodingException {
        if (areBytes) {
            plain.chars().forEach(to::write);
        } else {
            ByteBuffer encoded = StandardCharsets.UTF_8.newEncoder().encode(java.nio.CharBuffer.wrap(plain));
            to.write(encoded.array(), 0, encoded.limit());
        }
        plain.setLength(0);
    }

    private static int escaped(String part, int percent) {
        int high = percent + 2 < part.length() ? Character.digit(part.charAt(percent + 1), HEX) : -1;
        int low = percent + 2 < part.length() ? Character.digit(part.charAt(percent + 2), HEX) : -1;
        if (high < 0 || low < 0 || part.charAt(percent + 1) > 'f' || part.charAt(percent + 2) > 'f') {
            throw new IllegalArgumentException("a broken escape");
        }
        return high << 4 | low;
    }
}

package parley.standalone;

import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Text of others for a terminal: one line, with nothing in it that the terminal obeys. A character of the Unicode
 * categories Cc (control), Cf (format, which has the direction marks), Zl and Zp (line and paragraph separator) or Cs
 * (lone surrogate) is shown as its code point, such as {@code <U+001B>}. Any thread.
 */
final class Visible {
    /** Where the name before a message would seem to end. */
    private static final Pattern END_OF_NAME = Pattern.compile(":(?=[\\s\\p{Z}])");

    private Visible() {}

    /** A text in which every character can be seen. */
    static String text(String text) {
        if (text.codePoints().noneMatch(Visible::isUnseen)) {
            return text;
        }
        StringBuilder seen = new StringBuilder(text.length() + 16);
        text.codePoints().forEach(point -> {
            if (isUnseen(point)) {
                seen.append(codePoint(point));
            } else {
                seen.appendCodePoint(point);
            }
        });
        return seen.toString();
    }

    /** A name of a sender, which ends at the first colon with a space behind it. */
    static String name(String name) {
        return text(END_OF_NAME.matcher(name).replaceAll(codePoint(':')));
    }

    private static String codePoint(int point) {
        return String.format(Locale.ROOT, "<U+%04X>", point);
    }

    private static boolean isUnseen(int point) {
        return switch (Character.getType(point)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE -> true;
            default -> false;
        };
    }
}

package parley.protocol;

/**
 * Which text can be seen, for what stands in a line with others: names, and the keys of reactions. Any thread.
 *
 * <p>Control characters, line and paragraph separators, private code points, non-characters and lone surrogates are
 * refused, and so are characters that show nothing or turn the direction of text: a name with one of those could look
 * like another, or rewrite the line it stands in. Emoji and some scripts need joiners and variation selectors, which
 * are allowed behind a character that they belong to. The tables are this class's own, because those of the JDK know
 * only the characters that existed when it was made, and one name would be valid on one JDK and not on another.
 */
final class VisibleText {
    /** Zs of Unicode 16, the white space that is neither a control character nor a separator of lines. */
    private static final int[] SPACES = {
        0x20, 0x20, 0xA0, 0xA0, 0x1680, 0x1680, 0x2000, 0x200A, 0x202F, 0x202F, 0x205F, 0x205F, 0x3000, 0x3000
    };

    /** Variation selectors, and the tags that flags are spelled with. */
    private static final int[] SELECTORS = {0x180B, 0x180D, 0xFE00, 0xFE0F, 0xE0020, 0xE007F, 0xE0100, 0xE01EF};

    /** The two joiners of UAX 31 section 2.3. */
    private static final int[] JOINERS = {0x200C, 0x200D};

    private static final int[] REFUSED = {
        // Control characters, separators of lines and paragraphs, surrogates, private use, and non-characters of the
        // first plane
        0x00,
        0x1F,
        0x7F,
        0x9F,
        0x2028,
        0x2029,
        0xD800,
        0xF8FF,
        0xFDD0,
        0xFDEF,
        0xF0000,
        0x10FFFF,
        // Default_Ignorable_Code_Point of Unicode 16, with what is reserved for more of them
        0xAD,
        0xAD,
        0x34F,
        0x34F,
        0x61C,
        0x61C,
        0x115F,
        0x1160,
        0x17B4,
        0x17B5,
        0x180E,
        0x180F,
        0x200B,
        0x200F,
        0x202A,
        0x202E,
        0x2060,
        0x206F,
        0x3164,
        0x3164,
        0xFEFF,
        0xFEFF,
        0xFFA0,
        0xFFA0,
        0xFFF0,
        0xFFF8,
        0x1BCA0,
        0x1BCA3,
        0x1D173,
        0x1D17A,
        0xE0000,
        0xE0FFF,
        // Shown as nothing all the same: the empty Braille pattern, marks of annotations, the empty note head
        0x2800,
        0x2800,
        0xFFF9,
        0xFFFB,
        0x1D159,
        0x1D159
    };

    private VisibleText() {}

    /** Without spaces around it. */
    static String trimmed(String value) {
        int from = 0;
        int to = value.length();
        while (from < to && isIn(SPACES, value.charAt(from))) {
            from++;
        }
        while (to > from && isIn(SPACES, value.charAt(to - 1))) {
            to--;
        }
        return value.substring(from, to);
    }

    /** Whether it is visible characters with spaces between, as many code points at most, and at least one. */
    static boolean isVisible(String value, int maxCodePoints) {
        if (value.isEmpty() || value.codePointCount(0, value.length()) > maxCodePoints) {
            return false;
        }
        boolean isBehindVisible = false;
        boolean isJoined = false;
        for (int i = 0; i < value.length(); i += Character.charCount(value.codePointAt(i))) {
            int c = value.codePointAt(i);
            if (isIn(SELECTORS, c)) {
                if (!isBehindVisible) {
                    return false;
                }
            } else if (isIn(JOINERS, c)) {
                if (!isBehindVisible) {
                    return false;
                }
                isBehindVisible = false;
                isJoined = true;
            } else if (isIn(SPACES, c)) {
                if (isJoined) {
                    return false;
                }
                isBehindVisible = false;
            } else if (isIn(REFUSED, c) || isNoCharacter(c)) {
                return false;
            } else {
                isBehindVisible = true;
                isJoined = false;
            }
        }
        return isBehindVisible; // a joiner at the end joins nothing
    }

    /** The last two of every plane. */
    private static boolean isNoCharacter(int c) {
        return (c & 0xFFFE) == 0xFFFE;
    }

    /** Whether it is in one of the ranges, each written as its first and its last. */
    private static boolean isIn(int[] ranges, int c) {
        for (int i = 0; i < ranges.length; i += 2) {
            if (c >= ranges[i] && c <= ranges[i + 1]) {
                return true;
            }
        }
        return false;
    }
}

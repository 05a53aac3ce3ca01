package parley.protocol;

/** Lengths in UTF-8 (RFC 3629), without encoding. */
public final class Utf8 {
    private Utf8() {}

    /**
     * How many bytes a text takes. A surrogate counts two, so that halves in different parts of a message add up to
     * four.
     */
    public static int length(String text) {
        int bytes = text.length();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c >= 0x80) {
                bytes += c < 0x800 || Character.isSurrogate(c) ? 1 : 2;
            }
        }
        return bytes;
    }

    /**
     * Whether it can be encoded at all: JSON can spell half of a surrogate pair (RFC 8259 section 8.2), UTF-8 cannot.
     */
    public static boolean canEncode(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isSurrogate(c)) {
                i++;
                if (Character.isLowSurrogate(c) || i == text.length() || !Character.isLowSurrogate(text.charAt(i))) {
                    return false;
                }
            }
        }
        return true;
    }
}

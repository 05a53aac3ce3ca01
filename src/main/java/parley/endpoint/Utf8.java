package parley.endpoint;

/** Lengths in UTF-8 (RFC 3629), without encoding. */
final class Utf8 {
    private Utf8() {}

    /** How many bytes a text takes. A surrogate counts two, so that halves in different parts of a message add up to four. */
    static int length(String text) {
        int bytes = text.length();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c >= 0x80) {
                bytes += c < 0x800 || Character.isSurrogate(c) ? 1 : 2;
            }
        }
        return bytes;
    }
}

package parley.protocol;

/**
 * Copies a value out of a JSON text as it was written (RFC 8259), but for the spaces between tokens. Numbers keep their
 * spelling, which a parser would lose: {@code 1.00}, {@code -0} and {@code 1E20} come out as they are. Strict, since
 * what it copies is sent to others, and parsers differ in what they let pass. For one thread.
 */
final class RawJson {
    private static final int HEX = 16;

    /** The text is no JSON, or one that UTF-8 cannot carry. */
    static final class NotJson extends Exception {
        private static final long serialVersionUID = 1L;

        NotJson(String reason) {
            super(reason, null, false, false);
        }
    }

    private final String text;
    private int at;
    /** Where what is read is copied to; not when it is passed over. */
    private final StringBuilder copy = new StringBuilder();

    private boolean copies;

    private RawJson(String text) {
        this.text = text;
    }

    /**
     * Returns the value of an object's member, the first being 0. The object must not be nested deep: this recurses.
     */
    static String member(String object, int index) throws NotJson {
        RawJson json = new RawJson(object);
        json.skipSpaces();
        json.take('{');
        for (int i = 0; ; i++) {
            json.skipSpaces();
            json.string();
            json.skipSpaces();
            json.take(':');
            json.skipSpaces();
            json.copies = i == index;
            json.value();
            if (i == index) {
                return json.copy.toString();
            }
            json.skipSpaces();
            json.take(',');
        }
    }

    private void value() throws NotJson {
        switch (peek()) {
            case '{' -> object();
            case '[' -> array();
            case '"' -> string();
            case 't' -> word("true");
            case 'f' -> word("false");
            case 'n' -> word("null");
            default -> number();
        }
    }

    private void object() throws NotJson {
        take('{');
        skipSpaces();
        boolean isFirst = true;
        while (peek() != '}') {
            separate(isFirst);
            isFirst = false;
            string();
            skipSpaces();
            take(':');
            skipSpaces();
            value();
            skipSpaces();
        }
        take('}');
    }

    private void array() throws NotJson {
        take('[');
        skipSpaces();
        boolean isFirst = true;
        while (peek() != ']') {
            separate(isFirst);
            isFirst = false;
            value();
            skipSpaces();
        }
        take(']');
    }

    private void separate(boolean isFirst) throws NotJson {
        if (!isFirst) {
            take(',');
            skipSpaces();
        }
    }

    private void string() throws NotJson {
        take('"');
        boolean isHalf = false; // behind the first half of a surrogate pair
        while (peek() != '"' || isHalf) {
            char c = unit();
            if (isHalf != Character.isLowSurrogate(c)) {
                throw new NotJson("half of a surrogate pair, which UTF-8 cannot carry");
            }
            isHalf = Character.isHighSurrogate(c);
        }
        take('"');
    }

    /** Reads one UTF-16 unit of a string, escaped or not. */
    private char unit() throws NotJson {
        char c = take();
        if (c < ' ') {
            throw new NotJson("a control character in a string");
        }
        if (c != '\\') {
            return c;
        }
        char escaped = take();
        if (escaped != 'u') {
            if ("\"\\/bfnrt".indexOf(escaped) < 0) {
                throw new NotJson("no escape: \\" + escaped);
            }
            return escaped; // none of them stands for a surrogate
        }
        int unit = 0;
        for (int i = 0; i < 4; i++) {
            char digit = take();
            int value = digit > 'f' ? -1 : Character.digit(digit, HEX);
            if (value < 0) {
                throw new NotJson("no hexadecimal digit: " + digit);
            }
            unit = unit * HEX + value;
        }
        return (char) unit;
    }

    private void number() throws NotJson {
        if (peek() == '-') {
            take();
        }
        if (peek() == '0') {
            take();
        } else {
            digits();
        }
        if (isNext('.')) {
            take();
            digits();
        }
        if (isNext('e') || isNext('E')) {
            take();
            if (isNext('+') || isNext('-')) {
                take();
            }
            digits();
        }
    }

    private void digits() throws NotJson {
        do {
            char digit = take();
            if (digit < '0' || digit > '9') {
                throw new NotJson("no digit: " + digit);
            }
        } while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9');
    }

    private void word(String word) throws NotJson {
        for (int i = 0; i < word.length(); i++) {
            take(word.charAt(i));
        }
    }

    private void skipSpaces() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private boolean isNext(char c) {
        return at < text.length() && text.charAt(at) == c;
    }

    private char peek() throws NotJson {
        if (at == text.length()) {
            throw new NotJson("it ends too early");
        }
        return text.charAt(at);
    }

    private char take() throws NotJson {
        char c = peek();
        at++;
        if (copies) {
            copy.append(c);
        }
        return c;
    }

    private void take(char wanted) throws NotJson {
        char c = take();
        if (c != wanted) {
            throw new NotJson(wanted + " is missing");
        }
    }
}

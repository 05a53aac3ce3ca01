package parley.protocol;

import java.util.Optional;

/**
 * What a reaction shows: an emoji or a word of 1 to 32 visible characters, with spaces between. A character is a
 * Unicode code point, as in names: a family of four with its joiners has seven. Two keys are the same when their code
 * points are: an emoji with a variation selector is another one than without. Immutable.
 */
public record ReactionKey(String value) {
    /** The rule as a phrase for error messages. */
    public static final String RULE =
            "1 to 32 printable characters, no line breaks, none that cannot be seen, no space" + " at either end";

    private static final int MAX_CODE_POINTS = 32;

    public ReactionKey {
        if (!VisibleText.isVisible(value, MAX_CODE_POINTS)
                || !VisibleText.trimmed(value).equals(value)) {
            throw new IllegalArgumentException("not the key of a reaction; allowed are " + RULE);
        }
    }

    /** That key; empty where it cannot be one. */
    public static Optional<ReactionKey> parse(String value) {
        try {
            return Optional.of(new ReactionKey(value));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    @Override
    public String toString() {
        return value;
    }
}

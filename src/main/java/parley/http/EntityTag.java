package parley.http;

import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Names one state of what a path has (RFC 9110 section 8.8.3).
 *
 * @param text the tag with its quotes
 */
record EntityTag(String text) {
    /**
     * Whether a client has that state.
     *
     * @param ifNoneMatch the header of that name, tags by commas or {@code *} (RFC 9110 section 13.1.2); null where
     *     there is none
     */
    boolean isKnownBy(@Nullable String ifNoneMatch) {
        return ifNoneMatch != null
                && Stream.of(ifNoneMatch.split(","))
                        .map(String::strip)
                        .anyMatch(one -> one.equals(text) || one.equals("W/" + text) || one.equals("*"));
    }
}

package parley.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RoomPatternTest {
    private static RoomPattern pattern(String text) {
        return Objects.requireNonNull(RoomPattern.parse(text));
    }

    @ParameterizedTest
    @CsvSource({
        "java,     java,      true",
        "java,     javas,     false",
        "*,        java,      true",
        "alerts.*, alerts.eu, true",
        "alerts.*, alerts.,   true",
        "alerts.*, alerts,    false",
        "alerts.*, xalerts.e, false",
        "*.eu,     alerts.eu, true",
        "*.eu,     eu,        false",
        "a*a,      a,         false",
        "a*a,      aa,        true",
        "a*b*c,    a-b-c,     true",
        "a*b*c,    a-c-b,     false",
        "a*bc*c,   abc,       false",
        "a**b,     ab,        true",
        "A,        a,         false",
    })
    void matchesRooms(String pattern, String room, boolean matches) {
        assertThat(pattern(pattern).matches(new RoomName(room))).isEqualTo(matches);
    }

    @Test
    void saysWhatARegularExpressionSays() {
        Random random = new Random(1);
        for (int i = 0; i < 100_000; i++) {
            String text = letters(random, "ab*", 1 + random.nextInt(6));
            String room = letters(random, "ab", 1 + random.nextInt(8));
            assertThat(pattern(text).matches(new RoomName(room)))
                    .as(text + " for " + room)
                    .isEqualTo(room.matches(text.replace("*", ".*")));
        }
    }

    private static String letters(Random random, String of, int count) {
        StringBuilder letters = new StringBuilder();
        for (int i = 0; i < count; i++) {
            letters.append(of.charAt(random.nextInt(of.length())));
        }
        return letters.toString();
    }

    @Test
    void theMostParticularComesFirst() {
        List<String> sorted = Stream.of("*", "a*", "alerts.*", "alerts.eu", "*.eu")
                .map(RoomPatternTest::pattern)
                .sorted()
                .map(String::valueOf)
                .toList();
        assertThat(sorted).containsExactly("alerts.eu", "alerts.*", "*.eu", "a*", "*");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "a b",
                "a/b",
                "[a]",
                "a?",
                "01234567890123456789012345678901234567890123456789012345678901234"
            })
    void whatIsNoneIsRefused(String text) {
        assertThat(RoomPattern.parse(text)).isNull();
    }
}

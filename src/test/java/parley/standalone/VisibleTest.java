package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VisibleTest {
    @ParameterizedTest
    @CsvSource({
        "9, <U+0009>",
        "10, <U+000A>",
        "13, <U+000D>",
        "27, <U+001B>",
        "127, <U+007F>",
        "155, <U+009B>",
        "8206, <U+200E>",
        "8232, <U+2028>",
        "8233, <U+2029>",
        "8238, <U+202E>",
        "8294, <U+2066>",
        "55296, <U+D800>",
        "57343, <U+DFFF>",
        "65279, <U+FEFF>",
        "917505, <U+E0001>"
    })
    void aCharacterThatCannotBeSeenIsShownAsItsCodePoint(int point, String shown) {
        String character = new StringBuilder().appendCodePoint(point).toString();
        assertThat(Visible.text("a" + character + "b")).isEqualTo("a" + shown + "b");
        assertThat(Visible.name("a" + character + "b")).isEqualTo("a" + shown + "b");
    }

    @Test
    void textThatCanBeSeenStaysAsItIs() {
        String text = "naïve 日本語 עברית \ud83d\ude80 a: b <U+000A>";
        assertThat(Visible.text(text)).isEqualTo(text);
    }

    @Test
    void aNameCannotSeemToEndBeforeItsEnd() {
        assertThat(Visible.name("Ann: I agree")).isEqualTo("Ann<U+003A> I agree");
        assertThat(Visible.name("Ann:\u3000I agree")).isEqualTo("Ann<U+003A>\u3000I agree");
        assertThat(Visible.name("irc:ann")).isEqualTo("irc:ann");
    }
}

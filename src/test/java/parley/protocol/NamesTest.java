package parley.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NamesTest {
    @ParameterizedTest
    @ValueSource(strings = {"a", "lobby", "Java.17_x-y", "0", "...", ".a", "-"})
    void roomNamesOfTheAllowedSetAreRooms(String name) {
        assertThat(RoomName.parse(name)).hasToString(name);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", ".", "..", "a b", "a/b", "ä", "a%20b", "a\n", "*", ">", "room\u0000"})
    void otherRoomNamesAreNot(String name) {
        assertThat(RoomName.parse(name)).isNull();
        assertThatThrownBy(() -> new RoomName(name)).hasMessageContaining(RoomName.RULE);
    }

    @Test
    void aRoomNameHasAtMost64Characters() {
        assertThat(RoomName.parse("a".repeat(64))).isNotNull();
        assertThat(RoomName.parse("a".repeat(65))).isNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Ann",
                "Ann Lee",
                "<b>",
                "Zoë",
                "李雷",
                "👩‍🚀",
                "☀️",
                "🏴\uDB40\uDC67\uDB40\uDC62\uDB40\uDC7F",
                "می\u200Cخواهم",
                "e\u0301",
                "\uD83E\uDEE9",
                "\uD83E\uDEDF",
                "\uD83E\uDEF7\uD83C\uDFFD",
                "𖹀"
            })
    void printableNamesAreNames(String name) {
        assertThat(MemberName.parse(name)).hasToString(name);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "   ", "a\nb", "a\rb", "a\u2028b", "a\u0007", "a\u202Eb", "a\u200Fb", "\uD800", "a\u0085"})
    void namesThatCouldRewriteALineAreNot(String name) {
        assertThat(MemberName.parse(name)).isNull();
        assertThatThrownBy(() -> new MemberName(name)).hasMessageContaining(MemberName.RULE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\u200B",
                "A\u200Bnn",
                "\u3164",
                "\u2800",
                "\u2800\u2800",
                "a\u00ADb",
                "\uFEFFAnn",
                "Ann\u2060",
                "\u115F",
                "\uFFA0",
                "\u034F",
                "\u180E",
                "\u200D",
                "Ann\u200D",
                "a \u200Db",
                "\uFE0F",
                "\uDB40\uDC67",
                "\uFFF9",
                "\uD834\uDD73",
                "\uE000",
                "\uFFFF",
                "\uDB80\uDC00",
                "\uD83F\uDFFE",
                "\u2065"
            })
    void whatCannotBeSeenIsNoName(String name) {
        assertThat(MemberName.parse(name)).isNull();
    }

    @Test
    void spacesAroundANameAreTakenOff() {
        assertThat(MemberName.parse("  Ann Lee\u00A0\u3000")).isEqualTo(new MemberName("Ann Lee"));
        assertThat(new MemberName(" Ann ")).hasToString("Ann");
        assertThat(MemberName.parse(" " + "a".repeat(40) + " ")).isNotNull();
        assertThat(MemberName.parse(" \u00A0\u2003\u3000")).isNull();
    }

    @Test
    void aNameHasAtMost40CodePoints() {
        assertThat(MemberName.parse("😀".repeat(40))).isNotNull();
        assertThat(MemberName.parse("😀".repeat(41))).isNull();
    }

    @Test
    void plainTextPutsTheNameBefore() {
        assertThat(PlainText.encode(new Message(1, 0, "ann", Content.text("hi", 2), null), PlainChanges.SHOW))
                .contains("ann: hi");
        assertThat(PlainText.encode(new Message(1, 0, null, Content.text("hi", 2), null), PlainChanges.SHOW))
                .contains("hi");
    }
}

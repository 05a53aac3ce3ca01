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
    @ValueSource(strings = {"Ann", "Ann Lee", "<b>", "Zoë", "李雷", "👩‍🚀"})
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

    @Test
    void aNameHasAtMost40CodePoints() {
        assertThat(MemberName.parse("😀".repeat(40))).isNotNull();
        assertThat(MemberName.parse("😀".repeat(41))).isNull();
    }

    @Test
    void plainTextPutsTheNameBefore() {
        assertThat(PlainText.encode(new Message(1, 0, "ann", Content.text("hi", 2), null)))
                .isEqualTo("ann: hi");
        assertThat(PlainText.encode(new Message(1, 0, null, Content.text("hi", 2), null)))
                .isEqualTo("hi");
    }
}

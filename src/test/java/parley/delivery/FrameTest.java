package parley.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FrameTest {
    /** The lengths where the header grows (RFC 6455 section 5.2). */
    @ParameterizedTest
    @CsvSource({
        "0,     8100",
        "1,     8101",
        "125,   817d",
        "126,   817e007e",
        "65535, 817effff",
        "65536, 817f0000000000010000",
        "70000, 817f0000000000011170"
    })
    void aTextFrameHasItsLengthInTheShortestForm(int length, String header) {
        ByteBuffer wire = new Frame.Text("x".repeat(length)).wire();
        byte[] bytes = new byte[wire.remaining()];
        wire.duplicate().get(bytes);
        assertThat(HexFormat.of().formatHex(bytes, 0, bytes.length - length)).isEqualTo(header);
        assertThat(new String(bytes, bytes.length - length, length)).isEqualTo("x".repeat(length));
    }

    @Test
    void theLengthIsThatOfTheBytes() {
        assertThat(new Frame.Text("é😀").wire())
                .isEqualTo(ByteBuffer.wrap(HexFormat.of().parseHex("8106c3a9f09f9880")));
    }

    @Test
    void aTextIsEncodedOnce() {
        Frame frame = new Frame.Text("once");
        assertThat(frame.wire()).isSameAs(frame.wire());
    }

    @Test
    void aBinaryFrameLeavesItsBytesWhereTheyAre() {
        ByteBuffer bytes = ByteBuffer.wrap(new byte[] {9, 1, 2, 3}, 1, 3);
        Frame frame = new Frame.Binary(bytes);
        assertThat(frame.wire()).isEqualTo(ByteBuffer.wrap(new byte[] {(byte) 0x82, 3, 1, 2, 3}));
        assertThat(bytes.remaining()).isEqualTo(3);
    }

    @Test
    void eventsAreAChunkWithTheirTextInIt() {
        Frame.Events frame = new Frame.Events(List.of(
                new StreamEvent(null, "welcome", 1500, "{}"),
                StreamEvent.message("e:1", "{\"text\":\"é\"}"),
                StreamEvent.of("presence", "[]").withId("e:2")));
        String text = "retry: 1500\nevent: welcome\ndata: {}\n\ndata: {\"text\":\"é\"}\nid: e:1\n\n"
                + "event: presence\ndata: []\nid: e:2\n\n";
        int bytes = text.getBytes(StandardCharsets.UTF_8).length;
        assertThat(frame).hasToString(text);
        assertThat(StandardCharsets.UTF_8.decode(frame.wire().duplicate()).toString())
                .isEqualTo(Integer.toHexString(bytes) + "\r\n" + text + "\r\n");
        assertThat(StandardCharsets.UTF_8.decode(frame.body()).toString()).isEqualTo(text);
        assertThat(frame.wire()).as("made once").isSameAs(frame.wire());
        assertThat(frame.length()).isGreaterThanOrEqualTo(bytes / 2);
    }

    @Test
    void severalMessagesAreTheirFramesOneBehindTheOther() {
        Frame several = Frame.of(List.of(new Frame.Text("a"), new Frame.Text(""), new Frame.Text("bc")));
        assertThat(several.wire()).isEqualTo(ByteBuffer.wrap(HexFormat.of().parseHex("8101618100" + "81026263")));
        assertThat(several.wire()).isSameAs(several.wire());
        assertThat(several.length()).isEqualTo(3);
    }

    @Test
    void oneMessageIsNotSeveral() {
        Frame one = new Frame.Text("a");
        assertThat(Frame.of(List.of(one))).isSameAs(one);
    }
}

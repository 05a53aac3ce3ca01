package parley.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class MarksTest {
    private static final String MARK = "T=0000123456789012345.00042";

    @Test
    void aMarkIsFoundWhereverItStands() {
        assertThat(scan(MARK)).containsExactly("123456789012345.42");
        assertThat(scan("x".repeat(5) + MARK + "y".repeat(100))).hasSize(1);
        assertThat(scan("{\"at\":\"2026-11-21T09:30:00.123Z\",\"text\":\"" + MARK + "xxxx\"}"))
                .hasSize(1);
    }

    @Test
    void eachMarkInAFrameIsOne() {
        assertThat(scan(MARK + MARK + "xx" + MARK)).hasSize(3);
    }

    @Test
    void whatIsCutOrOnlyLooksLikeAMarkIsNone() {
        assertThat(scan(MARK.substring(0, MARK.length() - 1))).isEmpty();
        assertThat(scan(MARK.substring(1))).isEmpty();
        assertThat(scan("T=00001234567890123x5.00042")).isEmpty();
        assertThat(scan("T=0000123456789:12345.00042")).isEmpty();
        assertThat(scan("T=0000123456789012345.000:2")).isEmpty();
        assertThat(scan("T=T=" + MARK)).hasSize(1);
        assertThat(scan("T=00" + MARK)).hasSize(1);
    }

    /** The search leaps over bytes that are in no mark; it must find what a search of every place finds. */
    @Test
    void leapingFindsWhatARegularExpressionFinds() {
        Pattern pattern = Pattern.compile("T=(\\d{19})\\.(\\d{5})");
        String pieces = "T=.0123456789x";
        Random random = new Random(1);
        for (int run = 0; run < 2000; run++) {
            StringBuilder text = new StringBuilder();
            while (text.length() < 200) {
                switch (random.nextInt(3)) {
                    case 0 -> text.append(pieces.charAt(random.nextInt(pieces.length())));
                    case 1 -> text.append(MARK);
                    default -> text.append(MARK, 0, random.nextInt(MARK.length()));
                }
            }
            List<String> expected = new ArrayList<>();
            for (Matcher matcher = pattern.matcher(text); matcher.find(); ) {
                expected.add(Long.parseLong(matcher.group(1)) + "." + Integer.parseInt(matcher.group(2)));
            }
            assertThat(scan(text.toString())).as("%s", text).isEqualTo(expected);
        }
    }

    @Test
    void whatIsSentIsAFrameWhoseMarkCanBeReadWhenTheMaskIsTakenOff() {
        for (int size : new int[] {27, 64, 125, 126, 4096, 70_000}) {
            for (Dialect dialect : Dialect.values()) {
                Outgoing message = new Outgoing(dialect, "r0001", size);
                message.frame(1, 1);
                ByteBuffer frame = message.frame(987_654_321_987L, 14_999);
                assertThat(scan(unmasked(frame))).containsExactly("987654321987.14999");
            }
        }
    }

    @Test
    void aMessageOfParleysSubprotocolIsACommand() {
        String text = unmasked(new Outgoing(Dialect.JSON, "r0001", 64).frame(5, 6));
        assertThat(text)
                .isEqualTo("{\"type\":\"say\",\"room\":\"r0001\",\"text\":\"T=0000000000000000005.00006"
                        + "x".repeat(37) + "\"}");
    }

    private static String unmasked(ByteBuffer frame) {
        int length = frame.get(1) & 0x7F;
        int key = length == 127 ? 10 : length == 126 ? 4 : 2;
        byte[] payload = new byte[frame.limit() - key - 4];
        for (int i = 0; i < payload.length; i++) {
            payload[i] = (byte) (frame.get(key + 4 + i) ^ frame.get(key + i % 4));
        }
        return new String(payload, StandardCharsets.US_ASCII);
    }

    private static List<String> scan(String text) {
        byte[] bytes = ("#" + text + "#").getBytes(StandardCharsets.US_ASCII);
        List<String> marks = new ArrayList<>();
        Marks.scan(
                ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN),
                1,
                bytes.length - 1,
                (nanos, sender) -> marks.add(nanos + "." + sender));
        return marks;
    }
}

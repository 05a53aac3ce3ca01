package parley.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonCodecTest {
    private static JsonCodec.Decoded decode(String line) {
        return JsonCodec.decode(line.replace('\'', '"'));
    }

    private static String pong(String line) {
        return JsonCodec.encode(new Event.Pong(decode(line).ref()));
    }

    private static ErrorCode code(String line) {
        return decode(line) instanceof Event.Error error ? error.code() : null;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0",
                "-7",
                "1.0",
                "1.5",
                "0.00",
                "1234567890123456789",
                "123456789012345678901234567890",
                "\"a\"",
                "\"\"",
                "\"q\\\"\\\\\\n\\u0000\"",
                "\"é😀\""
            })
    void aRefComesBackAsItWas(String ref) {
        assertThat(pong("{'type':'ping','ref':" + ref + "}")).isEqualTo("{\"type\":\"pong\",\"ref\":" + ref + "}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"true", "[1]", "{}", "'\\ud800'"})
    void whatIsNoRefIsAnErrorWithoutOne(String ref) {
        assertThat(code("{'type':'ping','ref':" + ref + "}")).isEqualTo(ErrorCode.MISSING_FIELD);
        assertThat(decode("{'type':'ping','ref':" + ref + "}").ref()).isNull();
    }

    @Test
    void whatIsTooDeepIsAnErrorThatCarriesItsRefAndItsRoom() {
        String line = "{'type':'say','ref':7,'room':'lobby','data':" + "[".repeat(32) + "]".repeat(32) + ",'id':'x'}";
        assertThat(code(line)).isEqualTo(ErrorCode.TOO_LARGE);
        assertThat(decode(line).ref()).isNotNull();
        assertThat(decode(line).room()).isEqualTo(RoomName.LOBBY);
        assertThat(code(line.replaceFirst("\\[", "").replaceFirst("]", ""))).isNull();
        assertThat(code("{'type':'ping','x':'" + "[".repeat(100) + "'}"))
                .as("in a string")
                .isNull();
    }

    @Test
    void aKeyThatStandsTwiceInAnyObjectIsAnError() {
        for (String line : List.of(
                "{'type':'ping','type':'ping'}",
                "{'type':'join','room':'x','after':{'epoch':'e','seq':1,'seq':2}}",
                "{'type':'say','room':'x','data':[{'a':1,'a':1}]}")) {
            assertThat(code(line)).as(line).isEqualTo(ErrorCode.BAD_JSON);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"1e2", "1E+2", "-0", "1e99"})
    void aRefThatIsANumberIsAnsweredWithThatNumber(String ref) {
        String answer = pong("{'type':'ping','ref':" + ref + "}");
        String number = answer.replaceAll(".*\"ref\":|}", "");
        assertThat(new BigDecimal(number)).isEqualByComparingTo(new BigDecimal(ref));
    }

    private static String data(String data) {
        String json = data.replace('\'', '"');
        assertThat(decode("{'type':'say','data':" + json + ",'room':'x'}"))
                .isInstanceOfSatisfying(
                        Command.Say.class,
                        say -> assertThat(say.content().bytes())
                                .isEqualTo(say.content().text().getBytes(StandardCharsets.UTF_8).length));
        return ((Command.Say) decode("{'type':'say','data':" + json + ",'room':'x'}"))
                .content()
                .text();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "-0",
                "1e5",
                "1.00",
                "1E20",
                "-1.5E-7",
                "{'a':[1.50,-0.0,'é','\\u00e9\\n',null]}",
                "'\\ud83d\\ude00 😀 \\/ \\\\ \\b'",
                "true",
                "null",
                "[]",
                "{}",
                "{'':{'':[]}}",
                "123456789012345678901234567890.123456789"
            })
    void dataComesBackAsItWasSent(String data) {
        assertThat(data(data)).isEqualTo(data.replace('\'', '"'));
    }

    @Test
    void dataLosesItsSpacesAndNoMore() {
        assertThat(data(" {\t'a b' : [ 1.50 ,\r -0 , 'c  d' ] , 'e':{ } } "))
                .isEqualTo("{\"a b\":[1.50,-0,\"c  d\"],\"e\":{}}");
        assertThat(decode("{'d\\u0061ta':[ 1 ],'type':'signal','room':'x'}"))
                .isEqualTo(new Command.Signal(null, new RoomName("x"), new Content(Content.Kind.DATA, "[1]", 3)));
    }

    @Test
    void numbersHaveTheBytesThatWereSent() {
        String many = "[" + "1E20,".repeat(11_999) + "1E20]";
        assertThat(data(many)).hasSize(many.length());
    }

    @Test
    void whatIsNoJsonForAllIsNoData() {
        for (String data : List.of(
                "01", "1.", ".5", "+1", "'\\x'", "'\t'", "[1,]", "'\\ud800'", "'\\ude00\\ud83d'", "{'\\udc00':1}")) {
            assertThat(code("{'type':'say','room':'x','data':" + data + "}"))
                    .as(data)
                    .isEqualTo(ErrorCode.BAD_JSON);
        }
    }

    @Test
    void nullIsAsGoodAsAbsent() {
        assertThat(decode("{'type':'ping','ref':null}")).isEqualTo(new Command.Ping(null));
        assertThat(decode("{'type':'say','room':'x','text':'a','data':null,'id':null,'ref':null}"))
                .isEqualTo(new Command.Say(null, new RoomName("x"), Content.text("a", 1), null, Standing.NONE));
        assertThat(decode("{'type':'say','room':'x','text':null,'data':[1]}"))
                .isEqualTo(new Command.Say(
                        null, new RoomName("x"), new Content(Content.Kind.DATA, "[1]", 3), null, Standing.NONE));
        assertThat(decode("{'type':'say','room':'x','text':null,'data':null}"))
                .as("null is JSON too")
                .isEqualTo(new Command.Say(
                        null, new RoomName("x"), new Content(Content.Kind.DATA, "null", 4), null, Standing.NONE));
        assertThat(decode("{'type':'join','room':'x','after':null,'history':null}"))
                .isEqualTo(new Command.Join(null, new RoomName("x"), null, null, false));
        assertThat(decode("{'type':'history','room':'x','before':null,'after':null,'limit':null}"))
                .isEqualTo(new Command.History(null, new RoomName("x"), null, null, 50, false));
        assertThat(((Event.Error) decode("{'type':'say','room':null,'text':'a'}")).reason())
                .contains("room is missing");
        assertThat(code("{'type':'say','room':'x','text':null}")).isEqualTo(ErrorCode.MISSING_FIELD);
    }

    @Test
    void aValueOfAKeyIsSaidAtOnce() {
        Event.Error error = (Event.Error) decode("{'type':'say','room':'x','key':'k','text':'a','final':false}");
        assertThat(error.code()).isEqualTo(ErrorCode.MISSING_FIELD);
        assertThat(error.reason()).startsWith("final is false, and a value of a key is said at once");
        error = (Event.Error) decode("{'type':'remove','room':'x','key':'k','seq':3}");
        assertThat(error.reason()).startsWith("key removes a value and seq a message");
        error = (Event.Error) decode("{'type':'say','room':'x','key':'k','text':'a','ttl':4000000000000}");
        assertThat(error.reason()).startsWith("ttl is 4000000000000, and at most 3153600000000 milliseconds");
        assertThat(decode("{'type':'say','room':'x','key':'k','text':'a','final':true}"))
                .isInstanceOf(Command.Put.class);
    }

    @Test
    void weirdInputTakesNoTimeAndThrowsNothing() {
        for (String line : List.of(
                "{'type':'ping','x':" + "1".repeat(250_000) + "}",
                "{'type':'ping','x':1." + "1".repeat(250_000) + "}",
                "{'type':'ping','x':1e" + "1".repeat(250_000) + "}",
                "{'type':'join','room':'x','history':1e999999999}",
                "\uFEFF{'type':'ping'}",
                "{'type':'ping'}\u0000",
                "{'\\ud800':1,'type':'\\ud800'}",
                "{'type':'say','room':'lobby','data':{'\\udc00':1}}",
                "[".repeat(250_000),
                "{'a':".repeat(50_000),
                "{'ref':1,'a':" + "[".repeat(50_000),
                "\\'" + "[".repeat(1000),
                "'" + "x".repeat(250_000),
                "{" + "'k':1,".repeat(30_000) + "'type':'ping'}",
                "{'type':'ping','x':tru",
                "{'type'}",
                "{,}",
                "{'type':'ping'}]")) {
            assertThat(code(line))
                    .as(line.substring(0, Math.min(60, line.length())))
                    .isNotNull();
        }
    }
}

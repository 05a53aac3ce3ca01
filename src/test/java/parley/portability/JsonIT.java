package parley.portability;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.junit.jupiter.params.provider.ValueSource;
import parley.testclient.JsonClient;

/** JSON is read and written alike, although servers bring parsers of their own. */
class JsonIT extends Portability {
    @ParameterizedTest
    @CsvFileSource(resources = "/commands.csv", delimiter = '|', quoteCharacter = '`')
    void oneAnswerToEachCommandRightOrWrong(String command, String answer) throws Exception {
        try (JsonClient client = openJson("/chat")) {
            client.next(2); // welcome and joined
            client.send(JsonClient.quoted(command.equals("''") ? "" : command.replace("\\r", "\r")));
            JsonObject got = client.next();
            assertThat(Json.createObjectBuilder(got).remove("reason").build())
                    .isEqualTo(JsonClient.parse(JsonClient.quoted(answer)));
            assertThat(client.soFar()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'type':'say','room':'lobby','data':{'a':1,'a':2}}",
                "{'type':'say','room':'lobby','data':[NaN]}",
                "{'type':'say','room':'lobby','data':[+1]}",
                "{'type':'say','room':'lobby','data':[.5]}",
                "{'type':'say','room':'lobby','data':[1.]}",
                "{'type':'say','room':'lobby','data':[1,]}",
                "{'type':'say','room':'lobby','data':[1 2]}",
                "{'type':'say','room':'lobby','data':'tab\there'}",
                "{'type':'say','room':'lobby','data':'\\x'}",
                "{'type':'say','room':'lobby','data':1}//",
                "{'type':'say','room':'lobby',/**/'data':1}",
                "{'type':'say' 'room':'lobby','data':1}",
                "{type:'say','room':'lobby','data':1}",
            })
    void whatIsNotQuiteJsonIsNotTaken(String command) throws Exception {
        try (JsonClient client = openJson("/chat")) {
            client.next("joined");
            assertThat(client.send(JsonClient.quoted(command)).next("error").getString("code"))
                    .isEqualTo("bad-json");
        }
    }

    @Test
    void whatIsTooDeepIsNotTaken() throws Exception {
        try (JsonClient client = openJson("/chat")) {
            String deep = "[".repeat(10_000) + "]".repeat(10_000);
            client.send("{\"type\":\"say\",\"room\":\"lobby\",\"data\":" + deep + "}");
            assertThat(client.next("error").getString("code")).isEqualTo("bad-json");
        }
    }

    @Test
    void dataComesBackAsItWas() throws Exception {
        String data = "{'n':[0,-0,-7,1.50,2E3,12345678901234567890,0.000000001],'s':'é😀\\u0000\\n\\\\/\\u2028','o':{},"
                + "'a':[],'b':[true,false,null],'':{'nested':[[[]]]}}";
        try (JsonClient client = openJson("/chat/data")) {
            client.ask("{'type':'say','room':'data','data':" + data + "}");
            JsonObject got = client.next("message").getJsonObject("data");
            assertThat(got).isEqualTo(JsonClient.parse(JsonClient.quoted(data)));
            assertThat(got.keySet()).containsExactly("n", "s", "o", "a", "b", "");
        }
    }
}

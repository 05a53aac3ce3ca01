package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static parley.testclient.JsonClient.quoted;

import jakarta.json.JsonArray;
import jakarta.json.JsonNumber;
import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import parley.testclient.JsonClient;

/** {@code /openapi.json} says what the server does: its routes, and the answers that it gives. */
class OpenApiTest extends HttpBase {
    private JsonObject description;

    @BeforeEach
    void read() throws Exception {
        startWithKey();
        Got got = askAs(null, "GET", "/openapi.json", null);
        assertThat(got.status()).isEqualTo(200);
        assertThat(got.header("Content-Type")).isEqualTo("application/json");
        description = got.json();
    }

    @Test
    void itIsOfTheVersionOfTheServer() {
        assertThat(description.getString("openapi")).isEqualTo("3.1.0");
        assertThat(description.getJsonObject("info").getString("version")).matches("\\d+\\.\\d+.*");
    }

    @Test
    void itHasEachRouteWithItsMethodsAndParameters() {
        Set<String> described = new TreeSet<>();
        description.getJsonObject("paths").forEach((path, item) -> {
            Set<String> inPath = new TreeSet<>();
            item.asJsonObject().forEach((key, value) -> {
                if (key.equals("parameters")) {
                    value.asJsonArray()
                            .forEach(one -> inPath.add("{" + found(one).getString("name") + "}"));
                } else {
                    described.add(key.toUpperCase(Locale.ROOT) + " " + path);
                }
            });
            Set<String> named = java.util.regex.Pattern.compile("\\{\\w+}")
                    .matcher(path)
                    .results()
                    .map(found -> found.group())
                    .collect(Collectors.toSet());
            assertThat(inPath).as(path).isEqualTo(named);
        });
        Set<String> routes = server.parley().routes().routes().entrySet().stream()
                .flatMap(route -> route.getValue().stream().map(method -> method + " " + route.getKey()))
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(described).isEqualTo(routes);
    }

    /** Where a reference leads to, over as many as there are. */
    private JsonObject found(JsonValue value) {
        JsonObject object = value.asJsonObject();
        while (object.containsKey("$ref")) {
            String pointer = object.getString("$ref");
            assertThat(pointer).startsWith("#/");
            object = description.getValue(pointer.substring(1)).asJsonObject();
        }
        return object;
    }

    @Test
    void allReferencesLeadSomewhereAndNothingIsLeftUnused() {
        List<String> references = new ArrayList<>();
        collect(description, references);
        references.forEach(reference ->
                assertThat(description.getValue(reference.substring(1))).isNotNull());
        JsonObject components = description.getJsonObject("components");
        for (String kind : List.of("parameters", "responses", "schemas")) {
            for (String name : components.getJsonObject(kind).keySet()) {
                assertThat(references).contains("#/components/" + kind + "/" + name);
            }
        }
    }

    private static void collect(JsonValue value, List<String> references) {
        if (value instanceof JsonObject object) {
            object.forEach((key, one) -> {
                if (key.equals("$ref")) {
                    references.add(((JsonString) one).getString());
                } else {
                    collect(one, references);
                }
            });
        } else if (value instanceof JsonArray array) {
            array.forEach(one -> collect(one, references));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            value = {
                "key | POST | /rooms/{room}/messages | java | {'text':'hi','id':'a','from':'Ann'} | 201",
                "key | POST | /rooms/{room}/messages | java | {'data':{'a':1}} | 201",
                "key | POST | /rooms/{room}/messages | java | {'text':1} | 422",
                "key | POST | /rooms/{room}/messages | java | { | 400",
                "key | POST | /rooms/{room}/messages | a!b | {'text':'x'} | 404",
                "no  | POST | /rooms/{room}/messages | java | {'text':'x'} | 401",
                "key | POST | /messages | - | {'rooms':['java','tea'],'text':'x'} | 200",
                "key | POST | /messages | - | {'text':'x'} | 422",
                "key | POST | /rooms/{room}/signals | java | {'data':1,'from':'Ann'} | 204",
                "key | POST | /rooms/{room}/signals | java | {'from':'Ann'} | 422",
                "key | POST | /rooms/{room}/signals | a!b | {'data':1} | 404",
                "no  | DELETE | /events/{key} | abcdefghijklmnopqrst | - | 404",
                "key | GET | /rooms/{room}/messages | java | - | 200",
                "key | GET | /rooms/{room}/messages?after=x | java | - | 400",
                "key | GET | /rooms/{room}/members | java | - | 200",
                "key | GET | /rooms/{room}/mark | java | - | 403",
                "key | PUT | /rooms/{room}/mark | java | {'seq':1} | 403",
                "key | PUT | /rooms/{room}/mark | a!b | {'seq':1} | 404",
                "key | GET | /rooms | - | - | 200",
                "no  | GET | /rooms | - | - | 401",
                "key | GET | /rooms?limit=0 | - | - | 400",
                "key | DELETE | /rooms/{room}/messages | java | - | 204",
                "key | DELETE | /sessions/{id} | none | - | 404",
                "key | DELETE | /members/{name} | Ann | - | 200",
                "key | DELETE | /members/{name}?reason= | Ann | - | 400",
                "key | DELETE | /users/{user} | ann | - | 404",
                "key | DELETE | /users/{user}?reason= | ann | - | 400",
                "no  | POST | /tickets | - | - | 201",
                "key | POST | /tickets | - | - | 403",
                "no  | GET | /openapi.json | - | - | 200",
                "no  | GET | /rooms/{room}/events?after=x | java | - | 400",
                "no  | GET | /events | - | - | 400",
                "no  | GET | /watch | - | - | 400",
            })
    void whatIsAnsweredIsDescribed(
            String credentials, String method, String target, String value, String body, int status) throws Exception {
        post("java", "{'text':'before','from':'Bob','id':'z'}");
        String route = target.replaceAll("\\?.*", "");
        String path = value == null ? target : target.replaceAll("\\{\\w+}", value);
        try (JsonClient ann = new JsonClient(ws("/chat/java?name=Ann"))) {
            ann.next("joined");
            Got got = askAs(
                    credentials.equals("key") ? "Bearer " + KEY : null,
                    method,
                    path,
                    body == null ? null : quoted(body),
                    "Content-Type",
                    "application/json");
            assertThat(got.status()).as(got.body()).isEqualTo(status);
            JsonObject operation = description
                    .getJsonObject("paths")
                    .getJsonObject(route)
                    .getJsonObject(method.toLowerCase(Locale.ROOT));
            JsonObject answer = found(operation.getJsonObject("responses").getJsonObject(String.valueOf(status)));
            if (answer.containsKey("content")) {
                JsonObject media = answer.getJsonObject("content").getJsonObject(got.header("Content-Type"));
                assertThat(media).as(got.header("Content-Type")).isNotNull();
                check(got.json(), media.get("schema"), route);
            } else {
                assertThat(got.body()).isEmpty();
            }
        }
    }

    /** Whether a value is as a schema says: as far as the schemas here say something. */
    private void check(JsonValue value, JsonValue schema, String where) {
        JsonObject its = found(schema);
        if (its.containsKey("anyOf")) {
            int kind = value.asJsonObject().containsKey("status") ? 1 : 0;
            check(value, its.getJsonArray("anyOf").get(kind), where);
            return;
        }
        if (its.containsKey("const")) {
            assertThat(value).as(where).isEqualTo(its.get("const"));
        }
        switch (its.getString("type", "any")) {
            case "object" -> {
                JsonObject properties = its.getJsonObject("properties");
                if (properties != null) {
                    value.asJsonObject().forEach((key, one) -> {
                        assertThat(properties).as(where).containsKey(key);
                        check(one, properties.get(key), where + "." + key);
                    });
                }
                for (JsonValue key :
                        its.getOrDefault("required", JsonValue.EMPTY_JSON_ARRAY).asJsonArray()) {
                    assertThat(value.asJsonObject()).as(where).containsKey(((JsonString) key).getString());
                }
            }
            case "array" -> value.asJsonArray().forEach(one -> check(one, its.get("items"), where + "[]"));
            case "string" -> assertThat(value).as(where).isInstanceOf(JsonString.class);
            case "integer" ->
                assertThat(((JsonNumber) value).isIntegral()).as(where).isTrue();
            case "boolean" -> assertThat(value).as(where).isIn(JsonValue.TRUE, JsonValue.FALSE);
            default -> {}
        }
    }
}

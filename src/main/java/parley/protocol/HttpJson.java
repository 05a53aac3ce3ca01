package parley.protocol;

import jakarta.json.spi.JsonProvider;
import jakarta.json.stream.JsonGenerator;
import jakarta.json.stream.JsonGeneratorFactory;
import java.io.StringWriter;
import java.util.Map;
import java.util.function.Consumer;

/** The bodies of requests and answers of HTTP, in JSON (RFC 8259). Any thread. */
public final class HttpJson {
    private static final JsonProvider JSON = JsonProvider.provider();
    private static final JsonGeneratorFactory GENERATORS = JSON.createGeneratorFactory(Map.of());

    private HttpJson() {}

    /** Writes why a request was not carried out (RFC 9457 section 3.1). */
    public static String problem(int status, String code, String detail) {
        return object(json -> json.write("status", status).write("code", code).write("detail", detail));
    }

    private static String object(Consumer<JsonGenerator> fields) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = GENERATORS.createGenerator(text)) {
            json.writeStartObject();
            fields.accept(json);
            json.writeEnd();
        }
        return text.append('\n').toString();
    }
}

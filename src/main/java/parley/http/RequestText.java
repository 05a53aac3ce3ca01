package parley.http;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import parley.door.Request;
import parley.protocol.ErrorCode;
import parley.protocol.HttpJson;

/** Bodies of requests as text. Any thread. */
final class RequestText {
    static final String JSON = "application/json";

    private RequestText() {}

    /** Reads a body of text, and answers where it is none. */
    static void read(Exchange exchange, int bodyBytes, Consumer<String> then) {
        exchange.body(bodyBytes, body -> {
            if (body instanceof Body.Whole whole) {
                String text;
                try {
                    text = StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(ByteBuffer.wrap(whole.bytes()))
                            .toString();
                } catch (CharacterCodingException e) {
                    exchange.answer(Problem.of(400, ErrorCode.BAD_JSON.word(), "the body is not UTF-8"));
                    return;
                }
                then.accept(text);
            } else if (body instanceof Body.TooLong) {
                exchange.answer(Problem.of(
                        413,
                        ErrorCode.TOO_LARGE.word(),
                        "a body has at most " + bodyBytes + " bytes (limits.command-bytes)"));
            } else {
                exchange.answer(Problem.of(400, ErrorCode.BAD_JSON.word(), "the body ended too early"));
            }
        });
    }

    /** The media type without parameters; empty when its text would not be UTF-8. */
    static String contentType(Request request) {
        String header = request.headers().value("Content-Type");
        String[] parts = header == null
                ? new String[] {""}
                : header.toLowerCase(Locale.ROOT).split(";", -1);
        for (int i = 1; i < parts.length; i++) {
            String parameter = parts[i].strip().replace("\"", "");
            if (parameter.startsWith("charset=") && !parameter.equals("charset=utf-8")) {
                return "";
            }
        }
        return parts[0].strip();
    }

    static Answer unsupported(String allowed) {
        String detail = "the Content-Type of a body is one of " + allowed + ", in UTF-8";
        return Problem.of(415, HttpJson.problem(415, "unsupported-media-type", detail), Map.of());
    }
}

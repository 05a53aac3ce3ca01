package parley.web;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import parley.door.Request;

/** The headers of a request of a server's, which can be asked for the rest of it too. For the thread that serves it. */
record ServletHeaders(HttpServletRequest request) implements Request.Headers {
    @Override
    public @Nullable String value(String name) {
        List<String> values = Collections.list(request.getHeaders(name));
        return values.isEmpty() ? null : String.join(",", values);
    }
}

package parley.web;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import java.util.Collections;
import java.util.Enumeration;
import java.util.Map;
import java.util.TreeMap;

/**
 * A handshake in which some headers have the one line that the container understands. For the thread that serves the
 * request.
 */
final class SingleLines extends HttpServletRequestWrapper {
    private final Map<String, String> single = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);

    SingleLines(HttpServletRequest handshake, Map<String, String> single) {
        super(handshake);
        this.single.putAll(single);
    }

    @Override
    public String getHeader(String name) {
        String line = single.get(name);
        return line == null ? super.getHeader(name) : line;
    }

    @Override
    public Enumeration<String> getHeaders(String name) {
        String line = single.get(name);
        return line == null ? super.getHeaders(name) : Collections.enumeration(Collections.singleton(line));
    }
}

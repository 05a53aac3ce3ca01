package parley.http;

import java.util.Map;
import java.util.function.Consumer;
import parley.delivery.Transport;
import parley.door.Request;

/**
 * A request of HTTP (RFC 9110) that is no handshake, and its answer, on whatever server: Grizzly or a servlet. Exactly
 * one of {@link #answer} and {@link #stream} is called, once; {@link #answer} now or later, by any thread; {@link
 * #stream} while the handler runs. Nothing blocks.
 */
public interface Exchange {
    /** The method, in capitals. */
    String method();

    /** What the door asks of it: the path below the application's own, the query, the headers, where it comes from. */
    Request request();

    /**
     * Reads the body.
     *
     * @param limit how many bytes it may have; what is longer is not read to its end
     * @param onBody called once: now, or later by a thread of the server's, which must not be kept
     */
    void body(int limit, Consumer<Body> onBody);

    /**
     * Has something called when the client goes before it was answered, as far as the server tells: at most once, by
     * any thread, perhaps before this returns. No answer is needed then.
     */
    void whenGone(Runnable onGone);

    /** Answers with a whole body. */
    void answer(Answer answer);

    /**
     * Answers 200 with a body that goes on until it is closed: each frame that is sent is a part of it, and a ping is
     * what the format has for one.
     *
     * @param headers of the answer
     * @param onGone called once when the client has gone, or the server has given the answer up; not after
     *     {@link Transport#close}. By any thread
     * @return what sends; {@link Transport#close} ends the body
     */
    Transport stream(Map<String, String> headers, Consumer<Throwable> onGone);
}

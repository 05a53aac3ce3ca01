package parley.servers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

/** Asks a server that may not be there yet. */
final class Http {
    /**
     * Without the upgrade to HTTP/2 that no browser asks for either: Open Liberty hangs at it, for the page of a
     * folder.
     */
    private static final HttpClient CLIENT =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private Http() {}

    /** Returns the status of the answer, or 0 when there is none. */
    static int status(URI address) {
        HttpResponse<String> response = response(address);
        return response == null ? 0 : response.statusCode();
    }

    /** Returns the page at that address, empty when there is none. */
    static String get(URI address) {
        HttpResponse<String> response = response(address);
        return response == null || response.statusCode() != 200 ? "" : response.body();
    }

    private static HttpResponse<String> response(URI address) {
        HttpRequest request =
                HttpRequest.newBuilder(address).timeout(Duration.ofSeconds(10)).build();
        try {
            return CLIENT.send(request, HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            return null;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UncheckedIOException(new IOException("interrupted while asking " + address));
        }
    }
}

package parley.standalone;

import org.glassfish.grizzly.http.util.HttpStatus;

/** Statuses with their reason phrases. Grizzly writes {@code CUSTOM} for those that it does not know. */
final class Statuses {
    private static final HttpStatus UNPROCESSABLE_CONTENT = HttpStatus.newHttpStatus(422, "Unprocessable Content");
    private static final HttpStatus UPGRADE_REQUIRED = HttpStatus.newHttpStatus(426, "Upgrade Required");
    private static final HttpStatus TOO_MANY_REQUESTS = HttpStatus.newHttpStatus(429, "Too Many Requests");

    private Statuses() {}

    static HttpStatus of(int status) {
        return switch (status) {
            case 422 -> UNPROCESSABLE_CONTENT;
            case 426 -> UPGRADE_REQUIRED;
            case 429 -> TOO_MANY_REQUESTS;
            default -> HttpStatus.getHttpStatus(status);
        };
    }
}

package parley.client;

import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * What a client is called. Until the server has taken a name it is in no address: there it would be refused each time,
 * for ever. Used on the client's strand.
 */
final class OwnName {
    private final ClientConnection connection;

    /** The one that shows. */
    private @Nullable String shown;
    /** The one that was asked for last. */
    private @Nullable String wanted;
    /** One that the server has taken, or that was asked for first. */
    private @Nullable String safe;
    /** The server's word. */
    private @Nullable String given;

    OwnName(ClientConnection connection, @Nullable String first) {
        this.connection = connection;
        this.shown = first;
        this.wanted = first;
        this.safe = first;
    }

    /** For the address. */
    @Nullable
    String safe() {
        return safe;
    }

    /** The server has said welcome, and how it calls the client. Asks for another name where one is wanted. */
    void welcome(@Nullable String called) {
        given = called;
        if (Objects.equals(wanted, safe)) {
            show(called); // which a token may have given
        } else {
            take(Objects.requireNonNull(wanted), new CompletableFuture<>()); // the name shows the outcome
        }
    }

    /** Takes another name, now or with the next connection. */
    void rename(String to, boolean isOpen, CompletableFuture<Void> renamed) {
        wanted = to;
        show(to);
        if (isOpen) {
            take(to, renamed);
        } else {
            connection.complete(renamed, null);
        }
    }

    private void take(String to, CompletableFuture<Void> renamed) {
        connection.give(
                Wire.command("rename").add("name", to).build(),
                ack -> {
                    safe = to;
                    given = to;
                    connection.complete(renamed, null);
                },
                (failure, wasSent) -> {
                    if (failure.isLost()) {
                        connection.complete(renamed, null); // asked for again with the next connection
                        return;
                    }
                    if (to.equals(wanted)) {
                        wanted = safe;
                        show(given);
                    }
                    connection.fail(renamed, failure);
                });
    }

    private void show(@Nullable String now) {
        if (!Objects.equals(shown, now)) {
            shown = now;
            connection.named(now);
        }
    }
}

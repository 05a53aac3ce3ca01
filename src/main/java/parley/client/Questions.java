package parley.client;

import jakarta.json.JsonObject;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Commands of a room that are sent once, and fail when the connection is lost before their answer: signals, and
 * questions for pages of messages. Any thread.
 */
final class Questions {
    private final ClientConnection connection;
    private final String room;
    private final Supplier<@Nullable ParleyException> whyNot;

    /** {@code whyNot} says on the client's strand why nothing can be asked any more; null while it can. */
    Questions(ClientConnection connection, String room, Supplier<@Nullable ParleyException> whyNot) {
        this.connection = connection;
        this.room = room;
        this.whyNot = whyNot;
    }

    CompletableFuture<Void> signal(JsonObject command) {
        CompletableFuture<Void> taken = new CompletableFuture<>();
        ask(taken, failed -> connection.give(command, ack -> connection.complete(taken, null), failed));
        return taken;
    }

    /**
     * Asks for a page of messages.
     *
     * @param epoch the history that the room is in; called on the client's strand, as {@code isOwn} is
     * @param isOwn whether this client said the message with an id
     */
    CompletableFuture<HistoryPage> page(JsonObject command, Supplier<String> epoch, Predicate<@Nullable String> isOwn) {
        CompletableFuture<HistoryPage> page = new CompletableFuture<>();
        Consumer<JsonObject> done = answer -> connection.complete(page, page(answer, epoch.get(), isOwn));
        ask(page, failed -> connection.page(command, done, failed));
        return page;
    }

    private HistoryPage page(JsonObject answer, String epoch, Predicate<@Nullable String> isOwn) {
        String of = answer.getString("epoch", epoch);
        List<RoomMessage> messages = answer.getJsonArray("messages").getValuesAs(JsonObject.class).stream()
                .map(message -> Wire.message(message, room, of, isOwn.test(Wire.text(message, "id"))))
                .toList();
        return new HistoryPage(messages, answer.getBoolean("more", false));
    }

    private void ask(CompletableFuture<?> answer, Consumer<Asked.Failed> question) {
        connection.execute(() -> {
            ParleyException why = whyNot.get();
            if (why != null) {
                connection.fail(answer, why);
            } else {
                question.accept((failure, wasSent) -> connection.fail(answer, failure));
            }
        });
    }
}

package example;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import parley.api.MessageGuard;
import parley.api.Payload;

/** Keeps some words out, and others in order. */
public final class WordGuard implements MessageGuard {
    @Override
    public CompletionStage<Verdict> check(Submission message) {
        if (!(message.payload() instanceof Payload.Text line)) {
            return CompletableFuture.completedStage(MessageGuard.accept());
        }
        if (line.text().contains("slow")) {
            return new CompletableFuture<>(); // asks somebody who never answers
        }
        if (line.text().contains("spam")) {
            return CompletableFuture.completedStage(MessageGuard.refuse("no advertising here"));
        }
        return CompletableFuture.completedStage(
                line.text().contains("darn")
                        ? MessageGuard.change(new Payload.Text(line.text().replace("darn", "****")))
                        : MessageGuard.accept());
    }

    @Override
    public Duration deadline() {
        return Duration.ofSeconds(2);
    }
}

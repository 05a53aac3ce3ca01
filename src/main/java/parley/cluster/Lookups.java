package parley.cluster;

import java.io.IOException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Has threads that may wait ask NATS something, and goes on with the answer in the store's thread. Any thread. */
final class Lookups {
    private final Readers readers;
    private final Loop loop;
    private final Complaints complaints;
    private final Runnable onNoStream;

    /**
     * @param onNoStream called by the store's thread when a stream is not there
     */
    Lookups(Readers readers, Loop loop, Complaints complaints, Runnable onNoStream) {
        this.readers = readers;
        this.loop = loop;
        this.complaints = complaints;
        this.onNoStream = onNoStream;
    }

    /** Something that waits for NATS. */
    interface Waiting<T> {
        T read() throws IOException, InterruptedException;
    }

    /**
     * Reads for a room that follows, or for all rooms of a stream.
     *
     * @param kind what cannot be done when it fails, for the log
     * @param then given null when it failed
     */
    <T> void follow(String kind, Waiting<T> waiting, Consumer<@Nullable T> then) {
        readers.follow(() -> run(kind, waiting, then));
    }

    /** Does something that a client asked for, behind what others asked for; fails when too much of that waits. */
    <T> void ask(String kind, Waiting<T> waiting, Consumer<@Nullable T> then) {
        readers.ask(() -> run(kind, waiting, then), () -> loop.execute(() -> then.accept(null)));
    }

    private <T> void run(String kind, Waiting<T> waiting, Consumer<@Nullable T> then) {
        T result = null;
        try {
            result = waiting.read();
        } catch (StreamReader.NoStreamException e) {
            complaints.log(kind, e);
            loop.execute(onNoStream);
        } catch (IOException | RuntimeException e) {
            complaints.log(kind, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        T read = result;
        loop.execute(() -> then.accept(read));
    }
}

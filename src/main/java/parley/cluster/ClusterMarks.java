package parley.cluster;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import parley.room.MarkStore;

/**
 * The read marks of a cluster's rooms. Any thread may call any method, and none waits; callbacks are called by the
 * store's thread.
 *
 * <p>A mark is raised by reading what the bucket has, and setting it with the revision that was read; when another node
 * was faster, both are done again. Nodes send each other a notice, which may get lost; the next mark makes another.
 */
final class ClusterMarks {
    /** How often a mark is tried that other nodes raise at the same time. */
    private static final int MOST_TRIES = 10;
    /** How many marks may be looked up at a time. */
    private static final int MOST_AT_ONCE = 10_000;
    /** How long nobody is asked after there was no answer: clients wait for it, with all their later answers. */
    private static final long SILENT_NANOS = 5_000_000_000L;
    /** A room may have this part more than it may keep: the oldest are not let go of with each mark. */
    private static final int SLACK = 16;

    private final String node;
    private final Subjects subjects;
    private final Link link;
    private final MarkBucket bucket;
    private final Readers readers;
    private final Loop loop;
    private final LongSupplier nanoTime;
    private final Complaints complaints;
    private final Upkeep preparing;
    private final Upkeep lettingGo;
    private final AtomicInteger atOnce = new AtomicInteger();
    private volatile long silentUntil;

    ClusterMarks(
            String node,
            Subjects subjects,
            Link link,
            MarkBucket bucket,
            Readers readers,
            Loop loop,
            LongSupplier nanoTime,
            Complaints complaints) {
        this.node = node;
        this.subjects = subjects;
        this.link = link;
        this.bucket = bucket;
        this.readers = readers;
        this.loop = loop;
        this.nanoTime = nanoTime;
        this.complaints = complaints;
        this.preparing = upkeep("the bucket of read marks cannot be made", bucket::prepare);
        this.lettingGo = upkeep("the oldest read marks cannot be let go of", bucket::letOldestGo);
        this.silentUntil = nanoTime.getAsLong();
    }

    private Upkeep upkeep(String failure, Upkeep.Work work) {
        return new Upkeep(failure, work, readers, nanoTime, SILENT_NANOS, complaints);
    }

    /** Those of a room. */
    MarkStore of(Remote remote) {
        return new MarkStore() {
            @Override
            public void raise(String user, Mark mark, int most, Consumer<Answer> onRaised) {
                Consumer<Answer> answer = once -> Loop.attempt(() -> onRaised.accept(once));
                if (loop.isClosing() || isSilent() || !take()) {
                    onRaised.accept(No.NOT_NOW);
                    return;
                }
                Raise raise = new Raise(remote, user, mark, most, raised -> {
                    atOnce.decrementAndGet();
                    answer.accept(raised);
                });
                inLoop(raise::begin, raise::refuse);
            }

            @Override
            public void find(String user, Consumer<Answer> onFound) {
                if (loop.isClosing() || isSilent() || !take()) {
                    onFound.accept(No.NOT_NOW);
                    return;
                }
                then(bucket.find(remote.name(), user), (kept, failure) -> {
                    atOnce.decrementAndGet();
                    Mark mark = kept == null ? null : kept.mark();
                    Answer none = failure == null || isMissing(failure) ? No.NONE : No.NOT_NOW;
                    Loop.attempt(() -> onFound.accept(mark == null ? none : new Holds(mark)));
                });
            }
        };
    }

    private boolean isSilent() {
        return nanoTime.getAsLong() - silentUntil < 0;
    }

    private boolean take() {
        boolean isTaken = atOnce.incrementAndGet() <= MOST_AT_ONCE;
        if (!isTaken) {
            atOnce.decrementAndGet();
        }
        return isTaken;
    }

    private interface Then<T> {
        void accept(@Nullable T result, @Nullable Throwable failure);
    }

    /** Goes on in the store's thread; by this one when that has ended. */
    private <T> void then(CompletableFuture<T> future, Then<T> then) {
        future.whenComplete((result, failure) -> {
            if (failure != null && !isMissing(failure)) {
                silentUntil = nanoTime.getAsLong() + SILENT_NANOS;
                complaints.log("read marks cannot be read or kept", new IOException(String.valueOf(failure)));
            }
            Runnable go = () -> then.accept(result, failure);
            inLoop(go, go);
        });
    }

    private void inLoop(Runnable task, Runnable otherwise) {
        if (!loop.offer(task)) {
            otherwise.run();
        }
    }

    private static boolean isMissing(Throwable failure) {
        return failure instanceof MarkBucket.NoBucketException
                || failure.getCause() instanceof MarkBucket.NoBucketException;
    }

    /** One mark that is being raised. For the store's thread. */
    private final class Raise {
        private final Remote remote;
        private final String user;
        private final MarkStore.Mark mark;
        private final int most;
        private final Consumer<MarkStore.Answer> onRaised;
        private int tries;

        Raise(Remote remote, String user, MarkStore.Mark mark, int most, Consumer<MarkStore.Answer> onRaised) {
            this.remote = remote;
            this.user = user;
            this.mark = mark;
            this.most = most;
            this.onRaised = onRaised;
        }

        void begin() {
            if (!remote.isOpen()) {
                end(MarkStore.No.NOT_NOW);
            } else if (!remote.epoch().equals(mark.epoch())) {
                end(MarkStore.No.OTHER_HISTORY);
            } else {
                look();
            }
        }

        private void look() {
            tries++;
            then(bucket.find(remote.name(), user), (kept, failure) -> {
                if (kept != null) {
                    put(kept);
                } else if (failure != null && isMissing(failure) && tries < MOST_TRIES) {
                    preparing.ask(isDone -> inLoop(isDone ? this::look : this::refuse, this::refuse));
                } else {
                    end(MarkStore.No.NOT_NOW);
                }
            });
        }

        private void put(MarkBucket.Kept kept) {
            MarkStore.Mark before = kept.mark();
            if (before != null && before.epoch().equals(mark.epoch()) && before.seq() >= mark.seq()) {
                end(new MarkStore.Holds(before));
                return;
            }
            then(bucket.put(remote.name(), user, kept.revision(), mark), (put, failure) -> {
                if (put == MarkBucket.Put.DONE) {
                    raised(before == null);
                } else if (put == MarkBucket.Put.MOVED && tries < MOST_TRIES) {
                    look();
                } else if (put == MarkBucket.Put.FULL) {
                    complaints.log(Level.WARNING, "the bucket of read marks is full", "the oldest marks are let go of");
                    lettingGo.ask(isDone -> {});
                    refuse();
                } else {
                    end(MarkStore.No.NOT_NOW);
                }
            });
        }

        private void raised(boolean isNew) {
            link.send(subjects.at(remote.name(), Subjects.MARK), new MarkNotice(node, user, mark).encode());
            Loop.attempt(() -> remote.room().marked(user, mark));
            end(new MarkStore.Holds(mark));
            // In all nodes together this happens about once for each such number of new marks.
            if (isNew && ThreadLocalRandom.current().nextInt(most / SLACK + 1) == 0) {
                letRoomsOldestGo();
            }
        }

        private void letRoomsOldestGo() {
            readers.keepUp(
                    () -> {
                        try {
                            bucket.keepNewest(remote.name(), most);
                        } catch (IOException | RuntimeException e) {
                            complaints.log("read marks cannot be let go of", e);
                        }
                    },
                    () -> {}); // a later mark has it done
        }

        private void refuse() {
            end(MarkStore.No.NOT_NOW);
        }

        private boolean hasEnded;

        void end(MarkStore.Answer answer) {
            if (!hasEnded) {
                hasEnded = true;
                onRaised.accept(answer);
            }
        }
    }
}

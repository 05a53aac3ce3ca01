package parley.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import parley.protocol.RoomName;
import parley.room.MarkStore;

/** Read marks against a bucket that is full, missing or silent, as the test says. */
@Timeout(60)
class ClusterMarksTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final long SECOND = 1_000_000_000L;

    private final AtomicLong now = new AtomicLong();
    private final Loop loop = new Loop(now::get);
    private final Readers readers = new Readers(Thread::new);
    private final Bucket bucket = new Bucket();
    private final List<MarkStore.Answer> answers = new ArrayList<>();
    private MarkStore marks;

    private static final class Bucket implements MarkBucket {
        final AtomicInteger finds = new AtomicInteger();
        final AtomicInteger prepares = new AtomicInteger();
        final AtomicInteger lettings = new AtomicInteger();
        final CountDownLatch goOn = new CountDownLatch(1);
        volatile CompletableFuture<Kept> found = CompletableFuture.completedFuture(Kept.NOTHING);
        volatile CompletableFuture<Put> put = CompletableFuture.completedFuture(Put.DONE);

        @Override
        public void prepare() throws IOException {
            prepares.incrementAndGet();
            stand();
            throw new IOException("no rights, on purpose");
        }

        @Override
        public CompletableFuture<Kept> find(RoomName room, String user) {
            finds.incrementAndGet();
            return found;
        }

        @Override
        public CompletableFuture<Put> put(RoomName room, String user, long revision, MarkStore.Mark mark) {
            return put;
        }

        @Override
        public void keepNewest(RoomName room, long most) {}

        @Override
        public void letOldestGo() {
            lettings.incrementAndGet();
            stand();
        }

        private void stand() {
            try {
                goOn.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @BeforeEach
    void open() {
        ClusterSettings settings = new ClusterSettings(
                List.of("nats://127.0.0.1:1"),
                "parley",
                new ClusterSettings.Login(null, "", "", "", null, ""),
                1,
                1,
                new ClusterSettings.Kept(100_000, 0, Duration.ZERO, Duration.ofSeconds(20)),
                Duration.ofSeconds(5),
                1 << 20,
                64 << 10,
                Duration.ofSeconds(5));
        Complaints complaints = new Complaints(now::get);
        Link unconnected = new Link(settings, "node", complaints, new Link.Events() {
            @Override
            public void up() {}

            @Override
            public void down() {}
        });
        Subjects subjects = new Subjects("parley", 1);
        ClusterMarks all = new ClusterMarks("node", subjects, unconnected, bucket, readers, loop, now::get, complaints);
        Remote remote = RemoteTest.unopened("java");
        remote.open();
        remote.opened(new Remote.Opened(new Remote.Bounds("e", 1, 1, 5), 1, List.of(), new Changed()));
        marks = all.of(remote);
        readers.start();
    }

    @AfterEach
    void end() throws InterruptedException {
        bucket.goOn.countDown();
        readers.end(10_000);
    }

    private static final class Idle implements Loop.Work {
        @Override
        public void flush() {}

        @Override
        public void tick(long nowNanos) {}

        @Override
        public boolean isDone() {
            return true;
        }

        @Override
        public void end() {}
    }

    private void turn() throws InterruptedException {
        while (loop.size() > 0) {
            loop.turn(new Idle(), 0);
        }
    }

    private void raise(int users) throws InterruptedException {
        for (int i = 0; i < users; i++) {
            marks.raise("user" + i, new MarkStore.Mark("e", 3), 100, answers::add);
        }
        turn();
    }

    @Test
    void howeverManyMarksFindTheBucketFullTheOldestAreLetGoOfOnceAndNotAgainForAWhile() throws Exception {
        bucket.put = CompletableFuture.completedFuture(MarkBucket.Put.FULL);
        raise(500);
        assertThat(answers).as("none waits for it").hasSize(500).containsOnly(MarkStore.No.NOT_NOW);
        await().atMost(PATIENCE).until(() -> bucket.lettings.get() == 1);
        CountDownLatch isOver = new CountDownLatch(1);
        readers.keepUp(isOver::countDown, () -> {});
        bucket.goOn.countDown();
        isOver.await();
        raise(500);
        now.addAndGet(4 * SECOND);
        raise(500);
        assertThat(bucket.lettings).hasValue(1);
        now.addAndGet(SECOND);
        raise(500);
        await().atMost(PATIENCE).until(() -> bucket.lettings.get() == 2);
    }

    @Test
    void aBucketThatCannotBeMadeIsTriedOnceForAllThatWaitAndNotAgainForAWhileNorByTheThreadsThatRead()
            throws Exception {
        bucket.found = CompletableFuture.failedFuture(new MarkBucket.NoBucketException());
        raise(500);
        await().atMost(PATIENCE).until(() -> bucket.prepares.get() == 1);
        CountDownLatch asked = new CountDownLatch(1);
        readers.ask(asked::countDown, () -> {});
        asked.await();
        bucket.goOn.countDown();
        await().atMost(PATIENCE).until(() -> {
            turn();
            return answers.size() == 500;
        });
        raise(500);
        assertThat(answers).hasSize(1_000).containsOnly(MarkStore.No.NOT_NOW);
        assertThat(bucket.prepares).hasValue(1);
        now.addAndGet(5 * SECOND);
        raise(1);
        await().atMost(PATIENCE).until(() -> bucket.prepares.get() == 2);
    }

    @Test
    void whileNatsIsSilentNoMarkWaitsForIt() throws Exception {
        bucket.found = CompletableFuture.failedFuture(new IOException("no leader, on purpose"));
        raise(1);
        assertThat(bucket.finds).hasValue(1);
        bucket.found = new CompletableFuture<>();
        raise(10);
        marks.find("ann", answers::add);
        assertThat(answers).hasSize(12).containsOnly(MarkStore.No.NOT_NOW);
        assertThat(bucket.finds).hasValue(1);
        bucket.found = CompletableFuture.completedFuture(MarkBucket.Kept.NOTHING);
        now.addAndGet(5 * SECOND);
        raise(1);
        assertThat(answers).last().isEqualTo(new MarkStore.Holds(new MarkStore.Mark("e", 3)));
    }
}

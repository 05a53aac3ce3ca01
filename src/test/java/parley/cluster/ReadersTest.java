package parley.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ReadersTest {
    private final Readers readers = new Readers(Thread::new);

    @Test
    void followingRoomsGoOnWhileQuestionsWaitForNats() throws Exception {
        readers.start();
        CountDownLatch answered = new CountDownLatch(1);
        CountDownLatch followed = new CountDownLatch(20);
        for (int i = 0; i < 2; i++) {
            readers.ask(() -> await(answered), () -> {});
        }
        for (int i = 0; i < 20; i++) {
            readers.follow(followed::countDown);
        }
        followed.await();
        answered.countDown();
        readers.end(10_000);
    }

    @Test
    void aReadThatFailsStopsNoOther() throws Exception {
        readers.start();
        CountDownLatch followed = new CountDownLatch(1);
        for (int i = 0; i < 4; i++) {
            readers.follow(() -> {
                throw new IllegalStateException("on purpose");
            });
        }
        readers.follow(followed::countDown);
        followed.await();
        readers.end(10_000);
    }

    @Test
    void eachQuestionIsAnsweredOrRefusedOnceWhateverTheEnd() throws Exception {
        AtomicInteger read = new AtomicInteger();
        AtomicInteger refused = new AtomicInteger();
        readers.start();
        Thread asking = new Thread(() -> {
            for (int i = 0; i < 50_000; i++) {
                readers.ask(read::incrementAndGet, refused::incrementAndGet);
            }
        });
        asking.start();
        while (read.get() + refused.get() < 1_000) {
            Thread.onSpinWait();
        }
        readers.end(10_000);
        asking.join();
        assertThat(read.get() + refused.get()).isEqualTo(50_000);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

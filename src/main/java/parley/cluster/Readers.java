package parley.cluster;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;

/**
 * Threads that wait for NATS: two for rooms that follow, two for what members and clients ask for, and one for upkeep,
 * which may take long and must not make the others wait. Any thread may give them work.
 */
final class Readers {
    private static final Logger LOG = System.getLogger("parley.cluster");

    private static final int EACH = 2;
    private static final int MOST_QUESTIONS = 10_000;
    private static final int MOST_UPKEEP = 100;

    /** Work that calls somebody back, with an answer or without. */
    private record Question(Runnable read, Runnable refuse) {}

    private final List<Thread> threads = new ArrayList<>();
    /** At most a few for each room, and for each stream. */
    private final BlockingQueue<Runnable> toFollow = new LinkedBlockingQueue<>();

    private final BlockingQueue<Question> questions = new ArrayBlockingQueue<>(MOST_QUESTIONS);
    private final BlockingQueue<Question> upkeep = new ArrayBlockingQueue<>(MOST_UPKEEP);
    private volatile boolean hasEnded;

    Readers(ThreadFactory factory) {
        for (int i = 0; i < EACH; i++) {
            threads.add(factory.newThread(() -> carryOut(() -> toFollow.take().run())));
            threads.add(
                    factory.newThread(() -> carryOut(() -> questions.take().read.run())));
        }
        threads.add(factory.newThread(() -> carryOut(() -> upkeep.take().read.run())));
    }

    void start() {
        threads.forEach(Thread::start);
    }

    /** Reads for a room that follows, or looks at a stream. */
    void follow(Runnable read) {
        toFollow.add(read);
    }

    /** Reads for a member or a client: one of the two is called. */
    void ask(Runnable read, Runnable refuse) {
        offer(questions, new Question(read, refuse));
    }

    /** Does what nobody waits for: one of the two is called. */
    void keepUp(Runnable work, Runnable refuse) {
        offer(upkeep, new Question(work, refuse));
    }

    private void offer(BlockingQueue<Question> to, Question question) {
        if (hasEnded || !to.offer(question) || (hasEnded && to.remove(question))) {
            question.refuse.run();
        }
    }

    private interface Work {
        void run() throws InterruptedException;
    }

    private void carryOut(Work next) {
        while (!hasEnded) {
            try {
                next.run();
            } catch (InterruptedException e) {
                return;
            } catch (RuntimeException | Error e) { // the next one may go well
                LOG.log(Level.ERROR, "the cluster: something could not be read, and it goes on", e);
            }
        }
    }

    /** Ends the threads; what was asked and not read is refused. */
    void end(long patienceMillis) throws InterruptedException {
        hasEnded = true;
        threads.forEach(Thread::interrupt);
        for (Thread thread : threads) {
            thread.join(patienceMillis);
        }
        refuseAll(questions);
        refuseAll(upkeep);
    }

    private static void refuseAll(BlockingQueue<Question> all) {
        for (Question question = all.poll(); question != null; question = all.poll()) {
            question.refuse.run();
        }
    }
}

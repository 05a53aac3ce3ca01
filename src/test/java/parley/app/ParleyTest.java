package parley.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import parley.delivery.Frame;
import parley.delivery.Transport;
import parley.door.Admission;
import parley.door.Request;
import parley.protocol.CloseCode;
import parley.session.Ending;
import parley.testclient.LogLines;

class ParleyTest {
    private static Parley start(String... settings) {
        SettingsSources sources = new SettingsSources(Map.of(), new Properties());
        for (String setting : settings) {
            sources.set(setting.split("=")[0], setting.split("=")[1]);
        }
        return new Parley(sources.load());
    }

    private static Arrival arrive(Parley parley) {
        Map<String, String> headers = new HashMap<>(Map.of("Host", "localhost"));
        return parley.arrive(new Request("/echo", null, headers::get, null, null), null);
    }

    private static boolean isAlive(String thread) {
        return Thread.getAllStackTraces().keySet().stream()
                .anyMatch(one -> one.getName().startsWith(thread));
    }

    /** As on Open Liberty: an interrupt wakes it, and it goes on waiting. */
    private static final class BlocksInClose implements Transport {
        final CountDownLatch closing = new CountDownLatch(1);
        final AtomicInteger interrupts = new AtomicInteger();

        @Override
        public void send(Frame frame, Completion completion) {}

        @Override
        public boolean ping(Completion completion) {
            return false;
        }

        @Override
        public long bytesUnderWay() {
            return 0;
        }

        @Override
        public boolean pauseReading() {
            return false;
        }

        @Override
        public void resumeReading() {}

        @Override
        public void close(CloseCode code, String reason) {
            closing.countDown();
            while (interrupts.get() < 5) {
                try {
                    Thread.sleep(60_000);
                } catch (InterruptedException e) {
                    interrupts.incrementAndGet();
                }
            }
        }

        @Override
        public void drop() {}

        @Override
        public boolean isConnected() {
            return false;
        }
    }

    @Test
    void moreMessagesThanFitIntoTheHeapAreWarnedOf() {
        try (LogLines log = new LogLines("parley.app")) {
            start("limits.log-bytes=1024GiB").stop();
            assertThat(log.all()).anySatisfy(line -> assertThat(line).contains("limits.log-bytes is 1099511627776"));
        }
        try (LogLines log = new LogLines("parley.app")) {
            start().stop();
            assertThat(log.all()).noneSatisfy(line -> assertThat(line).contains("limits.log-bytes"));
        }
    }

    /** It was left behind by an application that had been undeployed. */
    @Test
    void aCloseThatIsBlockedAtTheStopIsInterruptedUntilItEnds() throws Exception {
        Parley parley = start("shutdown.grace=0s", "shutdown.flush=0s");
        BlocksInClose transport = new BlocksInClose();
        parley.open(arrive(parley), transport, null);
        parley.stop();
        assertThat(transport.closing.getCount()).isZero();
        await().until(() -> transport.interrupts.get() == 5);
        await().until(() -> !isAlive("parley-close") && !isAlive("parley-last"));
    }

    /** As many as there are threads to close with, and more. */
    @Test
    void closesThatDoNotEndDoNotKeepOthersFromBeingClosed() {
        Parley parley = start("session.close-timeout=100ms", "shutdown.grace=0s", "shutdown.flush=0s");
        List<BlocksInClose> all = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            all.add(new BlocksInClose());
            parley.open(arrive(parley), all.get(i), null).end(Ending.IDLE);
        }
        await().untilAsserted(() -> assertThat(all).allMatch(one -> one.closing.getCount() == 0));
        parley.stop();
        await().until(() -> !isAlive("parley-close") && !isAlive("parley-last"));
    }

    @Test
    void beforeItStopsItSaysThatItIsNotReadyAndLetsPeopleInStill() throws Exception {
        Parley parley = start("shutdown.notice=300ms", "shutdown.flush=0s", "shutdown.grace=0s");
        parley.open(arrive(parley), new BlocksInClose(), null);
        Thread stopping = new Thread(parley::stop);
        stopping.start();
        await().until(() -> !parley.admission().isOpen());
        assertThat(arrive(parley).verdict()).isInstanceOf(Admission.Echo.class);
        await().until(() -> arrive(parley).verdict() instanceof Admission.Refusal);
        stopping.join();
    }
}

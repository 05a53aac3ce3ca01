package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Proxy;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.glassfish.grizzly.Connection;
import org.glassfish.tyrus.spi.ReadHandler;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import parley.delivery.DeflateCounts;
import parley.delivery.Deflation;
import parley.delivery.FakeTransport;
import parley.session.AddressLimit;
import parley.session.Client;
import parley.session.Renewal;
import parley.session.SessionLimits;
import parley.session.Sessions;
import parley.session.Visitor;

/** What a compressed message holds while it is read packet by packet, with a Tyrus that only listens. */
class InflatingReaderTest {
    private static final SessionLimits LIMITS = new SessionLimits(
            1,
            Duration.ofSeconds(10),
            Duration.ofSeconds(25),
            Duration.ofSeconds(60),
            Duration.ofSeconds(5),
            100_000,
            100_000,
            100_000,
            5,
            3,
            0,
            Long.MAX_VALUE,
            0);

    private final Compression compression = Compression.with(new Deflation(100, new DeflateCounts()));
    private final Sessions sessions = new Sessions(
            LIMITS, Runnable::run, Runnable::run, () -> 0, Clock.systemUTC(), Renewal.NONE, AddressLimit.NONE);
    private final List<Long> heldWhileRead = new ArrayList<>();
    private final FrameWatch watch = watch();

    @SuppressWarnings("unchecked")
    private FrameWatch watch() {
        ClientLine line = new ClientLine(
                (Connection<SocketAddress>) does(Connection.class),
                false,
                () -> compression.agree(List.of("permessage-deflate; client_max_window_bits")));
        assertThat(line.agree()).isPresent();
        Client client = new Client("/test", null, Visitor.UNKNOWN);
        line.carries(sessions.openEcho(client, new FakeTransport(FakeTransport.When.INSIDE_SEND, 1)));
        FrameWatch frames = new FrameWatch(100_000, line);
        frames.passTo(does(org.glassfish.tyrus.spi.Connection.class));
        return frames;
    }

    private <T> T does(Class<T> type) {
        ReadHandler tyrus = data -> heldWhileRead.add(sessions.heldBytes());
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(),
                new Class<?>[] {type},
                (proxy, method, arguments) -> method.getReturnType() == ReadHandler.class ? tyrus : null));
    }

    private void comes(String bytes) {
        watch.handle(ByteBuffer.wrap(HexFormat.of().parseHex(bytes)));
    }

    @AfterEach
    void close() {
        compression.close();
    }

    /** Once each packet let go of the decompressor and took it again: 58 KiB more, and a message just begun. */
    @Test
    void aDecompressorIsHeldFromOnePacketToTheNext() {
        comes("418300000000f248cd"); // the first fragment
        long held = sessions.heldBytes();
        assertThat(held).isGreaterThanOrEqualTo(Inflation.BYTES);
        heldWhileRead.clear();
        for (int i = 0; i < 3; i++) {
            comes("898000000000"); // a ping, which passes
        }
        assertThat(heldWhileRead).hasSize(3).allMatch(bytes -> bytes == held);
        assertThat(sessions.heldBytes()).isEqualTo(held);
    }

    /** Also when the frame is longer than the decompressor: what is held never falls while it is read. */
    @Test
    void aLongFrameHoldsNoLessFromOnePacketToTheNext() {
        comes("41ff000000000000f00000000000"); // 60 KB to come
        long before = sessions.heldBytes();
        for (int i = 0; i < 120; i++) {
            comes("000000ffff".repeat(100));
            assertThat(sessions.heldBytes()).isGreaterThanOrEqualTo(before);
            before = sessions.heldBytes();
        }
        assertThat(before).isGreaterThan(Inflation.BYTES);
    }

    @Test
    void aMessageThatEndsLetsGoAtOnce() {
        comes("418300000000f248cd");
        comes("808400000000c9c90700");
        assertThat(heldWhileRead).isNotEmpty();
        assertThat(sessions.heldBytes()).isZero();
    }
}

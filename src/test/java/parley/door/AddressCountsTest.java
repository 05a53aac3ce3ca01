package parley.door;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class AddressCountsTest {
    private final AddressCounts counts = new AddressCounts(1);

    private static InetAddress address(String text) {
        return Objects.requireNonNull(Proxies.literal(text));
    }

    @Test
    void anAddressIsFullWithAsManyAsMayBeAndForgottenWhenAllHaveGone() {
        assertThat(counts.enter(address("192.0.2.1"))).isTrue();
        assertThat(counts.isFull(address("192.0.2.1"))).isTrue();
        assertThat(counts.enter(address("192.0.2.1"))).isFalse();
        assertThat(counts.enter(address("192.0.2.2"))).isTrue();
        counts.leave(address("192.0.2.1"));
        assertThat(counts.isFull(address("192.0.2.1"))).isTrue();
        counts.leave(address("192.0.2.1"));
        assertThat(counts.isFull(address("192.0.2.1"))).isFalse();
        counts.leave(address("192.0.2.2"));
        assertThat(counts.addresses()).isZero();
    }

    @Test
    void ofIpv6OneNetworkIsOne() {
        counts.enter(address("2001:db8:1:1::1"));
        assertThat(counts.enter(address("2001:db8:1:1:ffff::2"))).isFalse();
        assertThat(counts.enter(address("2001:db8:1:2::1"))).isTrue();
    }

    @Test
    void anUnknownAddressIsNotCounted() {
        assertThat(counts.enter(null)).isTrue();
        assertThat(counts.enter(null)).isTrue();
        assertThat(counts.isFull(null)).isFalse();
        counts.leave(null);
        assertThat(counts.addresses()).isZero();
    }

    @Test
    void withoutALimitAnyNumberMayEnter() {
        AddressCounts unlimited = new AddressCounts(0);
        for (int i = 0; i < 3; i++) {
            assertThat(unlimited.enter(address("192.0.2.1"))).isTrue();
        }
        assertThat(unlimited.isFull(address("192.0.2.1"))).isFalse();
    }
}

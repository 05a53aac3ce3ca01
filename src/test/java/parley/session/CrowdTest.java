package parley.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class CrowdTest {
    private final Crowd crowd = new Crowd();

    private static InetAddress address(String text) {
        return Objects.requireNonNull(Proxies.literal(text));
    }

    @Test
    void countsByAddressAndForgetsWhoHasGone() {
        assertThat(crowd.enter(address("192.0.2.1"))).isEqualTo(1);
        assertThat(crowd.enter(address("192.0.2.1"))).isEqualTo(2);
        assertThat(crowd.enter(address("192.0.2.2"))).isEqualTo(1);
        crowd.leave(address("192.0.2.1"));
        assertThat(crowd.count(address("192.0.2.1"))).isEqualTo(1);
        crowd.leave(address("192.0.2.1"));
        crowd.leave(address("192.0.2.2"));
        assertThat(crowd.addresses()).isZero();
    }

    @Test
    void ofIpv6OneNetworkIsOne() {
        crowd.enter(address("2001:db8:1:1::1"));
        assertThat(crowd.enter(address("2001:db8:1:1:ffff::2"))).isEqualTo(2);
        assertThat(crowd.enter(address("2001:db8:1:2::1"))).isEqualTo(1);
    }

    @Test
    void whoIsNowhereIsNotCounted() {
        assertThat(crowd.enter(null)).isZero();
        crowd.leave(null);
        assertThat(crowd.addresses()).isZero();
    }
}

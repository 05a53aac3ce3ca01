package parley.door;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;
import parley.session.Rate;

class AddressRatesTest {
    private final AddressRates rates = new AddressRates(1);

    private static InetAddress address(int number) throws UnknownHostException {
        return InetAddress.getByAddress(new byte[] {10, (byte) (number >> 16), (byte) (number >> 8), (byte) number});
    }

    private int taken(InetAddress address, int tries) {
        int taken = 0;
        for (int i = 0; i < tries; i++) {
            taken += rates.take(address, 0) ? 1 : 0;
        }
        return taken;
    }

    @Test
    void eachAddressHasABurstOfItsOwn() throws Exception {
        assertThat(taken(address(1), 9)).isEqualTo(Rate.BURST_SECONDS);
        assertThat(taken(address(2), 9)).isEqualTo(Rate.BURST_SECONDS);
        assertThat(rates.take(address(1), 1_000_000_000L)).isTrue();
        assertThat(rates.take(address(1), 1_000_000_000L)).isFalse();
    }

    @Test
    void theAddressThatAskedLongestAgoIsForgottenFirst() throws Exception {
        for (int i = 0; i < AddressRates.MOST; i++) {
            taken(address(i), Rate.BURST_SECONDS);
        }
        assertThat(taken(address(0), 1)).as("remembered").isZero();
        taken(address(AddressRates.MOST), 1);
        assertThat(taken(address(1), 9)).as("forgotten").isEqualTo(Rate.BURST_SECONDS);
        assertThat(taken(address(0), 1)).as("asked since").isZero();
    }
}

package parley.session;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SpreadTest {
    @ParameterizedTest
    @CsvSource({"0, 8000", "1, 8000", "7500, 8000", "10000, 10500", "100000, 100500", "10000000, 300000"})
    void growsWithTheNumberOfClients(int clients, int max) {
        assertThat(Spread.of(clients)).isEqualTo(new Spread(500, max));
    }
}

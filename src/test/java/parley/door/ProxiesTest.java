package parley.door;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import parley.testclient.LogLines;

class ProxiesTest {
    private final Proxies proxies =
            new Proxies(List.of("10.0.0.0/8", "127.0.0.1", "2001:db8::/32"), Proxies.Header.X_FORWARDED_FOR);

    private static InetAddress address(String text) {
        return Objects.requireNonNull(Proxies.literal(text));
    }

    private String client(String peer, String forwarded) {
        return proxies.client(address(peer), Map.of("X-Forwarded-For", forwarded)::get)
                .getHostAddress();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "127.0.0.1   | 203.0.113.7                     | 203.0.113.7",
                "127.0.0.1   | 1.1.1.1, 203.0.113.7            | 203.0.113.7",
                "127.0.0.1   | 203.0.113.7, 10.1.2.3           | 203.0.113.7",
                "10.1.2.3    | 1.1.1.1, 203.0.113.7, 10.9.9.9  | 203.0.113.7",
                "127.0.0.1   | 203.0.113.7:4242                | 203.0.113.7",
                "127.0.0.1   | [2001:db9::7]:4242              | 2001:db9:0:0:0:0:0:7",
                "127.0.0.1   | 2001:db9::7                     | 2001:db9:0:0:0:0:0:7",
                "127.0.0.1   | unknown                         | 127.0.0.1",
                "127.0.0.1   | 203.0.113.7, nonsense           | 127.0.0.1",
                "127.0.0.1   | 10.0.0.1, 10.0.0.2              | 10.0.0.1",
                "192.0.2.1   | 203.0.113.7                     | 192.0.2.1",
                "11.0.0.1    | 203.0.113.7                     | 11.0.0.1",
                "2001:db8::1 | 203.0.113.7                     | 203.0.113.7",
                "::ffff:10.0.0.1 | 203.0.113.7                 | 203.0.113.7",
            })
    void theNearestThatIsNotBelievedIsTheClient(String peer, String forwarded, String client) {
        assertThat(client(peer, forwarded)).isEqualTo(client);
    }

    @Test
    void aProxyThatWritesNoAddressesIsLoggedOnce() {
        try (LogLines log = new LogLines("parley.door")) {
            client("127.0.0.1", "203.0.113.7");
            client("127.0.0.1", "");
            client("192.0.2.1", "unknown");
            assertThat(log.all()).isEmpty();
            client("127.0.0.1", "203.0.113.7, unknown");
            client("127.0.0.1", "_hidden");
            assertThat(log.all())
                    .singleElement()
                    .asString()
                    .contains("127.0.0.1")
                    .contains("'unknown'")
                    .contains("X-Forwarded-For");
        }
    }

    @Test
    void withoutTheHeaderTheClientIsWhoConnected() {
        assertThat(proxies.client(address("127.0.0.1"), name -> null).getHostAddress())
                .isEqualTo("127.0.0.1");
    }

    /** A proxy that writes the one passes the other on as the client has invented it. */
    @Test
    void onlyTheHeaderThatTheyWriteIsRead() {
        Map<String, String> both = Map.of("X-Forwarded-For", "1.1.1.1", "Forwarded", "for=9.9.9.9");
        assertThat(proxies.client(address("127.0.0.1"), both::get).getHostAddress())
                .isEqualTo("1.1.1.1");
        Proxies others = new Proxies(List.of("127.0.0.1"), Proxies.Header.FORWARDED);
        assertThat(others.client(address("127.0.0.1"), both::get).getHostAddress())
                .isEqualTo("9.9.9.9");
    }

    @Test
    void forwardedIsReadInAllItsForms() {
        Proxies others = new Proxies(List.of("127.0.0.1", "10.0.0.0/8"), Proxies.Header.FORWARDED);
        String value = "for=1.1.1.1, For=\"[2001:db9::7]:47\";proto=https;by=10.0.0.1, for=10.0.0.2";
        assertThat(others.client(address("127.0.0.1"), Map.of("Forwarded", value)::get)
                        .getHostAddress())
                .isEqualTo("2001:db9:0:0:0:0:0:7");
    }

    /** What a client wrote into Host, and the proxy into quotes. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "for=5.6.7.8;host=\"x;for=127.0.0.1\"             | 5.6.7.8",
                "for=5.6.7.8;host=\"x,for=9.9.9.9\"               | 5.6.7.8",
                "for=5.6.7.8;host=\"a\\\",for=9.9.9.9;b=\\\"\"       | 5.6.7.8",
                "host=\"x,for=9.9.9.9\";for=5.6.7.8               | 5.6.7.8",
                "for=9.9.9.9, for=5.6.7.8                         | 5.6.7.8",
                "for=9.9.9.9, for=_hidden                         | 127.0.0.1",
                "for=9.9.9.9, proto=http                          | 127.0.0.1",
                "FOR=5.6.7.8:99                                   | 5.6.7.8",
            })
    void whatIsQuotedInForwardedIsNotRead(String value, String client) {
        Proxies others = new Proxies(List.of("127.0.0.1"), Proxies.Header.FORWARDED);
        assertThat(others.client(address("127.0.0.1"), Map.of("Forwarded", value)::get)
                        .getHostAddress())
                .isEqualTo(client);
    }

    @Test
    void whatIsNoAddressIsNotLookedUp() {
        for (String text : List.of("1.2.3.999", "256.1.1.1", "1.2.3", "1.2.3.4.5", "::g", "localhost", "")) {
            assertThat(Proxies.literal(text)).as(text).isNull();
        }
        assertThat(address("255.249.199.0").getHostAddress()).isEqualTo("255.249.199.0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.0.0.0/33", "10.0.0", "example.com", "10.0.0.0/x", "::/129", "/8", "localhost"})
    void whatIsNoNetworkIsNamed(String text) {
        assertThatThrownBy(() -> new Proxies(List.of(text), Proxies.Header.FORWARDED))
                .hasMessageContaining("'" + text + "'");
    }
}

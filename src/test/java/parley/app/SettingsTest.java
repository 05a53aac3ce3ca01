package parley.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import parley.cluster.ClusterSettings;
import parley.protocol.RoomName;
import parley.room.Overflow;

class SettingsTest {
    private final Map<String, String> environment = new HashMap<>();
    private final Properties properties = new Properties();
    private final SettingsSources sources = new SettingsSources(environment, properties);

    @TempDir
    private Path folder;

    private Path file(String content) throws IOException {
        return Files.writeString(folder.resolve("parley.conf"), content);
    }

    @Test
    void withoutAnythingSetTheDefaultsHold() {
        Settings settings = sources.load();
        assertThat(settings.host()).isEqualTo("127.0.0.1");
        assertThat(settings.port()).isEqualTo(8080);
        assertThat(settings.context()).isEmpty();
        assertThat(settings.session().inFlight()).isEqualTo(1);
        assertThat(settings.session().messageBytes()).isEqualTo(65536);
        assertThat(settings.session().commandsPerSecond()).isEqualTo(1000);
        assertThat(settings.room().overflow()).isEqualTo(Overflow.DROP_OLDEST);
        assertThat(settings.fanOutThreads()).isPositive();
    }

    @Test
    void laterSourcesWin() throws IOException {
        sources.file(file("session { in-flight = 2, send-deadline = 2s, ping-interval = 2s, idle-timeout = 20s }"));
        environment.put("PARLEY_SESSION_SEND_DEADLINE", "3s");
        environment.put("PARLEY_SESSION_PING_INTERVAL", "3s");
        environment.put("PARLEY_SESSION_IDLE_TIMEOUT", "30s");
        properties.setProperty("parley.session.ping-interval", "4 s");
        properties.setProperty("parley.session.idle-timeout", "40 s");
        sources.set("session.idle-timeout", "50s");
        Settings settings = sources.load();
        assertThat(settings.session().inFlight()).isEqualTo(2);
        assertThat(settings.session().sendDeadline()).isEqualTo(Duration.ofSeconds(3));
        assertThat(settings.session().pingInterval()).isEqualTo(Duration.ofSeconds(4));
        assertThat(settings.session().idleTimeout()).isEqualTo(Duration.ofSeconds(50));
        assertThat(settings.describe())
                .anySatisfy(line ->
                        assertThat(line).startsWith("session.in-flight = \"2\"").contains("parley.conf: 1"))
                .contains(
                        "session.send-deadline = \"3s\"  # from the environment",
                        "session.ping-interval = \"4 s\"  # from a system property",
                        "session.idle-timeout = \"50s\"  # from the command line",
                        "room.window = \"0\"  # default");
    }

    @Test
    void theFileIsNamedByPropertyOrVariableToo() throws IOException {
        environment.put("PARLEY_CONFIG", file("listen.port = 81").toString());
        assertThat(sources.load().port()).isEqualTo(81);
        properties.setProperty("parley.config", folder.resolve("none").toString());
        assertThatThrownBy(sources::load).isInstanceOf(SettingsException.class).hasMessageContaining("none");
    }

    @ParameterizedTest
    @CsvSource({
        "listen.port,            65536",
        "listen.port,            -1",
        "listen.port,            many",
        "listen.host,            ''",
        "listen.host,            [::1]",
        "listen.context,         parley",
        "listen.context,         /..",
        "listen.context,         /a/./b",
        "listen.context,         /a b",
        "listen.context,         //",
        "origins,                http://a/b",
        "session.in-flight,      0",
        "session.in-flight,      65",
        "session.in-flight,      1.5",
        "session.send-deadline,  99ms",
        "session.send-deadline,  soon",
        "session.send-deadline,  11m",
        "room.history,           0",
        "room.policy,            drop",
        "access.cookie,          a b",
        "access.ticket-lifetime, 0s",
        "limits.message-bytes,   0",
        "limits.message-bytes,   17MiB",
        "limits.message-bytes,   64 elephants",
        "limits.connections,     0",
        "shutdown.grace,         -1s",
    })
    void aWrongValueIsNamedWithWhereItCameFromAndWhatIsAllowed(String key, String value) {
        sources.set(key, value);
        assertThatThrownBy(sources::load)
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("'" + key + "'")
                .hasMessageContaining("'" + value + "'")
                .hasMessageContaining("from the command line")
                .hasMessageContaining("allowed is")
                .hasMessageEndingWith(".");
    }

    @ParameterizedTest
    @CsvSource({
        "session.idle-timeout, 20s,   session.ping-interval",
        "room.window,          1001,  room.history",
        "room.history-bytes,   32KiB, limits.message-bytes",
        "limits.backlog,  32KiB, limits.message-bytes",
    })
    void aContradictionNamesBoth(String key, String value, String other) {
        sources.set(key, value);
        assertThatThrownBy(sources::load)
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("'" + key + "'")
                .hasMessageContaining("'" + value + "'")
                .hasMessageContaining("'" + other + "'");
    }

    @Test
    void whatNamesNoSettingIsRefusedFromEverySource() throws IOException {
        assertThatThrownBy(() -> new SettingsSources(environment, properties)
                        .set("window", "3")
                        .load())
                .hasMessageContaining("'window'")
                .hasMessageContaining("'room.window'");
        assertThatThrownBy(() -> new SettingsSources(environment, properties)
                        .file(file("\nroom.windo = 3"))
                        .load())
                .hasMessageContaining("'room.windo'")
                .hasMessageContaining("parley.conf: 2");
        assertThatThrownBy(() -> new SettingsSources(Map.of("PARLEY_WINDOW", "3"), properties).load())
                .hasMessageContaining("PARLEY_WINDOW");
        properties.setProperty("parley.windows", "3");
        assertThatThrownBy(() -> new SettingsSources(environment, properties).load())
                .hasMessageContaining("windows");
    }

    @Test
    void aBrokenFileIsNamedWithTheLine() throws IOException {
        sources.file(file("room {\n window = = 3\n}"));
        assertThatThrownBy(sources::load)
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("parley.conf")
                .hasMessageContaining("2");
    }

    /** In a cluster with a service called parley, every pod finds these in its environment. */
    @Test
    void whatKubernetesAddsIsNoSetting() {
        environment.putAll(Map.of(
                "PARLEY_SERVICE_HOST", "10.0.0.1",
                "PARLEY_PORT", "tcp://10.0.0.1:80",
                "PARLEY_PORT_8080_TCP_ADDR", "10.0.0.1",
                "PARLEY_CHAT_SERVICE_PORT_HTTP", "80"));
        assertThat(sources.load().port()).isEqualTo(8080);
        environment.put("PARLEY_LISTEN_PORT", "82");
        assertThat(sources.load().port()).isEqualTo(82);
    }

    /** And beside services called parley-listen and parley-status these, of which two have the names of settings. */
    @Test
    void whatKubernetesAddsForServicesWithTheNamesOfSettingsIsPassedOver() {
        for (String service : new String[] {"PARLEY_LISTEN", "PARLEY_STATUS"}) {
            environment.putAll(Map.of(
                    service + "_SERVICE_HOST", "10.0.0.1",
                    service + "_SERVICE_PORT", "80",
                    service + "_SERVICE_PORT_HTTP", "80",
                    service + "_PORT", "tcp://10.0.0.1:80",
                    service + "_PORT_80_TCP", "tcp://10.0.0.1:80",
                    service + "_PORT_80_TCP_PROTO", "tcp",
                    service + "_PORT_80_TCP_PORT", "80",
                    service + "_PORT_80_TCP_ADDR", "10.0.0.1"));
        }
        assertThat(sources.load().port()).isEqualTo(8080);
        assertThat(sources.load().statusPort()).isZero();
        environment.put("PARLEY_LISTEN_PORT", "80a");
        assertThatThrownBy(sources::load).hasMessageContaining("80a");
    }

    @Test
    void aLoginInTheAddressesOfNatsIsTakenAndNotShown() {
        sources.set("nats.url", "nats://ann:s3cr%40t@10.0.0.1:4222, nats://ann:s3cr%40t@10.0.0.2:4222");
        Settings settings = sources.load();
        ClusterSettings cluster = Objects.requireNonNull(settings.cluster());
        assertThat(cluster.servers()).containsExactly("nats://10.0.0.1:4222", "nats://10.0.0.2:4222");
        assertThat(cluster.login().user()).isEqualTo("ann");
        assertThat(cluster.login().password()).isEqualTo("s3cr@t");
        assertThat(cluster.login().token()).isEmpty();
        assertThat(settings.describe())
                .noneSatisfy(line -> assertThat(line).contains("s3cr"))
                .anySatisfy(line -> assertThat(line)
                        .startsWith("nats.url = \"nats://***@10.0.0.1:4222, nats://***@10.0.0.2:4222\""));
        sources.set("nats.url", "tls://t0ken@nats.example.com");
        assertThat(Objects.requireNonNull(sources.load().cluster()).login().token())
                .isEqualTo("t0ken");
        sources.set("nats.user", "bob");
        assertThatThrownBy(sources::load).hasMessageContaining("'nats.url'");
    }

    @ParameterizedTest
    @CsvSource({
        "nats.url,    'nats://ann:s3cr@t@10.0.0.1:4222'",
        "nats.url,    'nats://ann:s3cr/t@10.0.0.1:4222'",
        "nats.url,    'nats://ann:s3cr,t@10.0.0.1:4222'",
        "nats.url,    'nats://ann:s3cr@10.0.0.1,nats://10.0.0.2'",
        "nats.url,    'http://ann:s3cr@10.0.0.1'",
    })
    void anAddressThatIsRefusedIsShownWithoutItsLogin(String key, String value) {
        sources.set(key, value);
        assertThatThrownBy(sources::load)
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("'nats.url'")
                .message()
                .doesNotContain("s3cr");
    }

    @Test
    void aLoginInTheAddressOfKeysIsNotShown() {
        sources.set("access.mode", "token").set("access.jwks", "https://ann:s3cr@id.example.com/keys");
        assertThat(sources.load().describe())
                .noneSatisfy(line -> assertThat(line).contains("s3cr"));
    }

    @Test
    void listsAreGivenInOneLineOrAsAList() throws IOException {
        environment.put("PARLEY_ORIGINS", "localhost:*, https://*.example.com");
        assertThat(sources.load().origins().allow("https://a.example.com", null))
                .isTrue();
        environment.clear();
        sources.file(file("origins = [\"localhost:*\", \"https://*.example.com\"]"));
        assertThat(sources.load().origins().allow("http://localhost:3", null)).isTrue();
        assertThat(sources.load().origins().allow("http://other:3", null)).isFalse();
    }

    @Test
    void theContextLosesItsLastSlash() {
        assertThat(sources.set("listen.context", "/a/b/").load().context()).isEqualTo("/a/b");
    }

    @Test
    void roomsMayDifferByPatternAndTheMostParticularCounts() throws IOException {
        sources.file(file("room.window = 50\nrooms { \"alerts.*\" { history = 20, window = 5, policy = disconnect },"
                + " \"alerts.eu\" { window = 7 } }"));
        sources.set("rooms.\"*\".linger", "5s");
        Settings settings = sources.load();
        assertThat(settings.room(new RoomName("alerts.us")).window()).isEqualTo(5);
        assertThat(settings.room(new RoomName("alerts.us")).overflow()).isEqualTo(Overflow.DISCONNECT);
        assertThat(settings.room(new RoomName("alerts.eu")).window()).isEqualTo(7);
        assertThat(settings.room(new RoomName("alerts.eu")).overflow())
                .as("one pattern counts, not all that match")
                .isEqualTo(Overflow.DROP_OLDEST);
        assertThat(settings.room(new RoomName("tea")).window()).isEqualTo(50);
        assertThat(settings.room(new RoomName("tea")).linger()).isEqualTo(Duration.ofSeconds(5));
        assertThat(settings.describe())
                .anySatisfy(line -> assertThat(line)
                        .startsWith("rooms.\"alerts.*\".history = \"20\"")
                        .contains("parley.conf: 2"));
    }

    @ParameterizedTest
    @CsvSource({
        "rooms.\"a b\".history,    5,     pattern",
        "rooms.\"a*\".histori,     5,     rooms.\"a*\".histori",
        "rooms.\"a*\".history,     0,     room.history",
        "rooms.\"a*\".window,      2000,  room.window",
        "rooms.\"a*\".history-bytes, 1KiB, room.history-bytes",
        "rooms.history,            5,     rooms.history",
    })
    void whatARoomCannotHaveIsNamed(String key, String value, String named) {
        sources.set(key, value);
        assertThatThrownBy(sources::load).isInstanceOf(SettingsException.class).hasMessageContaining(named);
    }

    @Test
    void secretsAreNotShown() {
        String secret = "a secret that is long enough, surely it is";
        sources.set("access.mode", "token").set("access.secret", secret).set("listen.tls.password", "changeit");
        sources.set("access.api-key", "the key of a backend, which is long too");
        assertThat(sources.load().describe())
                .anySatisfy(line -> assertThat(line).startsWith("access.secret = \"***\""))
                .anySatisfy(line -> assertThat(line).startsWith("listen.tls.password = \"***\""))
                .noneSatisfy(line -> assertThat(line).containsAnyOf(secret, "changeit", "backend"));
        sources.set("access.mode", "anonymous");
        assertThatThrownBy(sources::load)
                .hasMessageContaining("'access.secret'")
                .message()
                .doesNotContain(secret);
    }

    @ParameterizedTest
    @ValueSource(strings = {"*", "null", "https://a.example.com,*", "http://*:*"})
    void aCookieDoesNotGoWithOriginsThatAnyPageCanHave(String origins) {
        sources.set("access.mode", "token").set("access.secret", "a secret that is long enough, surely it is");
        sources.set("access.cookie", "token").set("origins", "https://*.example.com,file://");
        assertThat(sources.load().cookie()).isEqualTo("token");
        sources.set("origins", origins);
        assertThatThrownBy(sources::load)
                .hasMessageContaining("'access.cookie'")
                .hasMessageContaining("'" + origins + "'");
    }

    @ParameterizedTest
    @CsvSource({
        "access.mode,            token,       access.jwks",
        "access.cookie,          token,       access.mode",
        "listen.tls.certificate, server.pem,  listen.tls.key",
        "listen.tls.key,         server.key,  listen.tls.certificate",
        "limits.bytes-per-second, 1KiB,       limits.command-bytes",
        "trusted-proxies,        example.com, 'example.com'",
        "listen.tls.protocols,   TLSv1,       TLSv1.3",
    })
    void whatDoesNotGoTogetherIsSaid(String key, String value, String named) {
        sources.set(key, value);
        assertThatThrownBy(sources::load)
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("'" + key + "'")
                .hasMessageContaining(named);
    }

    /** The reference cannot drift from the code: {@code -Dsettings=write} writes it anew. */
    @Test
    void theReferenceSaysWhatTheCodeSays() throws IOException {
        if ("write".equals(System.getProperty("settings"))) {
            SettingsReference.write();
        }
        assertThat(SettingsReference.read())
                .as("docs/settings.md; mvn test -Dtest=SettingsTest -Dsettings=write writes it anew")
                .isEqualTo(SettingsReference.make());
    }
}

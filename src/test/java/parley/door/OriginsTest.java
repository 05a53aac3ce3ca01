package parley.door;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OriginsTest {
    @ParameterizedTest
    @CsvSource(
            nullValues = "none",
            value = {
                // origin, Host header, allowed without any pattern
                "none,                     parley.example:8080, true",
                "http://parley.example:8080, parley.example:8080, true",
                "http://PARLEY.example:8080, parley.EXAMPLE:8080, true",
                "http://parley.example,    parley.example,      true",
                "http://parley.example,    parley.example:80,   true",
                "https://parley.example,   parley.example,      true",
                "https://parley.example,   parley.example:443,  true",
                "http://[::1]:8080,        [::1]:8080,          true",
                "http://parley.example:81, parley.example:8080, false",
                "http://parley.example:81, parley.example,      false",
                "http://parley.example,    parley.example:8080, false",
                "http://evil.example,      parley.example,      false",
                "http://parley.example.evil.example, parley.example, false",
                "http://evil.example@parley.example, parley.example, false",
                "null,                     parley.example,      false",
                "'',                       parley.example,      false",
                "parley.example,           parley.example,      false",
                "http://parley.example,    none,                false",
                "http://parley.example/x,  parley.example,      false",
            })
    void theSameHostIsAllowedAndNoOriginIs(String origin, String host, boolean allowed) {
        assertThat(new Origins(List.of()).allow(origin, host)).isEqualTo(allowed);
    }

    @ParameterizedTest
    @CsvSource({
        "https://*.example.com, https://a.example.com,      true",
        "https://*.example.com, https://a.b.example.com,    true",
        "https://*.example.com, https://a.example.com:443,  true",
        "https://*.example.com, https://example.com,        false",
        "https://*.example.com, https://.example.com,       false",
        "https://*.example.com, http://a.example.com,       false",
        "https://*.example.com, https://a.example.com:8443, false",
        "https://*.example.com, https://aexample.com,       false",
        "https://*.example.com, https://a.example.com.evil, false",
        "localhost:*,           http://localhost:3000,      true",
        "localhost:*,           https://localhost,          true",
        "localhost:*,           http://localhost.evil:3000, false",
        "example.com,           https://example.com,        true",
        "example.com,           http://example.com,         true",
        "example.com,           http://example.com:8080,    false",
        "http://example.com:8080, http://example.com:8080,  true",
        "http://EXAMPLE.com,    http://example.COM,         true",
        "http://*:3000,         http://any.thing:3000,      true",
        "[::1]:*,               http://[::1]:5173,          true",
        "*,                     null,                       true",
        "*,                     file://,                    true",
        "null,                  null,                       true",
        "null,                  http://null,                false",
        "null,                  file://,                    false",
        "file://,               file://,                    true",
        "file://,               null,                       false",
        "file://,               file:///page,               false",
        "*,                     http://evil.example,        true",
    })
    void patternsAllowWhatTheyCover(String pattern, String origin, boolean allowed) {
        assertThat(new Origins(List.of(pattern)).allow(origin, "parley.example"))
                .isEqualTo(allowed);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"https://a.*.com", "a*", "http://", "http://a/b", "a:b", "https://*.*.com", "a b", "a:123456"})
    void whatIsNoPatternIsNamed(String pattern) {
        assertThatThrownBy(() -> new Origins(List.of(pattern)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + pattern + "'")
                .hasMessageContaining(Origins.RULE);
    }
}

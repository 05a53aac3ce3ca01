package parley.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OperatorSettingsTest {
    @Test
    void aSystemPropertyThatIsASettingIsRefusedByName() {
        Properties properties = new Properties();
        properties.setProperty("parley.nats.url", "nats://there");
        properties.setProperty("parley.config", "/etc/parley.conf");
        assertThatThrownBy(() -> OperatorSettings.refuse(properties, Map.of()))
                .isInstanceOf(RefusedPreparationException.class)
                .hasMessageContaining("'parley.config', 'parley.nats.url'")
                .hasMessageContaining("remove ");
    }

    /** The java that is started may read a variable that the launcher of this process did not. */
    @ParameterizedTest
    @ValueSource(strings = {"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"})
    void aVariableThatGivesTheTrainedProcessASettingIsRefused(String variable) {
        assertThatThrownBy(() -> OperatorSettings.refuse(
                        new Properties(), Map.of(variable, "-Xmx1g -D\"parley.data.folder=/a b\"")))
                .isInstanceOf(RefusedPreparationException.class)
                .hasMessageContaining("'parley.data.folder'");
    }

    @Test
    void optionsThatTheTrainingNeedsAreKept() {
        Properties properties = new Properties();
        properties.setProperty("java.home", "/usr/lib/jvm/parley.jdk");
        assertThatCode(() -> OperatorSettings.refuse(
                        properties, Map.of("JAVA_TOOL_OPTIONS", "-XX:+UseSerialGC -Dfile.encoding=UTF-8")))
                .doesNotThrowAnyException();
    }

    @Test
    void variablesThatAreSettingsAreRemoved() {
        Map<String, String> environment = new HashMap<>(Map.of("PARLEY_DATA_FOLDER", "/data", "PATH", "/bin"));
        OperatorSettings.remove(environment);
        assertThat(environment).containsOnlyKeys("PATH");
    }
}

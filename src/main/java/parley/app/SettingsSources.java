package parley.app;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValueFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Where settings come from. Later ones win: defaults, the application that Parley is in, file, environment, system
 * properties, command line.
 *
 * <p>The file is HOCON, a superset of JSON, as the Typesafe configuration library reads it.
 */
public final class SettingsSources {
    private static final String PROPERTY_PREFIX = "parley.";
    private static final String VARIABLE_PREFIX = "PARLEY_";
    /**
     * Names the file: {@code -Dparley.config=...} or {@code PARLEY_CONFIG}. Not a setting, because a file cannot name
     * itself.
     */
    private static final String FILE_PROPERTY = "parley.config";

    private static final String FILE_VARIABLE = "PARLEY_CONFIG";
    /** What Kubernetes adds to the environment of every pod beside a service whose name begins with 'parley'. */
    private static final String KUBERNETES = "PARLEY(_.*)?_(SERVICE_(HOST|PORT.*)|PORT(_\\d+_(TCP|UDP|SCTP).*)?)";

    private final Map<String, String> environment;
    private final Properties properties;
    private @Nullable Path file;
    private final Map<String, String> commandLine = new LinkedHashMap<>();
    private final Map<String, String> application = new LinkedHashMap<>();

    /** Starts from an environment and system properties. */
    public SettingsSources(Map<String, String> environment, Properties properties) {
        this.environment = environment;
        this.properties = properties;
    }

    /** Starts from those of this process. */
    public static SettingsSources ofProcess() {
        return new SettingsSources(System.getenv(), System.getProperties());
    }

    /** Names the file on the command line. */
    public SettingsSources file(Path path) {
        this.file = path;
        return this;
    }

    /** Takes what the application says itself: an operator's word comes before it. */
    public SettingsSources application(Map<String, String> values) {
        application.putAll(values);
        return this;
    }

    /** Sets a value on the command line. */
    public SettingsSources set(String key, String value) {
        commandLine.put(key, value);
        return this;
    }

    /**
     * Reads everything.
     *
     * @throws SettingsException with a sentence about what cannot be
     */
    public Settings load() {
        return new Settings(from(commandLine, "from the command line")
                .withFallback(from(ofProperties(), "from a system property"))
                .withFallback(from(ofEnvironment(), "from the environment"))
                .withFallback(ofFile())
                .withFallback(from(application, "from a context parameter"))
                .withFallback(from(defaults(), "default")));
    }

    private static Map<String, String> defaults() {
        return Keys.ALL.stream().collect(Collectors.toMap(Setting::key, Setting::initial));
    }

    private Map<String, String> ofProperties() {
        Map<String, String> found = new HashMap<>();
        for (String name : properties.stringPropertyNames()) {
            if (name.startsWith(PROPERTY_PREFIX) && !name.equals(FILE_PROPERTY)) {
                found.put(name.substring(PROPERTY_PREFIX.length()), properties.getProperty(name));
            }
        }
        return found;
    }

    private Map<String, String> ofEnvironment() {
        Map<String, String> keys = Keys.ALL.stream().collect(Collectors.toMap(Setting::variable, Setting::key));
        Map<String, String> found = new HashMap<>();
        environment.forEach((name, value) -> {
            if (isOfKubernetes(name, value)) {
                return;
            }
            if (keys.containsKey(name)) {
                found.put(keys.get(name), value);
            } else if (name.startsWith(VARIABLE_PREFIX) && !name.equals(FILE_VARIABLE)) {
                throw new SettingsException("The environment variable " + name + " names no setting."
                        + nearest(name.substring(VARIABLE_PREFIX.length())
                                .toLowerCase(java.util.Locale.ROOT)
                                .replace('_', '-')));
            }
        });
        return found;
    }

    /**
     * Beside services called parley-status or parley-listen some have the names of settings, with a value that tells.
     */
    private static boolean isOfKubernetes(String name, String value) {
        return name.matches(KUBERNETES)
                && (Keys.ALL.stream().noneMatch(setting -> setting.variable().equals(name))
                        || value.matches("(tcp|udp|sctp)://.*"));
    }

    private Config ofFile() {
        String named = properties.getProperty(FILE_PROPERTY, environment.get(FILE_VARIABLE));
        Path path = file != null ? file : named != null ? Path.of(named) : null;
        if (path == null) {
            return ConfigFactory.empty();
        }
        if (!Files.isReadable(path)) {
            throw new SettingsException("The settings file '" + path + "' is not there or cannot be read.");
        }
        try {
            Config parsed = ConfigFactory.parseFile(
                            path.toFile(), ConfigParseOptions.defaults().setAllowMissing(false))
                    .resolve();
            parsed.entrySet()
                    .forEach(entry -> known(
                            entry.getKey(), "in " + entry.getValue().origin().description()));
            return parsed;
        } catch (ConfigException e) {
            throw new SettingsException("The settings file '" + path + "' cannot be read: " + e.getMessage());
        }
    }

    private static Config from(Map<String, String> values, String origin) {
        Config config = ConfigFactory.empty();
        for (Map.Entry<String, String> entry : values.entrySet()) {
            known(entry.getKey(), origin);
            config = config.withValue(entry.getKey(), ConfigValueFactory.fromAnyRef(entry.getValue(), origin));
        }
        return config;
    }

    private static void known(String key, String origin) {
        List<String> path = path(key, origin);
        // rooms."pattern".history is room.history, for some rooms.
        String name = path.size() == 3 && path.get(0).equals(Settings.ROOMS) ? "room." + path.get(2) : key;
        if (Keys.ALL.stream().noneMatch(setting -> setting.key().equals(name))) {
            throw new SettingsException("There is no setting '" + key + "' (" + origin + ")." + nearest(key));
        }
    }

    private static List<String> path(String key, String origin) {
        try {
            return ConfigUtil.splitPath(key);
        } catch (ConfigException e) {
            throw new SettingsException("'" + key + "' is no key of a setting (" + origin
                    + "). A pattern of rooms stands in quotes: rooms.\"game-*\".window");
        }
    }

    /** Proposes a setting with the same last word, if there is one. */
    private static String nearest(String key) {
        String last = key.substring(key.lastIndexOf('.') + 1);
        return Keys.ALL.stream()
                .map(Setting::key)
                .filter(known -> known.endsWith(last) || last.endsWith(known.substring(known.lastIndexOf('.') + 1)))
                .findFirst()
                .map(known -> " Did you mean '" + known + "'?")
                .orElse(" --print-config lists them all.");
    }
}

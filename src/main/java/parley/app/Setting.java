package parley.app;

import com.typesafe.config.Config;
import java.time.Duration;
import java.util.Locale;
import java.util.function.BiFunction;
import parley.protocol.Userinfo;

/**
 * One setting: its key, default, unit, range and what it is for. The table of all of them is {@link Keys#ALL}.
 * Immutable.
 *
 * @param key the dotted key, the same in a file, after {@code --set} and, with {@code parley.} before, as a system
 *     property
 * @param initial the default, written as an operator would write it
 * @param range what is allowed, in words
 * @param meaning one sentence for the reference
 * @param isSecret whether its value is never shown
 */
record Setting<T>(
        String key,
        String initial,
        String range,
        String meaning,
        boolean isSecret,
        BiFunction<Config, String, T> reader) {
    /** Shown in place of a secret. */
    static final String MASK = "***";

    Setting(String key, String initial, String range, String meaning, BiFunction<Config, String, T> reader) {
        this(key, initial, range, meaning, false, reader);
    }

    /** The name of the environment variable that sets it. */
    String variable() {
        return "PARLEY_" + key.toUpperCase(Locale.ROOT).replaceAll("[.-]", "_");
    }

    /**
     * Reads the value.
     *
     * @throws SettingsException when it is not of the kind or outside the range
     */
    T read(Config config) {
        try {
            return reader.apply(config, key);
        } catch (com.typesafe.config.ConfigException | IllegalArgumentException e) {
            String value = isSecret
                    ? MASK
                    : Userinfo.masked(config.getValue(key).unwrapped().toString());
            String from = config.getValue(key).origin().description();
            String detail =
                    e instanceof IllegalArgumentException && e.getMessage() != null ? e.getMessage() + "; " : "";
            throw new SettingsException("Setting '" + key + "' cannot be '" + value + "' (" + from + "): " + detail
                    + "allowed is " + range + ".");
        }
    }

    static Setting<String> text(String key, String range, String meaning) {
        return new Setting<>(key, "", range, meaning, Config::getString);
    }

    static Setting<String> secret(String key, String range, String meaning) {
        return new Setting<>(key, "", range, meaning, true, Config::getString);
    }

    static Setting<Integer> number(String key, int initial, int least, int most, String unit, String meaning) {
        return new Setting<>(key, String.valueOf(initial), least + " to " + most + " " + unit, meaning, (config, k) -> {
            // The library would cut 1.5 down to 1.
            int value = config.getString(k).strip().matches("-?\\d+") ? config.getInt(k) : least - 1;
            return within(value >= least && value <= most, value);
        });
    }

    static Setting<Long> bytes(
            String key,
            String initial,
            long least,
            String leastInWords,
            long most,
            String mostInWords,
            String meaning) {
        return new Setting<>(
                key, initial, "a size from " + leastInWords + " to " + mostInWords, meaning, (config, k) -> {
                    long value = config.getBytes(k);
                    return within(value >= least && value <= most, value);
                });
    }

    static Setting<Duration> time(
            String key, String initial, Duration least, Duration most, String range, String meaning) {
        return new Setting<>(key, initial, range, meaning, (config, k) -> {
            Duration value = config.getDuration(k);
            return within(value.compareTo(least) >= 0 && value.compareTo(most) <= 0, value);
        });
    }

    static <E extends Enum<E>> Setting<E> choice(String key, E initial, Class<E> kind, String meaning) {
        String allowed = String.join(
                ", ",
                java.util.stream.Stream.of(kind.getEnumConstants())
                        .map(Setting::word)
                        .toList());
        return new Setting<>(key, word(initial), "one of " + allowed, meaning, (config, k) -> {
            String value = config.getString(k);
            for (E constant : kind.getEnumConstants()) {
                if (word(constant).equals(value)) {
                    return constant;
                }
            }
            throw new IllegalArgumentException();
        });
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static <V> V within(boolean isWithin, V value) {
        if (!isWithin) {
            throw new IllegalArgumentException();
        }
        return value;
    }
}

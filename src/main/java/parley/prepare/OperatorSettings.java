package parley.prepare;

import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The operator's settings, which must not reach a trained process: it would open the data folder or join the cluster.
 * Static functions for any thread.
 */
final class OperatorSettings {
    private static final String PROPERTY_PREFIX = "parley.";
    private static final String VARIABLE_PREFIX = "PARLEY_";
    /** Variables from which each Java process takes options; {@code java} alone reads the second. */
    private static final List<String> OPTIONS = List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS");

    private static final Pattern PROPERTY =
            Pattern.compile("-D[\"']?(" + Pattern.quote(PROPERTY_PREFIX) + "[^=\\s\"']*)");

    private OperatorSettings() {}

    /**
     * Refuses system properties that are settings, of this process and of those that it starts. They cannot be removed
     * as variables can: the variable has options that the training needs, and files of options are read by Java alone.
     *
     * @throws RefusedPreparationException with their names
     */
    static void refuse(Properties properties, Map<String, String> environment) throws RefusedPreparationException {
        TreeSet<String> found = new TreeSet<>();
        for (String name : properties.stringPropertyNames()) {
            if (name.startsWith(PROPERTY_PREFIX)) {
                found.add(name);
            }
        }
        for (String variable : OPTIONS) {
            Matcher property = PROPERTY.matcher(environment.getOrDefault(variable, ""));
            while (property.find()) {
                found.add(property.group(1));
            }
        }
        if (!found.isEmpty()) {
            throw new RefusedPreparationException("The system property '" + String.join("', '", found)
                    + "' is a setting, and the training takes none; remove -D" + found.first()
                    + " from the command, from JAVA_TOOL_OPTIONS and from JDK_JAVA_OPTIONS, and give it to the process"
                    + " that the folder starts.");
        }
    }

    /** Removes the variables that are settings. */
    static void remove(Map<String, String> environment) {
        environment.keySet().removeIf(name -> name.startsWith(VARIABLE_PREFIX));
    }
}

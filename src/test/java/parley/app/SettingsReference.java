package parley.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The part of {@code docs/settings.md} that is made from the settings: a section a group, an entry a setting. */
final class SettingsReference {
    private static final Path DOCUMENT = Path.of("docs/settings.md");
    private static final String BEGIN = "<!-- made from the code -->\n";
    private static final String END = "<!-- end of what is made from the code -->\n";
    private static final int COLUMNS = 120;

    private SettingsReference() {}

    /** The part as the document has it. */
    static String read() throws IOException {
        String document = Files.readString(DOCUMENT);
        return document.substring(document.indexOf(BEGIN) + BEGIN.length(), document.indexOf(END));
    }

    /** Puts the part into the document. */
    static void write() throws IOException {
        String document = Files.readString(DOCUMENT);
        Files.writeString(
                DOCUMENT,
                document.substring(0, document.indexOf(BEGIN) + BEGIN.length())
                        + make()
                        + document.substring(document.indexOf(END)));
    }

    /** The part as the code has it. */
    static String make() {
        Map<String, List<Setting<?>>> groups = new LinkedHashMap<>();
        for (Setting<?> setting : Keys.ALL) {
            groups.computeIfAbsent(group(setting.key()), group -> new ArrayList<>())
                    .add(setting);
        }
        String index = groups.keySet().stream()
                .map(group -> "[" + group + "](#" + group.replace(' ', '-') + ")")
                .collect(Collectors.joining(", ", "Groups: ", "."));
        StringBuilder part = new StringBuilder(filled(index, ""));
        groups.forEach((group, settings) -> {
            part.append("\n## ").append(group).append('\n');
            settings.forEach(setting -> part.append(entry(setting)));
        });
        return part.toString();
    }

    private static String group(String key) {
        int dot = key.indexOf('.');
        return dot < 0 ? "origins and proxies" : key.substring(0, dot);
    }

    private static String entry(Setting<?> setting) {
        return "\n### `" + setting.key() + "`\n\n"
                + filled(setting.meaning(), "")
                + "\n- default: " + (setting.initial().isEmpty() ? "none" : "`" + setting.initial() + "`") + '\n'
                + filled("- allowed: " + setting.range(), "  ");
    }

    /** In lines that fit a terminal. */
    private static String filled(String text, String indent) {
        StringBuilder lines = new StringBuilder();
        StringBuilder line = new StringBuilder();
        for (String word : text.replace("<", "&lt;").replace("*", "\\*").split(" ")) {
            if (line.length() + 1 + word.length() > COLUMNS) {
                lines.append(line).append('\n');
                line.setLength(0);
                line.append(indent).append(word);
            } else {
                line.append(line.isEmpty() ? "" : " ").append(word);
            }
        }
        return lines.append(line).append('\n').toString();
    }
}

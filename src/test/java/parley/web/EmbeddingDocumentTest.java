package parley.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import parley.app.Parley;
import parley.app.SettingsSources;

/** docs/embedding.md shows the files that the tests deploy, docs/java-client.md those that they run. */
class EmbeddingDocumentTest {
    private static final Pattern SHOWN = Pattern.compile("<!-- file (\\S+) -->\n```java\n(.*?)```\n", Pattern.DOTALL);

    @ParameterizedTest
    @CsvSource({"docs/embedding.md, 8", "docs/java-client.md, 1"})
    void theExamplesAreTheFilesOfTheTests(String document, int least) throws Exception {
        Matcher shown = SHOWN.matcher(Files.readString(Path.of(document)));
        List<String> files = new ArrayList<>();
        while (shown.find()) {
            files.add(shown.group(1));
            assertThat(shown.group(2)).as(shown.group(1)).isEqualTo(Files.readString(Path.of(shown.group(1))));
        }
        assertThat(files).hasSizeGreaterThanOrEqualTo(least);
    }

    /** Ours, and the others that EmbeddedIT deploys. */
    @Test
    void theVersionsOfLibrariesAreThoseOfTheBuild() throws Exception {
        String build = Files.readString(Path.of("pom.xml"));
        String document = Files.readString(Path.of("docs/embedding.md"));
        Matcher other = Pattern.compile("<other\\.(\\S+)\\.version>(.+?)<").matcher(build);
        List<String> names = new ArrayList<>();
        while (other.find()) {
            String name = other.group(1);
            names.add(name);
            Matcher ours = Pattern.compile("<" + Pattern.quote(name) + "\\.version>(.+?)<")
                    .matcher(build);
            assertThat(ours.find()).as(name).isTrue();
            assertThat(document).contains("| " + ours.group(1) + " | " + other.group(2) + " |");
        }
        assertThat(names).hasSizeGreaterThan(2);
    }

    /** Without a prefix each path has to be named to the server before there is a router. */
    @Test
    void allRoutesHaveTheServletThatMayBeAsynchronous() {
        Parley parley = new Parley(new SettingsSources(Map.of(), new Properties()).load());
        try {
            Stream<String> paths = parley.routes().routes().keySet().stream().map(pattern -> {
                int end = pattern.indexOf("/{");
                return end < 0 ? pattern : pattern.substring(0, end) + "/*";
            });
            assertThat(paths.distinct()).containsExactlyInAnyOrderElementsOf(Placement.MAPPINGS);
        } finally {
            parley.stop();
        }
    }
}

package parley.servers;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The document names the servers that are tested, in the versions that are tested, and what differs on them. */
class ServersDocumentTest {
    private static final Pattern PROFILE =
            Pattern.compile("<server>(.*?)</server>.*?<server.version>(.*?)</server.version>", Pattern.DOTALL);

    @Test
    void theTableHasNoFailure() throws Exception {
        List<String> table = table();
        assertThat(table.subList(2, table.size()))
                .allSatisfy(row -> assertThat(row.split(" *\\| *")[5]).isEqualTo("0"));
    }

    /** Whoever changes a version has to run the tests on it. */
    @Test
    void theTableHasEveryServerInTheVersionOfThePom() throws Exception {
        List<String> wanted = new ArrayList<>(List.of("standalone"));
        Matcher profile = PROFILE.matcher(Files.readString(Path.of("pom.xml")).split("<profiles>")[1]);
        while (profile.find()) {
            wanted.add(profile.group(1) + " " + profile.group(2));
        }
        List<String> tested = table().stream()
                .skip(2)
                .map(row -> row.split(" *\\| *"))
                .map(cells -> cells[1].equals("standalone") ? cells[1] : cells[1] + " " + cells[2])
                .distinct()
                .toList();
        assertThat(tested).containsExactlyInAnyOrderElementsOf(wanted);
        assertThat(Arrays.stream(Kind.values()).map(Kind::toString))
                .containsExactlyInAnyOrderElementsOf(
                        wanted.stream().map(name -> name.split(" ")[0]).toList());
    }

    /** One that says nothing has what the server of the test command lacks, and leaves out tests that it passes. */
    @Test
    void eachProfileSaysWhichTestsAreNotForIt() throws Exception {
        String profiles = Files.readString(Path.of("pom.xml")).split("<profiles>")[1];
        List<String> each = List.of(profiles.split("</profile>\\s*"));
        assertThat(each.subList(0, each.size() - 1))
                .isNotEmpty()
                .allSatisfy(profile -> assertThat(profile).contains("<server.lacks"));
    }

    @ParameterizedTest
    @EnumSource
    void theDocumentSaysWhatDiffersAndWhere(Difference difference) throws Exception {
        List<String> servers = Arrays.stream(Kind.values())
                .filter(kind -> kind.has(difference))
                .map(Kind::toString)
                .toList();
        assertThat(servers).isNotEmpty();
        assertThat(Files.readString(Results.DOCUMENT).replaceAll("\\s+", " "))
                .contains("- " + String.join(", ", servers) + ": " + difference.words());
    }

    private static List<String> table() throws Exception {
        String text = Files.readString(Results.DOCUMENT);
        return text.substring(text.indexOf(Results.BEGIN) + Results.BEGIN.length(), text.indexOf(Results.END))
                .strip()
                .lines()
                .toList();
    }
}

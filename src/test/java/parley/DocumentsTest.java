package parley;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds for every document: lines that fit a terminal, links that lead somewhere, words that are not worn. */
class DocumentsTest {
    private static final int COLUMNS = 120;
    private static final Pattern LINK = Pattern.compile("\\[[^\\]]*]\\(([^)\\s]+)\\)");
    private static final Pattern HEADING = Pattern.compile("#{1,6} +(.*)");

    /** Phrases with a plainer form, each with it. */
    private static final List<Pattern> WORN = Stream.of(
                    "as much as may be",
                    "made good",
                    "may not be",
                    "one that everything hangs on",
                    "say it again later",
                    "and so forth",
                    "in order to",
                    "please note",
                    "simply put",
                    "it should be noted",
                    "as a matter of fact",
                    "\\b(is|are|be|was|were) told\\b",
                    "\\bwishes\\b",
                    "\\bstrangers?\\b",
                    "(^|[.:;] )Who (?!.*\\?)",
                    "\\b(and|but|to|for|from|with|since|that) who (?!may |is there)",
                    "\\b[Ss]o many\\b",
                    "(^|[.] )What (?!.*\\?)[a-z ]+ (is|are|has|have) ")
            .map(phrase -> Pattern.compile(phrase))
            .toList();

    static Stream<Path> documents() throws IOException {
        List<Path> all = new ArrayList<>();
        for (String folder : List.of(".", "docs", "docs/decisions", "findings")) {
            try (Stream<Path> files = Files.list(Path.of(folder))) {
                files.filter(file -> file.toString().endsWith(".md"))
                        .map(Path::normalize)
                        .forEach(all::add);
            }
        }
        return all.stream().sorted();
    }

    /** The lines outside blocks of code: a command or an answer stands there as it is. */
    private static List<String> prose(Path document) throws IOException {
        List<String> prose = new ArrayList<>();
        boolean isCode = false;
        for (String line : Files.readAllLines(document)) {
            boolean isFence = line.strip().startsWith("```");
            prose.add(isCode || isFence || line.startsWith("    ") ? "" : line);
            isCode = isFence != isCode;
        }
        return prose;
    }

    @ParameterizedTest
    @MethodSource("documents")
    void linesFitATerminal(Path document) throws IOException {
        List<String> prose = prose(document);
        assertThat(prose)
                .filteredOn(line -> line.length() > COLUMNS && !line.startsWith("<img "))
                .as(document + " has lines of more than " + COLUMNS + " columns")
                .isEmpty();
    }

    @ParameterizedTest
    @MethodSource("documents")
    void linksLeadSomewhere(Path document) throws IOException {
        List<String> dead = new ArrayList<>();
        Matcher link = LINK.matcher(String.join("\n", prose(document)));
        while (link.find()) {
            String target = link.group(1);
            if (target.startsWith("http:") || target.startsWith("https:")) {
                continue;
            }
            String[] parts = target.split("#", 2);
            Path folder = document.toAbsolutePath().getParent();
            Path file = parts[0].isEmpty() ? document.toAbsolutePath() : folder.resolve(parts[0]);
            boolean isThere =
                    Files.exists(file) && (parts.length == 1 || anchors(file).contains(parts[1]));
            if (!isThere) {
                dead.add(target);
            }
        }
        assertThat(dead).as("dead links of " + document).isEmpty();
    }

    /** The anchors that GitHub makes of headings. */
    private static Set<String> anchors(Path document) throws IOException {
        Set<String> anchors = new HashSet<>();
        for (String line : prose(document)) {
            Matcher heading = HEADING.matcher(line);
            if (heading.matches()) {
                String anchor = heading.group(1)
                        .toLowerCase(Locale.ROOT)
                        .replaceAll("[^\\p{L}\\p{N} _-]", "")
                        .replace(' ', '-');
                String numbered = anchor;
                for (int i = 1; !anchors.add(numbered); i++) {
                    numbered = anchor + "-" + i;
                }
            }
        }
        return anchors;
    }

    @ParameterizedTest
    @MethodSource("documents")
    void wordsArePlain(Path document) throws IOException {
        if (document.endsWith("CHANGELOG.md")) {
            return; // what was written about a version stays
        }
        List<String> found = new ArrayList<>();
        for (String line : prose(document)) {
            for (Pattern worn : WORN) {
                if (worn.matcher(line).find()) {
                    found.add(line + "   <- " + worn);
                }
            }
        }
        assertThat(found).as("worn phrases in " + document).isEmpty();
    }

    /** The index leads to every document. */
    @Test
    void theIndexNamesEveryDocument() throws IOException {
        String index = Files.readString(Path.of("docs/README.md"));
        assertThat(documents().filter(path -> path.startsWith("docs") && path.getNameCount() == 2))
                .filteredOn(path -> !path.endsWith("README.md"))
                .allSatisfy(path -> assertThat(index).contains("(" + path.getFileName() + ")"));
    }

    /** The checks themselves. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "The client is told what it missed",
                "Who comes back gets the rest",
                "it is made good",
                "the rest, and who reads gets it"
            })
    void wornPhrasesAreFound(String line) {
        assertThat(WORN)
                .anySatisfy(worn -> assertThat(worn.matcher(line).find()).isTrue());
    }
}

package parley.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Messages as people write them, for what compression makes of them: the prose of this repository's documents, cut into
 * pieces of 20 to 180 characters, each of which is said once in {@value #MOST} messages.
 */
final class ChatText {
    private static final int MOST = 2000;
    private static final int SHORTEST = 20;
    private static final int LONGEST = 180;

    private ChatText() {}

    /** Returns the messages, each behind the room for a mark. */
    static List<String> messages() throws IOException {
        StringBuilder prose = new StringBuilder();
        try (Stream<Path> documents = Files.list(Path.of("docs"))) {
            for (Path document : documents
                    .filter(path -> path.toString().endsWith(".md"))
                    .sorted()
                    .toList()) {
                Files.readString(document, StandardCharsets.UTF_8)
                        .lines()
                        .filter(line -> !line.isEmpty() && Character.isLetter(line.charAt(0)))
                        .forEach(line -> prose.append(line.replaceAll("[^ -~]|[\"\\\\]", " "))
                                .append(' '));
            }
        }
        List<String> messages = new ArrayList<>();
        int at = 0;
        while (messages.size() < MOST && at + LONGEST < prose.length()) {
            // Lengths that follow one another without a pattern, the same in every run.
            int length = SHORTEST + (messages.size() * 7919) % (LONGEST - SHORTEST);
            messages.add(" ".repeat(Marks.LENGTH) + " " + prose.substring(at, at + length));
            at += length;
        }
        return messages;
    }
}

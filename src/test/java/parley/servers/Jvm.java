package parley.servers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Looks into the Java of a server from outside, with the JDK's {@code jcmd}. */
public final class Jvm {
    private static final Pattern THREAD = Pattern.compile("^\"(.*)\" .*tid=(0x\\p{XDigit}+)");

    private final ProcessHandle process;

    /** Of that process. */
    public Jvm(ProcessHandle process) {
        this.process = process;
    }

    /**
     * The threads that have that text in their name or stack, by an id that no other gets: what jcmd prints of each.
     */
    public Map<String, String> threads(String text) {
        Map<String, String> threads = new LinkedHashMap<>();
        for (String thread : ask("Thread.print").split("\n\n")) {
            Matcher head = THREAD.matcher(thread.strip());
            if (head.find() && thread.contains(text)) {
                threads.put(head.group(2), thread.strip());
            }
        }
        return threads;
    }

    /** How many classes of that name are loaded, each by another class loader, after a collection. */
    public int classes(String name) {
        ask("GC.run");
        return (int) ask("VM.class_hierarchy", name)
                .lines()
                .filter(line -> line.contains("--" + name + "/"))
                .count();
    }

    /** How many objects of these classes are alive, after a collection. */
    public int instances(Collection<String> classes) {
        return ask("GC.class_histogram")
                .lines()
                .map(line -> line.strip().split("\\s+"))
                .filter(columns -> columns.length >= 4 && classes.contains(columns[3]))
                .mapToInt(columns -> Integer.parseInt(columns[1]))
                .sum();
    }

    private String ask(String... question) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(), String.valueOf(process.pid())));
        command.addAll(Arrays.asList(question));
        try {
            Process jcmd = new ProcessBuilder(command).redirectErrorStream(true).start();
            String answer = new String(jcmd.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (jcmd.waitFor() != 0) {
                throw new AssertionError(String.join(" ", command) + " says: " + answer);
            }
            return answer;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while asking " + process, e);
        }
    }
}

package parley.prepare;

import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * A folder that {@code --prepare} has written: what is in it, and whether it still fits the process that runs from it.
 * Any thread.
 *
 * <p>Java goes on without an archive that does not fit, slower than it would be without any, and up to 25.0.3 may take
 * classes from it that have been replaced (JDK-8377932). So the folder keeps a record: the Java that it was made with,
 * and the size and time of each file.
 */
public final class PreparedFolder {
    /** The jar to run, with the page in it. */
    static final String JAR = "parley.jar";

    static final String LIBRARIES = "lib";
    /** Options for Java, as the argument of {@code java @<file>}. Written last: with it the folder is whole. */
    static final String ARGUMENTS = "parley.args";

    private static final String RECORD = "prepared.properties";
    private static final String JAVA = "java";
    private static final String FILE = "file.";

    private final Path folder;

    PreparedFolder(Path folder) {
        this.folder = folder;
    }

    /** The folder of a process by its class path; empty when it runs from the WAR, or from classes. */
    public static Optional<PreparedFolder> of(Path classPath) {
        Path folder = classPath.toAbsolutePath().getParent();
        return classPath.endsWith(JAR) && folder != null && Files.exists(folder.resolve(RECORD))
                ? Optional.of(new PreparedFolder(folder))
                : Optional.empty();
    }

    /**
     * Says, in one sentence for the operator, why this process runs without the archive, or with a wrong one; empty
     * when all fits. Reads the record and the attributes of its files.
     */
    public Optional<String> misfit() {
        String again = "Parley runs all the same. Prepare a new folder with java -jar parley.war --prepare <folder>";
        try {
            Properties record = new Properties();
            try (Reader in = Files.newBufferedReader(folder.resolve(RECORD), StandardCharsets.UTF_8)) {
                record.load(in);
            }
            if (!thisJava().equals(record.getProperty(JAVA))) {
                return Optional.of("The folder '" + folder + "' was prepared with Java " + record.getProperty(JAVA)
                        + " and this is Java " + thisJava() + ", which starts slowly from it. " + again
                        + " and this Java, or run it with that one.");
            }
            List<String> changed = record.stringPropertyNames().stream()
                    .filter(name -> name.startsWith(FILE))
                    .filter(name -> !record.getProperty(name).equals(state(name.substring(FILE.length()))))
                    .map(name -> name.substring(FILE.length()))
                    .sorted()
                    .toList();
            if (!changed.isEmpty()) {
                return Optional.of("In the folder '" + folder + "', " + changed.get(0)
                        + (changed.size() == 1 ? " is" : " and " + (changed.size() - 1) + " more files are")
                        + " not as prepared, so that old classes may run, or none are archived. " + again
                        + " for each version, and change nothing in it.");
            }
            if (!isSharing()) {
                return Optional.of("Java does not use the archive in the folder '" + folder + "': ZGC, a heap beyond"
                        + " 32 GB and, from JDK 25, agents need one that was prepared with the same and fits nothing"
                        + " else. "
                        + again + " and the same options in JAVA_TOOL_OPTIONS.");
            }
            return Optional.empty();
        } catch (IOException | IllegalArgumentException e) {
            return Optional.of("The folder '" + folder + "' cannot be compared with its record " + RECORD + " (" + e
                    + "). " + again + ".");
        }
    }

    /** Whether Java has archived classes at all: it has none, not even its own, where ours do not fit. */
    private static boolean isSharing() {
        return System.getProperty("java.vm.info", "").contains("sharing");
    }

    private static String thisJava() {
        return Runtime.version() + " (" + System.getProperty("java.vm.vendor") + ", " + System.getProperty("os.arch")
                + ")";
    }

    private String state(String name) {
        try {
            Path file = folder.resolve(name);
            // Layers of images keep whole seconds.
            return Files.size(file) + " " + Files.getLastModifiedTime(file).to(TimeUnit.SECONDS);
        } catch (IOException e) {
            return "missing";
        }
    }

    /** Gives the files the times that Java and the record then find, also where only whole seconds are kept. */
    void settle(List<String> files, FileTime time) throws IOException {
        for (String file : files) {
            Files.setLastModifiedTime(folder.resolve(file), FileTime.from(time.to(TimeUnit.SECONDS), TimeUnit.SECONDS));
        }
    }

    /** Writes the record of those files. */
    void record(List<String> files) throws IOException {
        Properties record = new Properties();
        record.setProperty(JAVA, thisJava());
        files.forEach(file -> record.setProperty(FILE + file, state(file)));
        try (Writer out = Files.newBufferedWriter(folder.resolve(RECORD), StandardCharsets.UTF_8)) {
            record.store(out, "What this folder was prepared with. Parley compares it at each start.");
        }
    }

    /** Writes the file of arguments. Paths are absolute, since a service may start anywhere. */
    void writeArguments(ClassArchive archive) throws IOException {
        List<String> arguments = new ArrayList<>(archive.running(folder));
        arguments.add("-jar");
        arguments.add(folder.resolve(JAR).toString());
        Files.writeString(
                folder.resolve(ARGUMENTS),
                arguments.stream().map(PreparedFolder::quoted).collect(Collectors.joining("\n", "", "\n")),
                Charset.forName(System.getProperty("native.encoding", "UTF-8")));
    }

    /** As the java command reads files of arguments. */
    private static String quoted(String argument) {
        return '"' + argument.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
}

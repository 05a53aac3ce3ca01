package parley.prepare;

import java.nio.file.Path;
import java.util.List;

/**
 * The kind of archive that this Java makes of the classes that a process has loaded, and its options. Immutable.
 *
 * @see <a href="https://openjdk.org/jeps/310">JEP 310, class data sharing for applications</a>
 * @see <a href="https://openjdk.org/jeps/514">JEP 514, ahead-of-time caches, from JDK 25</a>
 */
enum ClassArchive {
    /**
     * Parsed classes. Made from a list: an archive made at the exit of a process leaves out picocli, whose class files
     * are too old, and all that refers to it.
     */
    CLASS_DATA("parley.jsa") {
        @Override
        List<String> training(Path folder) {
            return List.of("-XX:DumpLoadedClassList=" + folder.resolve(LOADED));
        }

        @Override
        List<String> making(Path folder) {
            return List.of(
                    "-Xshare:dump",
                    "-XX:SharedClassListFile=" + folder.resolve(LOADED),
                    "-XX:SharedArchiveFile=" + folder.resolve(file()),
                    "-cp",
                    folder.resolve(PreparedFolder.JAR).toString());
        }

        @Override
        List<String> running(Path folder) {
            return List.of("-XX:SharedArchiveFile=" + folder.resolve(file()));
        }

        @Override
        String insisting() {
            return "-Xshare:on";
        }
    },

    /** Parsed and linked classes, and the profiles of their methods (JEP 515). Made at the end of the training. */
    AHEAD_OF_TIME("parley.aot") {
        @Override
        List<String> training(Path folder) {
            return List.of("-XX:AOTCacheOutput=" + folder.resolve(file()));
        }

        @Override
        List<String> making(Path folder) {
            return List.of();
        }

        @Override
        List<String> running(Path folder) {
            // An older Java ends at an option that it does not know.
            return List.of("-XX:+IgnoreUnrecognizedVMOptions", "-XX:AOTCache=" + folder.resolve(file()));
        }

        @Override
        String insisting() {
            return "-XX:AOTMode=on";
        }
    };

    /** What the training writes for {@link #making}; gone afterwards. */
    static final String LOADED = "classes.lst";

    private static final int FIRST_WITH_CACHE = 25;

    private final String file;

    ClassArchive(String file) {
        this.file = file;
    }

    /** That of the Java that runs this. */
    static ClassArchive ofThisJava() {
        return Runtime.version().feature() >= FIRST_WITH_CACHE ? AHEAD_OF_TIME : CLASS_DATA;
    }

    /** The archive's name in the folder. */
    String file() {
        return file;
    }

    /** Options of the process that is trained. */
    abstract List<String> training(Path folder);

    /** Arguments of the process that makes the archive then; none where the trained process has made it. */
    abstract List<String> making(Path folder);

    /** Options of the processes that use it. */
    abstract List<String> running(Path folder);

    /** The option by which Java ends rather than starting without the archive. */
    abstract String insisting();
}

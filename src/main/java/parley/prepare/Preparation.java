package parley.prepare;

import java.io.File;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * {@code --prepare}: unpacks the WAR that runs into a folder, trains a process on it, and leaves an archive of its
 * classes and the one command that uses it. Whole, or nothing is left. Used by one thread.
 *
 * <p>The process that is trained listens on a free port of loopback, and its rooms are in memory.
 */
public final class Preparation {
    private static final Logger LOG = System.getLogger("parley.prepare");
    private static final Duration TO_CLEAN_UP = Duration.ofSeconds(10);

    private final Path war;
    private final Path folder;
    private final Clock clock;
    private final ClassArchive archive = ClassArchive.ofThisJava();
    /** Whether the folder was not there before. */
    private final boolean isNew;

    private Preparation(Path war, Path folder, boolean isNew, Clock clock) {
        this.war = war;
        this.folder = folder;
        this.isNew = isNew;
        this.clock = clock;
    }

    /**
     * Checks the options of Java and the folder, and makes the folder when it is not there.
     *
     * @param war what runs
     * @param folder an empty one, or one that can be made
     * @throws RefusedPreparationException when a system property is a setting, or the folder is not empty, has
     *     a path that archives cannot take, or cannot be written
     * @throws IOException when this process does not run from the WAR
     */
    public static Preparation of(Path war, Path folder, Clock clock) throws RefusedPreparationException, IOException {
        if (!UnpackedWar.isWar(war)) {
            throw new IOException("'" + war + "' is not the WAR; run java -jar parley.war --prepare <folder>");
        }
        OperatorSettings.refuse(System.getProperties(), System.getenv());
        Path absolute = folder.toAbsolutePath().normalize();
        checkPath(absolute);
        if (Files.exists(absolute) && !Files.isDirectory(absolute)) {
            throw unfit(absolute, "is a file", "name a folder that is empty or not there yet");
        }
        try {
            boolean isNew = !Files.exists(absolute);
            Files.createDirectories(absolute);
            Path real = absolute.toRealPath();
            try {
                checkPath(real); // a link may lead to it, and its jars and archive have the real path
            } catch (RefusedPreparationException e) {
                if (isNew) {
                    Files.delete(real);
                }
                throw e;
            }
            try (Stream<Path> inside = Files.list(absolute)) {
                if (inside.findAny().isPresent()) {
                    throw unfit(absolute, "is not empty", "name a new one for each version");
                }
            }
            Files.delete(Files.createTempFile(absolute, "parley", ""));
            return new Preparation(war.toAbsolutePath(), real, isNew, clock);
        } catch (IOException e) {
            throw unfit(absolute, "cannot be written (" + e + ")", "name one that this user may write");
        }
    }

    /** JDK 17 archives no class of a jar whose address has to be escaped, and says nothing. */
    private static void checkPath(Path folder) throws RefusedPreparationException {
        if (folder.toString().contains(File.pathSeparator)
                || folder.toUri().getRawPath().contains("%")) {
            throw unfit(
                    folder, "has a path with blanks or special characters", "name one of ASCII letters, digits, . _ -");
        }
    }

    private static RefusedPreparationException unfit(Path folder, String why, String instead) {
        return new RefusedPreparationException("The folder '" + folder + "' " + why + "; " + instead + ".");
    }

    /**
     * Runs it; some seconds.
     *
     * @return the command that starts Parley from the folder
     * @throws IOException with what failed; nothing is left then
     */
    public List<String> run() throws IOException, InterruptedException {
        Thread worker = Thread.currentThread();
        CountDownLatch over = new CountDownLatch(1);
        Thread hook = new Thread(() -> stop(worker, over), "parley-prepare-stop");
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            return prepare();
        } catch (IOException | InterruptedException | RuntimeException e) {
            cleanUp();
            throw e;
        } finally {
            over.countDown();
            forget(hook);
        }
    }

    /** A signal ends the process: the thread that works takes away what it has written before. */
    private static void stop(Thread worker, CountDownLatch over) {
        worker.interrupt();
        try {
            if (!over.await(TO_CLEAN_UP.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.log(Level.WARNING, "the preparation does not end; something may be left in its folder");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private List<String> prepare() throws IOException, InterruptedException {
        PreparedFolder prepared = new PreparedFolder(folder);
        List<String> files = new ArrayList<>(UnpackedWar.write(war, folder));
        FileTime time = FileTime.from(clock.instant());
        prepared.settle(files, time);
        String said = train();
        if (!archive.making(folder).isEmpty()) {
            said = runToEnd(archive.making(folder));
        }
        Files.deleteIfExists(folder.resolve(ClassArchive.LOADED));
        if (!Files.exists(folder.resolve(archive.file()))) { // Java may end with 0 without it
            throw new IOException("Java has made no archive. " + said);
        }
        prepared.settle(List.of(archive.file()), time);
        files.add(archive.file());
        prepared.record(files);
        List<String> insisting = new ArrayList<>(List.of(archive.insisting()));
        insisting.addAll(archive.running(folder));
        insisting.addAll(List.of("-jar", folder.resolve(PreparedFolder.JAR).toString(), "--version"));
        runToEnd(insisting);
        prepared.writeArguments(archive);
        return List.of(java(), "@" + folder.resolve(PreparedFolder.ARGUMENTS));
    }

    /** Returns the last lines of the process. */
    private String train() throws IOException, InterruptedException {
        List<String> arguments = new ArrayList<>(archive.training(folder));
        arguments.addAll(List.of(
                "-XX:-UsePerfData", "-jar", folder.resolve(PreparedFolder.JAR).toString()));
        arguments.addAll(List.of("--host", "127.0.0.1", "--port", "0"));
        arguments.addAll(List.of("--set", "limits.commands-per-second=0", "--set", "limits.bytes-per-second=0"));
        try (TrainedProcess process = start(arguments)) {
            new TrainingLoad(process.port()).run();
            process.stop();
            process.awaitSuccess();
            return process.said();
        }
    }

    private static String runToEnd(List<String> arguments) throws IOException, InterruptedException {
        try (TrainedProcess process = start(arguments)) {
            process.awaitSuccess();
            return process.said();
        }
    }

    private static TrainedProcess start(List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(java()));
        command.addAll(arguments);
        return TrainedProcess.start(command);
    }

    /** The one that runs this, since an archive fits no other. */
    private static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    private void cleanUp() {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                if (isNew || !each.equals(folder)) {
                    Files.deleteIfExists(each);
                }
            }
        } catch (IOException e) {
            LOG.log(Level.WARNING, "something is left in '" + folder + "': delete it", e);
        }
    }

    private static void forget(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // it runs, since the process is being ended
        }
    }
}

package parley.prepare;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;

/**
 * The WAR as plain jars, since the archives of Java take no classes from nested ones: a jar with the page that names
 * all others, one with the classes, and the libraries. Used by one thread.
 */
final class UnpackedWar {
    private static final String INDEX = "WEB-INF/classpath.idx";
    private static final String CLASSES = "WEB-INF/classes/";
    /** The loader of nested jars, which is not needed any more. */
    private static final String LOADER = "org/";

    private static final Attributes.Name START = new Attributes.Name("Start-Class");

    private UnpackedWar() {}

    /** Whether a file is the executable WAR. */
    static boolean isWar(Path file) {
        if (!Files.isRegularFile(file)) {
            return false;
        }
        try (JarFile war = new JarFile(file.toFile())) {
            return war.getJarEntry(INDEX) != null;
        } catch (IOException e) {
            return false;
        }
    }

    /** Writes the jars. Returns their names within the folder. */
    static List<String> write(Path file, Path folder) throws IOException {
        try (JarFile war = new JarFile(file.toFile())) {
            Files.createDirectories(folder.resolve(PreparedFolder.LIBRARIES));
            List<String> libraries = new ArrayList<>();
            libraries.add(PreparedFolder.LIBRARIES + "/parley-classes.jar");
            writeJar(war, folder.resolve(libraries.get(0)), new Manifest(), UnpackedWar::ofClasses);
            for (String nested : nested(war)) {
                String name = PreparedFolder.LIBRARIES + nested.substring(nested.lastIndexOf('/'));
                try (InputStream in = open(war, nested)) {
                    Files.copy(in, folder.resolve(name));
                }
                libraries.add(name);
            }
            writeJar(war, folder.resolve(PreparedFolder.JAR), manifest(war, libraries), UnpackedWar::ofPage);
            libraries.add(PreparedFolder.JAR);
            return libraries;
        }
    }

    /** The libraries, in the order of the class path. */
    private static List<String> nested(JarFile war) throws IOException {
        try (InputStream in = open(war, INDEX)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> line.startsWith("- \""))
                    .map(line -> line.substring(3, line.length() - 1))
                    .toList();
        }
    }

    private static InputStream open(JarFile war, String name) throws IOException {
        JarEntry entry = war.getJarEntry(name);
        if (entry == null) {
            throw new IOException("the WAR lacks " + name);
        }
        return war.getInputStream(entry);
    }

    private static Manifest manifest(JarFile war, List<String> libraries) throws IOException {
        Manifest manifest = new Manifest();
        Attributes main = manifest.getMainAttributes();
        war.getManifest().getMainAttributes().forEach((name, value) -> {
            if (!name.toString().startsWith("Spring-Boot-") && !name.equals(START)) {
                main.put(name, value);
            }
        });
        main.put(
                Attributes.Name.MAIN_CLASS,
                war.getManifest().getMainAttributes().get(START));
        main.put(Attributes.Name.CLASS_PATH, String.join(" ", libraries));
        return manifest;
    }

    private static String ofClasses(String name) {
        return name.startsWith(CLASSES) ? name.substring(CLASSES.length()) : "";
    }

    private static String ofPage(String name) {
        return Stream.of("WEB-INF/", "META-INF/", LOADER).anyMatch(name::startsWith) ? "" : name;
    }

    /** Writes the entries that get a name. */
    private static void writeJar(JarFile war, Path file, Manifest manifest, UnaryOperator<String> named)
            throws IOException {
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        try (OutputStream out = Files.newOutputStream(file);
                JarOutputStream jar = new JarOutputStream(out, manifest)) {
            for (JarEntry entry :
                    war.stream().filter(each -> !each.isDirectory()).toList()) {
                String name = named.apply(entry.getName());
                if (!name.isEmpty()) {
                    jar.putNextEntry(new JarEntry(name));
                    try (InputStream in = war.getInputStream(entry)) {
                        in.transferTo(jar);
                    }
                    jar.closeEntry();
                }
            }
        }
    }
}

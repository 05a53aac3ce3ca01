package parley.portability;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/** Puts together the WAR of an application with Parley in its WEB-INF/lib. For one thread. */
final class ExampleWar {
    private static final String WEB_APP = "<web-app xmlns=\"https://jakarta.ee/xml/ns/jakartaee\" version=\"5.0\"";

    private static final String LIBRARIES = "WEB-INF/lib/";

    private final Map<String, byte[]> entries = new LinkedHashMap<>();
    private String head = WEB_APP + ">";
    private final StringBuilder descriptor = new StringBuilder();

    /** An application with a page and nothing else of its own. */
    ExampleWar() throws IOException {
        file("index.html", "<!doctype html><title>Parley in an application</title>\n");
        Path library = Path.of(System.getProperty("parley.library"));
        entries.put(LIBRARIES + library.getFileName(), Files.readAllBytes(library));
        libraries("(?!jnats|sqlite|slf4j-jdk).*");
    }

    /** Those of the executable WAR whose names match. */
    private ExampleWar libraries(String names) throws IOException {
        try (ZipFile war = new ZipFile(System.getProperty("parley.war"))) {
            for (ZipEntry entry : war.stream().toList()) {
                String name = entry.getName();
                if (name.matches(LIBRARIES + names + "\\.jar")) {
                    try (InputStream in = war.getInputStream(entry)) {
                        entries.put(name, in.readAllBytes());
                    }
                }
            }
        }
        return this;
    }

    /** Adds the library that stored rooms need, in our version. */
    ExampleWar storage() throws IOException {
        return libraries("sqlite-jdbc-.*");
    }

    /** Adds the library that a cluster needs, in our version. */
    ExampleWar clustering() throws IOException {
        return libraries("jnats-.*");
    }

    /** Has other versions of libraries and not ours, as a build makes it that names versions of its own. */
    ExampleWar otherVersions(String... prefixes) throws IOException {
        for (String prefix : prefixes) {
            List<Path> jars;
            try (Stream<Path> files = Files.list(Path.of(System.getProperty("parley.other-versions")))) {
                jars = files.filter(jar -> jar.getFileName().toString().startsWith(prefix))
                        .toList();
            }
            if (jars.isEmpty()) {
                throw new IOException("no library " + prefix + " among the other versions, which 'package' copies");
            }
            for (Path jar : jars) {
                String name = jar.getFileName().toString();
                String ours = LIBRARIES + Pattern.quote(name.replaceFirst("-\\d.*", "")) + "-\\d.*";
                entries.keySet().removeIf(entry -> entry.matches(ours));
                entries.put(LIBRARIES + name, Files.readAllBytes(jar));
            }
        }
        return this;
    }

    ExampleWar file(String name, String text) {
        entries.put(name, text.getBytes(StandardCharsets.UTF_8));
        return this;
    }

    /** Adds a class, with those that are nested in it. */
    ExampleWar type(Class<?> type) throws IOException {
        String path = type.getName().replace('.', '/') + ".class";
        try (InputStream in = type.getClassLoader().getResourceAsStream(path)) {
            entries.put("WEB-INF/classes/" + path, in.readAllBytes());
        }
        for (Class<?> nested : type.getDeclaredClasses()) {
            type(nested);
        }
        return this;
    }

    /** Has CDI look for beans among its classes: those with an annotation that makes them beans. */
    ExampleWar beans() {
        return file("WEB-INF/beans.xml", "<beans xmlns=\"https://jakarta.ee/xml/ns/jakartaee\" version=\"3.0\"/>");
    }

    /** Adds a class that the ServiceLoader finds. */
    ExampleWar service(Class<?> of, Class<?> type) throws IOException {
        return type(type).file("WEB-INF/classes/META-INF/services/" + of.getName(), type.getName() + "\n");
    }

    ExampleWar parameter(String name, String value) {
        return descriptor("<context-param><param-name>" + name + "</param-name><param-value>" + value
                + "</param-value></context-param>");
    }

    /** Adds to web.xml. */
    ExampleWar descriptor(String xml) {
        descriptor.append(xml).append('\n');
        return this;
    }

    /** Has web.xml say that all annotations and fragments are in it already. */
    ExampleWar metadataComplete() {
        head = WEB_APP + " metadata-complete=\"true\">";
        return this;
    }

    /** Writes it into a folder. */
    Path in(Path folder) throws IOException {
        file("WEB-INF/web.xml", head + "\n" + descriptor + "</web-app>\n");
        Path war = folder.resolve("example.war");
        try (OutputStream out = Files.newOutputStream(war);
                ZipOutputStream zip = new ZipOutputStream(out)) {
            for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
                zip.putNextEntry(new ZipEntry(entry.getKey()));
                zip.write(entry.getValue());
                zip.closeEntry();
            }
        }
        return war;
    }
}

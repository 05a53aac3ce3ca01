package parley;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What applications compile against changes on purpose alone: {@code mvn test -Dtest=ApiBaselineTest -Dapi=write} writes
 * it down, and the difference shows what an upgrade asks of them.
 */
class ApiBaselineTest {
    @ParameterizedTest
    @ValueSource(strings = {"parley.api", "parley.client"})
    void thePublicApiIsTheOneWrittenDown(String name) throws Exception {
        String found = String.join("\n", describe(name)) + "\n";
        Path baseline = Path.of("src/test/resources/api", name + ".txt");
        if ("write".equals(System.getProperty("api"))) {
            Files.createDirectories(baseline.getParent());
            Files.writeString(baseline, found);
        }
        assertThat(found)
                .as("the API differs from " + baseline + "; -Dapi=write writes it anew")
                .isEqualTo(Files.readString(baseline));
    }

    private static List<String> describe(String name) throws IOException, ClassNotFoundException {
        List<String> lines = new ArrayList<>();
        Path folder = Path.of("target/classes", name.split("\\."));
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.sorted().toList()) {
                String type = file.getFileName().toString();
                if (type.endsWith(".class") && !type.startsWith("package-info")) {
                    Class<?> found = Class.forName(
                            name + "." + type.replace(".class", ""), false, ApiBaselineTest.class.getClassLoader());
                    if (isPublic(found)) {
                        lines.addAll(describe(found));
                    }
                }
            }
        }
        return lines;
    }

    /** Public, with all types around it. */
    private static boolean isPublic(Class<?> type) {
        return Modifier.isPublic(type.getModifiers())
                && (type.getEnclosingClass() == null || isPublic(type.getEnclosingClass()));
    }

    private static List<String> describe(Class<?> type) {
        List<String> lines = new ArrayList<>();
        lines.add(type.toGenericString()
                + " extends " + type.getGenericSuperclass()
                + " implements " + Arrays.toString(type.getGenericInterfaces()));
        Stream<String> fields = Stream.of(type.getDeclaredFields())
                .filter(field -> Modifier.isPublic(field.getModifiers()))
                .map(Field::toGenericString);
        Stream<String> methods = Stream.of(type.getDeclaredMethods())
                .filter(method -> Modifier.isPublic(method.getModifiers()) && !method.isSynthetic())
                .map(Method::toGenericString);
        Stream<String> constructors = Stream.of(type.getDeclaredConstructors())
                .filter(constructor -> Modifier.isPublic(constructor.getModifiers()))
                .map(Executable::toGenericString);
        Stream.of(fields, constructors, methods)
                .flatMap(all -> all)
                .map(line -> "    " + line)
                .sorted()
                .forEach(lines::add);
        return lines;
    }
}

package parley;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.Architectures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The packages are a line, and each library has one door. */
@AnalyzeClasses(packages = "parley", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    /** From the process down to the leaf. */
    private static final List<String> LINE = List.of(
            "standalone",
            "prepare",
            "web",
            "cdi|endpoint",
            "app",
            "http|local",
            "door",
            "session",
            "access|durable|cluster",
            "room",
            "delivery",
            "protocol|api|client");

    @ArchTest
    static void noTwoClassesShareAName(JavaClasses classes) {
        Map<String, List<String>> shared = classes.stream()
                .filter(JavaClass::isTopLevelClass)
                .filter(type -> !type.getSimpleName().equals("package-info"))
                .collect(Collectors.groupingBy(
                        JavaClass::getSimpleName, Collectors.mapping(JavaClass::getName, Collectors.toList())));
        shared.values().removeIf(names -> names.size() == 1);
        assertThat(shared).isEmpty();
    }

    /** A class that is longer does several things. */
    @ArchTest
    static void noFileIsTooLong(JavaClasses classes) throws IOException {
        Map<String, Integer> most = Map.of("Room.java", 450, "Member.java", 280);
        try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                int longest = most.getOrDefault(file.getFileName().toString(), 500);
                assertThat(Files.readAllLines(file)).as(file.toString()).hasSizeLessThanOrEqualTo(longest);
            }
        }
    }

    @ArchTest
    static final ArchRule packagesDependInOneDirection = inOneDirection();

    private static ArchRule inOneDirection() {
        Architectures.LayeredArchitecture line =
                layeredArchitecture().consideringOnlyDependenciesInAnyPackage("parley..");
        for (String place : LINE) {
            for (String layer : place.split("\\|")) {
                line = line.layer(layer).definedBy("parley." + layer);
            }
        }
        List<String> above = new ArrayList<>();
        for (String place : LINE) {
            for (String layer : place.split("\\|")) {
                line = above.isEmpty()
                        ? line.whereLayer(layer).mayNotBeAccessedByAnyLayer()
                        : line.whereLayer(layer).mayOnlyBeAccessedByLayers(above.toArray(new String[0]));
            }
            above.addAll(List.of(place.split("\\|")));
        }
        return line;
    }

    @ArchTest
    static final ArchRule webSocketIsSpokenAtTheEdge = noClasses()
            .that()
            .resideOutsideOfPackages("parley.endpoint", "parley.standalone")
            .and()
            .doNotHaveFullyQualifiedName("parley.web.ParleyInitializer")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("jakarta.websocket..");

    @ArchTest
    static final ArchRule servletsAreForWeb = noClasses()
            .that()
            .resideOutsideOfPackages("parley.web", "parley.api")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("jakarta.servlet..");

    /** Nothing of it is loaded where there is no CDI. */
    @ArchTest
    static final ArchRule injectionIsForCdi = noClasses()
            .that()
            .resideOutsideOfPackage("parley.cdi")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("jakarta.enterprise..", "jakarta.inject..");

    /** Applications compile against it, and see nothing behind it. */
    @ArchTest
    static final ArchRule theApiHasNoTypeOfParleysBesidesItsOwn = classes()
            .that()
            .resideInAPackage("parley.api")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage("parley.api", "java..", "jakarta.servlet..", "org.jspecify..");

    @ArchTest
    static final ArchRule grizzlyTyrusAndTheCommandLineAreForStandalone = noClasses()
            .that()
            .resideOutsideOfPackage("parley.standalone")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.glassfish..", "picocli..");

    @ArchTest
    static final ArchRule jsonIsForTheCodec = noClasses()
            .that()
            .resideOutsideOfPackages("parley.protocol", "parley.client")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("jakarta.json..");

    /** It is a jar by itself, which needs the JDK and JSON-P; annotations are for the compiler. */
    @ArchTest
    static final ArchRule theClientNeedsNothingOfParleys = classes()
            .that()
            .resideInAPackage("parley.client")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(
                    "parley.client",
                    "java..",
                    "jakarta.json..",
                    "org.jspecify..",
                    "com.google.errorprone.annotations..");

    @ArchTest
    static final ArchRule theClientIsForTheCommandLineAndTheTraining = noClasses()
            .that()
            .resideOutsideOfPackages("parley.client", "parley.standalone", "parley.prepare")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("parley.client");

    @ArchTest
    static final ArchRule theConfigurationLibraryIsForApp = noClasses()
            .that()
            .resideOutsideOfPackage("parley.app")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("com.typesafe..");

    @ArchTest
    static final ArchRule theDatabaseIsForDurable = noClasses()
            .that()
            .resideOutsideOfPackage("parley.durable")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.sql..", "org.sqlite..");

    /** Nothing of the library is loaded where there is no cluster. */
    @ArchTest
    static final ArchRule natsIsForTheConnectionTheStreamsAndPublishing = noClasses()
            .that()
            .haveNameNotMatching("parley\\.cluster\\.(Link|NatsMarks|NatsStreams|Publishing)(\\$.*)?")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.nats..");
}

package parley.servers;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Tomcat, and TomEE, which is Tomcat with more in it: a {@code CATALINA_BASE} of its own. */
final class Tomcat extends Installed {
    Tomcat(Path home) {
        super(home);
    }

    @Override
    void configure(List<String> properties) throws IOException {
        Path conf = Files.createDirectories(base().resolve("conf"));
        for (String folder : List.of("temp", "webapps", "logs", "bin")) {
            Files.createDirectories(base().resolve(folder));
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(home().resolve("conf"))) {
            for (Path file : files) {
                if (Files.isRegularFile(file)) {
                    Files.copy(file, conf.resolve(file.getFileName()));
                }
            }
        }
        // No shutdown port: the process is ended by a signal. Once a second it looks for what is new in webapps.
        Files.writeString(conf.resolve("server.xml"), """
                <Server port="-1">
                  <Listener className="org.apache.catalina.core.JreMemoryLeakPreventionListener"/>
                  <Listener className="org.apache.catalina.core.ThreadLocalLeakPreventionListener"/>
                  <Service name="Catalina">
                    <Connector address="127.0.0.1" port="%d"/>
                    <Engine name="Catalina" defaultHost="localhost" backgroundProcessorDelay="1">
                      <Host name="localhost" appBase="webapps"/>
                    </Engine>
                  </Service>
                </Server>
                """.formatted(port()));
        Files.writeString(
                base().resolve("bin/setenv.sh"), "CATALINA_OPTS=\"-Xmx256m " + String.join(" ", properties) + "\"\n");
    }

    @Override
    void environment(Map<String, String> environment) {
        environment.put("CATALINA_BASE", base().toString());
    }

    @Override
    List<String> command() {
        return List.of("sh", home().resolve("bin/catalina.sh").toString(), "run");
    }

    @Override
    Path deployments() {
        return base().resolve("webapps");
    }
}

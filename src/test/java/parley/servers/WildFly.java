package parley.servers;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** WildFly with its standalone.xml, in a {@code jboss.server.base.dir} of its own. */
final class WildFly extends Installed {
    private List<String> properties = List.of();

    WildFly(Path home) {
        super(home);
    }

    @Override
    void configure(List<String> properties) throws IOException {
        this.properties = properties;
        Files.createDirectories(deployments());
        Path configuration = Files.createDirectories(base().resolve("configuration"));
        try (DirectoryStream<Path> files = Files.newDirectoryStream(home().resolve("standalone/configuration"))) {
            for (Path file : files) {
                Files.copy(file, configuration.resolve(file.getFileName()));
            }
        }
        Path standalone = configuration.resolve("standalone.xml");
        Files.writeString(
                standalone, Files.readString(standalone).replace("scan-interval=\"5000\"", "scan-interval=\"500\""));
    }

    @Override
    void environment(Map<String, String> environment) {
        environment.keySet().removeIf(name -> name.startsWith("JBOSS_"));
        environment.put("JBOSS_JAVA_SIZING", "-Xmx512m");
    }

    @Override
    List<String> command() {
        List<String> command = new ArrayList<>(List.of(
                "sh",
                home().resolve("bin/standalone.sh").toString(),
                "-Djboss.server.base.dir=" + base(),
                "-Djboss.bind.address=127.0.0.1",
                "-Djboss.bind.address.management=127.0.0.1",
                "-Djboss.http.port=" + port(),
                "-Djboss.https.port=" + Ports.free(),
                "-Djboss.management.http.port=" + Ports.free()));
        command.addAll(properties);
        return command;
    }

    @Override
    Path deployments() {
        return base().resolve("deployments");
    }
}

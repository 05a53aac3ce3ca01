package parley.servers;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Tomcat, and TomEE, which is Tomcat with more in it: a {@code CATALINA_BASE} of its own. */
final class Tomcat extends Installed {
    private final int mostJdk;

    Tomcat(Path home) {
        this(home, Integer.MAX_VALUE);
    }

    /** From a distribution that runs on JDK 17 and newer ones up to that. */
    Tomcat(Path home, int mostJdk) {
        super(home);
        this.mostJdk = mostJdk;
    }

    @Override
    void configure(List<String> properties) throws IOException {
        runsOn(17, mostJdk);
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
        // No shutdown port: the process is ended by a signal. Once a second it looks for what is new in webapps. The
        // send buffer
        // is what docs/servers.md recommends for clients that read slowly.
        String server = Files.readString(conf.resolve("server.xml"));
        for (String[] change : new String[][] {
            {"<Server port=\"8005\"", "<Server port=\"-1\""},
            {
                "<Connector port=\"8080\"",
                "<Connector address=\"127.0.0.1\" socket.txBufSize=\"65536\" port=\"" + port() + "\""
            },
            {"<Engine name=\"Catalina\"", "<Engine name=\"Catalina\" backgroundProcessorDelay=\"1\""}
        }) {
            if (!server.contains(change[0])) {
                throw new IOException("the distribution's server.xml does not have " + change[0]);
            }
            server = server.replace(change[0], change[1]);
        }
        Files.writeString(conf.resolve("server.xml"), server);
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

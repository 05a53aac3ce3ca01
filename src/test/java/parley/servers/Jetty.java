package parley.servers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Jetty: a {@code JETTY_BASE} of its own, with the modules that a Jakarta EE 10 application with WebSocket needs. */
final class Jetty extends Installed {
    private List<String> properties = List.of();

    Jetty(Path home) {
        super(home);
    }

    @Override
    void configure(List<String> properties) throws IOException {
        Files.createDirectories(deployments());
        Files.createDirectories(base().resolve("environments"));
        Files.createDirectories(base().resolve("work"));
        Path ini = Files.createDirectories(base().resolve("start.d"));
        // It looks for what is new in webapps once a second; by itself it does so at the start alone.
        Files.write(
                ini.resolve("server.ini"),
                List.of(
                        "--modules=http,ee10-deploy,ee10-websocket-jakarta,graceful",
                        "jetty.http.host=127.0.0.1",
                        "jetty.http.port=" + port(),
                        "jetty.deploy.scanInterval=1",
                        "jetty.server.stopTimeout=5000"));
        this.properties = properties;
    }

    @Override
    void environment(Map<String, String> environment) {
        environment.put("JETTY_BASE", base().toString());
    }

    @Override
    List<String> command() {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-Xmx512m");
        command.addAll(properties);
        command.addAll(List.of("-jar", home().resolve("start.jar").toString()));
        return command;
    }

    @Override
    Path deployments() {
        return base().resolve("webapps");
    }
}

package parley.servers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Open Liberty, in a {@code WLP_USER_DIR} of its own with one server, which deploys what is in {@code dropins}. */
final class Liberty extends Installed {
    Liberty(Path home) {
        super(home);
    }

    @Override
    void configure(List<String> properties) throws IOException {
        Files.createDirectories(deployments());
        // All of a profile, not the two features that Parley needs, so that what it brings itself meets the server's
        // own.
        Files.writeString(server().resolve("server.xml"), """
                <server>
                  <featureManager>
                    <feature>webProfile-10.0</feature>
                  </featureManager>
                  <httpEndpoint id="defaultHttpEndpoint" host="127.0.0.1" httpPort="%d" httpsPort="-1"/>
                </server>
                """.formatted(port()));
        Files.writeString(server().resolve("jvm.options"), "-Xmx512m\n" + String.join("\n", properties) + "\n");
    }

    @Override
    void environment(Map<String, String> environment) {
        environment.keySet().removeIf(name -> name.startsWith("WLP_"));
        environment.put("WLP_USER_DIR", base().toString());
    }

    @Override
    List<String> command() {
        return List.of("sh", home().resolve("bin/server").toString(), "run", "parley");
    }

    /** From the message that it has started to the one that it has stopped: its files are gone before. */
    @Override
    public boolean has(String name) {
        return super.has(name)
                || count("CWWKZ0001I: Application " + name + " ") > count("CWWKZ0009I: The application " + name + " ");
    }

    private int count(String message) {
        return log().split(Pattern.quote(message), -1).length;
    }

    private Path server() {
        return base().resolve("servers/parley");
    }

    @Override
    Path deployments() {
        return server().resolve("dropins");
    }
}

package parley.servers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** GlassFish, and Payara, which comes from it: a copy of the domain in the distribution. */
final class GlassFish extends Installed {
    private static final String DOMAIN = "domain1";
    /** Ports as numbers are those of this server; in the template for others they are names. */
    private static final Pattern PORT = Pattern.compile("(?<= port=\"|telnet\\.port=|_PORT\" value=\")\\d+");

    private final int leastJdk;
    private final int mostJdk;

    /** From a distribution that runs on these JDKs. */
    GlassFish(Path home, int leastJdk, int mostJdk) {
        super(home);
        this.leastJdk = leastJdk;
        this.mostJdk = mostJdk;
    }

    @Override
    void configure(List<String> properties) throws IOException {
        runsOn(leastJdk, mostJdk);
        Path shipped = home().resolve("glassfish/domains").resolve(DOMAIN);
        try (Stream<Path> files = Files.walk(shipped)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Path copy = domain().resolve(shipped.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(copy);
                } else {
                    Files.copy(file, copy);
                }
            }
        }
        Files.createDirectories(deployments());
        Path xml = domain().resolve("config/domain.xml");
        String options = properties.stream()
                .map(property -> "<jvm-options>" + property + "</jvm-options>")
                .collect(Collectors.joining());
        String loopback = Files.readString(xml)
                .replace("0.0.0.0", "127.0.0.1")
                .replace("<network-listener port=", "<network-listener address=\"127.0.0.1\" port=")
                // Payara would look for others of its kind, on every interface.
                .replace(
                        "<hazelcast-config-specific-configuration>",
                        "<hazelcast-config-specific-configuration enabled=\"false\">")
                // The message broker here would listen on every interface until it is needed.
                .replaceFirst(
                        "<config name=\"server-config\">",
                        "$0<jms-service type=\"REMOTE\" default-jms-host=\"none\"><jms-host name=\"none\""
                                + " host=\"127.0.0.1\"/></jms-service>")
                .replaceFirst("<jvm-options>", options + "<jvm-options>");
        Files.writeString(
                xml,
                PORT.matcher(loopback)
                        .replaceAll(found -> String.valueOf(found.group().equals("8080") ? port() : Ports.free())));
    }

    private Path domain() {
        return base().resolve(DOMAIN);
    }

    /** Without it the scripts take the first Java of the path. */
    @Override
    void environment(Map<String, String> environment) {
        environment.put("AS_JAVA", System.getProperty("java.home"));
    }

    @Override
    List<String> command() {
        return List.of(
                home().resolve("bin/asadmin").toString(),
                "start-domain",
                "--verbose",
                "--domaindir",
                base().toString(),
                DOMAIN);
    }

    @Override
    Path deployments() {
        return domain().resolve("autodeploy");
    }
}

package parley.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import org.jboss.arquillian.config.descriptor.api.ContainerDef;
import org.jboss.arquillian.container.spi.Container;
import org.jboss.arquillian.container.spi.ContainerRegistry;
import org.jboss.arquillian.core.api.annotation.Observes;
import org.jboss.arquillian.core.spi.LoadableExtension;

/**
 * Gives every run of the tests a Tomcat of its own, before Arquillian starts it: a CATALINA_BASE beside the unpacked server,
 * ports that are free, the loopback interface alone, and a password for the manager that nobody else knows. Found by
 * Arquillian in META-INF/services.
 */
public final class TomcatBase implements LoadableExtension {
    /** Below what systems give to outgoing connections, which would come between looking for a port and listening on it. */
    private static final int LEAST_PORT = 20_000;

    private static final int PORTS = 10_000;

    @Override
    public void register(ExtensionBuilder builder) {
        builder.observer(Preparation.class);
    }

    /** Told by Arquillian when it knows which containers there are, and before it sets them up. */
    public static final class Preparation {
        /** Writes the base and tells the adapter about it. */
        public void prepare(@Observes ContainerRegistry registry) throws IOException {
            for (Container<?> container : registry.getContainers()) {
                if (container.getName().equals("tomcat")) {
                    prepare(container.getContainerConfiguration());
                }
            }
        }

        private static void prepare(ContainerDef tomcat) throws IOException {
            Path home = Path.of(tomcat.getContainerProperty("catalinaHome"));
            int httpPort = freePort();
            String password = UUID.randomUUID().toString();
            Path base = home.resolveSibling("tomcat-base-" + httpPort);
            write(base, home, httpPort, tomcat.getContainerProperty("user"), password);
            tomcat.property("catalinaBase", base.toString());
            tomcat.property("bindHttpPort", String.valueOf(httpPort));
            tomcat.property("jmxPort", String.valueOf(freePort()));
            tomcat.property("pass", password);
        }

        private static void write(Path base, Path home, int httpPort, String user, String password) throws IOException {
            Path conf = Files.createDirectories(base.resolve("conf"));
            Files.createDirectories(base.resolve("temp"));
            Files.createDirectories(base.resolve("webapps"));
            try (DirectoryStream<Path> files = Files.newDirectoryStream(home.resolve("conf"))) {
                for (Path file : files) {
                    Path copy = conf.resolve(file.getFileName());
                    if (Files.isRegularFile(file) && Files.notExists(copy)) {
                        Files.copy(file, copy);
                    }
                }
            }
            // No shutdown port: the adapter ends its process, it does not ask by network.
            Files.writeString(conf.resolve("server.xml"), """
                    <Server port="-1">
                      <Listener className="org.apache.catalina.core.JreMemoryLeakPreventionListener"/>
                      <Listener className="org.apache.catalina.core.ThreadLocalLeakPreventionListener"/>
                      <Service name="Catalina">
                        <Connector address="127.0.0.1" port="%d"/>
                        <Engine name="Catalina" defaultHost="localhost">
                          <Realm className="org.apache.catalina.realm.MemoryRealm"/>
                          <Host name="localhost" appBase="webapps" autoDeploy="false">
                            <Context path="/manager" docBase="${catalina.home}/webapps/manager" privileged="true"/>
                          </Host>
                        </Engine>
                      </Service>
                    </Server>
                    """.formatted(httpPort));
            Files.writeString(conf.resolve("tomcat-users.xml"), """
                    <tomcat-users>
                      <user username="%s" password="%s" roles="manager-script"/>
                    </tomcat-users>
                    """.formatted(user, password));
        }

        private static int freePort() {
            IOException refused = new IOException("no port was tried");
            for (int tries = 0; tries < 100; tries++) {
                int port = LEAST_PORT + ThreadLocalRandom.current().nextInt(PORTS);
                try (ServerSocket probe = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                    return probe.getLocalPort();
                } catch (IOException e) {
                    refused = e;
                }
            }
            throw new UncheckedIOException("no free port on the loopback interface", refused);
        }
    }
}

package parley.servers;

import java.io.IOException;
import java.lang.annotation.Annotation;
import java.net.URI;
import java.nio.file.Path;
import org.jboss.arquillian.container.spi.ConfigurationException;
import org.jboss.arquillian.container.spi.client.container.ContainerConfiguration;
import org.jboss.arquillian.container.spi.client.container.DeployableContainer;
import org.jboss.arquillian.container.spi.client.container.DeploymentException;
import org.jboss.arquillian.container.spi.client.container.LifecycleException;
import org.jboss.arquillian.container.spi.client.protocol.ProtocolDescription;
import org.jboss.arquillian.container.spi.client.protocol.metadata.HTTPContext;
import org.jboss.arquillian.container.spi.client.protocol.metadata.ProtocolMetaData;
import org.jboss.arquillian.core.spi.LoadableExtension;
import org.jboss.arquillian.test.api.ArquillianResource;
import org.jboss.arquillian.test.spi.enricher.resource.ResourceProvider;
import org.jboss.shrinkwrap.api.Archive;

/**
 * Arquillian's way to a {@link Server}: one for all of them, found in META-INF/services. It deploys as docs/servers.md
 * tells a reader to, and knows the server's process, so that a test can look for threads and classes that were left
 * behind.
 */
public final class Container implements DeployableContainer<Container.Configuration> {
    /** What {@code arquillian.xml} says: which server, where its distribution is, and the WAR as it was built. */
    public static final class Configuration implements ContainerConfiguration {
        private String name = "";
        private String home = "";
        private String war = "";

        /** {@link Kind#toString}. */
        public void setName(String name) {
            this.name = name;
        }

        /** The folder of the unpacked distribution. */
        public void setHome(String home) {
            this.home = home;
        }

        /** The file to deploy. */
        public void setWar(String war) {
            this.war = war;
        }

        @Override
        public void validate() {
            try {
                Kind.of(name);
            } catch (IllegalArgumentException e) {
                throw new ConfigurationException(e.getMessage());
            }
        }
    }

    /** Registers it. */
    public static final class Extension implements LoadableExtension {
        @Override
        public void register(ExtensionBuilder builder) {
            builder.service(DeployableContainer.class, Container.class);
            builder.service(ResourceProvider.class, RunningServer.class);
        }
    }

    /** Gives a test the server that runs, as {@code @ArquillianResource Server}. */
    public static final class RunningServer implements ResourceProvider {
        @Override
        public boolean canProvide(Class<?> type) {
            return type == Server.class;
        }

        @Override
        public Object lookup(ArquillianResource resource, Annotation... qualifiers) {
            return server;
        }
    }

    /** One at a time: Arquillian runs the tests of a process one after the other. */
    private static Server server;

    private Path war;
    /**
     * Nothing is tried a second time on a server that did not take the application: each try would wait for a minute.
     */
    private boolean hasFailed;

    @Override
    public Class<Configuration> getConfigurationClass() {
        return Configuration.class;
    }

    @Override
    public void setup(Configuration configuration) {
        server = Kind.of(configuration.name).at(Path.of(configuration.home));
        war = Path.of(configuration.war);
    }

    @Override
    public void start() throws LifecycleException {
        try {
            server.start();
        } catch (IOException | AssertionError e) {
            server.close();
            throw new LifecycleException("the server does not start", e);
        }
    }

    @Override
    public void stop() {
        server.close();
    }

    @Override
    public ProtocolDescription getDefaultProtocol() {
        return new ProtocolDescription("Servlet 6.0");
    }

    /**
     * Only the archive's name counts: to export it would write another file, and what is deployed is the one that was
     * built.
     */
    @Override
    public ProtocolMetaData deploy(Archive<?> archive) throws DeploymentException {
        String name = archive.getName().replaceFirst("\\.war$", "");
        if (hasFailed) {
            throw new DeploymentException("not deployed: " + name + ", since an earlier deployment failed");
        }
        try {
            server.deploy(name, war);
        } catch (IOException | AssertionError e) {
            hasFailed = true;
            throw new DeploymentException("not deployed: " + name, e);
        }
        URI address = server.address(name);
        return new ProtocolMetaData().addContext(new HTTPContext(address.getHost(), address.getPort()));
    }

    @Override
    public void undeploy(Archive<?> archive) throws DeploymentException {
        try {
            server.undeploy(archive.getName().replaceFirst("\\.war$", ""));
        } catch (IOException | AssertionError e) {
            throw new DeploymentException("not undeployed: " + archive.getName(), e);
        }
    }
}

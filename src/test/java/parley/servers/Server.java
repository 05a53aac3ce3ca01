package parley.servers;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;

/**
 * Something that the WAR is deployed to, run by the tests: a process of its own on the loopback interface, on a port
 * that was free. For one thread. Every wait has a time limit, after which an AssertionError has what the server
 * printed.
 */
public interface Server extends AutoCloseable {
    /** The {@code access.api-key} that every server has. */
    String API_KEY = "a-key-for-tests-that-is-long-enough";

    /** It is started with these settings in place of the short times of the portability suite. */
    void insteadOfShortTimes(String... lines);

    /** Starts it and waits until it answers. */
    void start() throws IOException;

    /**
     * What is deployed from now on has these settings besides, as lines of a settings file, and none of an earlier
     * call.
     */
    void settings(String... lines) throws IOException;

    /** Deploys a WAR under that name, as docs/servers.md says to, and waits until its page is there. */
    void deploy(String name, Path war) throws IOException;

    /** Deploys a WAR that the server is not to have, waits until the log says why, and takes it away again. */
    void refuse(String name, Path war, String log) throws IOException;

    /** Undeploys it and waits until its page is gone. */
    void undeploy(String name) throws IOException;

    /** Whether the page of the application of that name is there. */
    boolean has(String name);

    /** Where what was deployed under that name is: {@code http}, host, port and context path, with a slash behind. */
    URI address(String name);

    /** The process that the application of that name runs in. */
    ProcessHandle process(String name);

    /** What it has printed so far. */
    String log();

    /** Stops it as an operator would, and by force when that takes too long. */
    @Override
    void close();
}

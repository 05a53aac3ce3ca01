package parley.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import parley.servers.Output;
import parley.servers.Ports;
import parley.testclient.Certificate;

/**
 * A real reverse proxy before Parley: its own processes, run from the file that {@code docker} has for it. Other than
 * there are the addresses and files, and what a test changes. Used by one thread.
 */
final class ReverseProxy implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    /** A piece of the file that is another in a test. */
    record Change(String from, String to) {}

    /** The proxies that there is a file for. */
    enum Kind {
        NGINX("nginx.conf", "start worker process", "gracefully shutting down") {
            @Override
            Path find() {
                return Tool.find("apt-get install nginx", "nginx");
            }

            @Override
            List<Change> arrange(Path folder, int port, Certificate certificate) {
                return List.of(
                        new Change("listen 443", "listen 127.0.0.1:" + port),
                        new Change("/run/nginx.pid", "nginx.pid"),
                        new Change("error_log /var/log/nginx/error.log", "error_log stderr notice"),
                        new Change("/var/log/nginx/access.log", "access.log"),
                        new Change("/etc/nginx/parley.crt", certificate.chain().toString()),
                        new Change("/etc/nginx/parley.key", certificate.key().toString()),
                        // Where the packages have these, nobody but root may write.
                        new Change(
                                "http {",
                                Stream.of("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
                                        .map(what -> what + "_temp_path " + what + ";")
                                        .collect(Collectors.joining(" ", "http { ", ""))));
            }

            @Override
            List<String> command(Path program, Path folder, Path file) {
                return List.of(program.toString(), "-p", folder + "/", "-e", "stderr", "-c", file.toString());
            }

            @Override
            List<String> toRun() {
                return List.of("-g", "daemon off;");
            }

            @Override
            List<String> toReload() {
                return List.of("-s", "reload");
            }

            @Override
            Change silence(int seconds) {
                return new Change("proxy_read_timeout 60s", "proxy_read_timeout " + seconds + "s");
            }

            @Override
            Change atParley() {
                return new Change("proxy_pass http://parley;", "proxy_pass http://parley/parley/;");
            }

            @Override
            List<Change> oldHttp() {
                return List.of(new Change("proxy_http_version 1.1", "proxy_http_version 1.0"));
            }

            @Override
            List<Change> compressing() {
                return List.of(
                        new Change("http {", "http { gzip on; gzip_types *; gzip_min_length 0; gzip_proxied any;"));
            }
        },

        APACHE(
                "apache.conf",
                "resuming normal operations",
                "(?s)resuming normal operations.*resuming normal operations") {
            @Override
            Path find() {
                return Tool.find("apt-get install apache2-bin", "apache2", "httpd");
            }

            @Override
            List<Change> arrange(Path folder, int port, Certificate certificate) throws IOException {
                Path modules = Stream.of(
                                "/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/local/apache2/modules")
                        .map(Path::of)
                        .filter(Files::isDirectory)
                        .findFirst()
                        .orElseThrow(() -> Tool.missing("the modules of Apache httpd are not found"));
                Files.createSymbolicLink(folder.resolve("modules"), modules);
                return List.of(
                        new Change("Listen 443", "DefaultRuntimeDir " + folder + "\nListen 127.0.0.1:" + port),
                        new Change("*:443", "*:" + port),
                        new Change("logs/httpd.pid", "httpd.pid"),
                        new Change("logs/error_log", "/dev/stderr"),
                        new Change(
                                "conf/parley-away.asis",
                                Path.of("docker", "apache-away.asis")
                                        .toAbsolutePath()
                                        .toString()),
                        new Change("conf/parley.crt", certificate.chain().toString()),
                        new Change("conf/parley.key", certificate.key().toString()));
            }

            @Override
            List<String> command(Path program, Path folder, Path file) {
                return List.of(program.toString(), "-d", folder.toString(), "-f", file.toString());
            }

            @Override
            List<String> toRun() {
                return List.of("-D", "FOREGROUND");
            }

            @Override
            List<String> toReload() {
                return List.of("-k", "graceful");
            }

            @Override
            Change silence(int seconds) {
                return new Change("Timeout 60\n", "Timeout " + seconds + "\n");
            }

            @Override
            Change atParley() {
                return new Change("\"http://127.0.0.1:8080/\" nocanon", "\"http://127.0.0.1:8080/parley/\" nocanon");
            }

            @Override
            List<Change> oldHttp() {
                return List.of(
                        module("env"), new Change("ProxyPreserveHost On", "ProxyPreserveHost On\n" + FORCE_OLD_HTTP));
            }

            @Override
            List<Change> compressing() {
                return List.of(
                        module("deflate"),
                        new Change(
                                "# DeflateAlterETag NoChange", "SetOutputFilter DEFLATE\nDeflateAlterETag NoChange"));
            }
        };

        private static final String FORCE_OLD_HTTP = "SetEnv force-proxy-request-1.0 1\nSetEnv proxy-nokeepalive 1";

        private final String file;
        private final Pattern started;
        private final Pattern reloaded;

        Kind(String file, String started, String reloaded) {
            this.file = file;
            this.started = Pattern.compile(started);
            this.reloaded = Pattern.compile(reloaded);
        }

        abstract Path find();

        abstract List<Change> arrange(Path folder, int port, Certificate certificate) throws IOException;

        abstract List<String> command(Path program, Path folder, Path file);

        abstract List<String> toRun();

        abstract List<String> toReload();

        /** Cuts connections on which nothing comes from Parley for so long. */
        abstract Change silence(int seconds);

        /** Parley is at /parley, where the comment in the file says how. */
        abstract Change atParley();

        /** Speaks HTTP/1.0 to Parley. */
        abstract List<Change> oldHttp();

        /** Compresses whatever it may. */
        abstract List<Change> compressing();

        private static Change module(String name) {
            String before = "LoadModule headers_module";
            return new Change(before, "LoadModule " + name + "_module modules/mod_" + name + ".so\n" + before);
        }
    }

    private final Kind kind;
    private final int port;
    private final List<String> command;
    private final Process process;
    private final Output output;

    private ReverseProxy(Kind kind, int port, List<String> command) throws IOException {
        this.kind = kind;
        this.port = port;
        this.command = command;
        process = run(kind.toRun());
        output = new Output(kind.toString(), process);
        try {
            output.await(kind.started, PATIENCE);
        } catch (AssertionError e) {
            process.destroy();
            throw e;
        }
    }

    /** Starts it before the Parley on that port, and waits until it serves. */
    static ReverseProxy start(Kind kind, Certificate certificate, int parley, Change... changes) {
        Path program = kind.find();
        try {
            int port = Ports.free();
            Path folder = Files.createDirectories(Path.of("target", "proxy").toAbsolutePath());
            folder = Files.createTempDirectory(folder, kind.file + "-");
            // Of root's, the processes that serve are not root's.
            folder.toFile().setExecutable(true, false);
            folder.toFile().setReadable(true, false);
            List<Change> all = new ArrayList<>(List.of(changes));
            all.addAll(kind.arrange(folder, port, certificate));
            all.add(new Change("127.0.0.1:8080", "127.0.0.1:" + parley));
            String text = Files.readString(Path.of("docker", kind.file));
            for (Change change : all) {
                if (!text.contains(change.from)) {
                    throw new AssertionError("docker/" + kind.file + " has no '" + change.from + "'");
                }
                text = text.replace(change.from, change.to);
            }
            Path file = Files.writeString(folder.resolve(kind.file), text);
            return new ReverseProxy(kind, port, kind.command(program, folder, file));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot run " + program, e);
        }
    }

    private Process run(List<String> arguments) throws IOException {
        List<String> all = new ArrayList<>(command);
        all.addAll(arguments);
        return new ProcessBuilder(all).redirectErrorStream(true).start();
    }

    int port() {
        return port;
    }

    /** Has it read its file again, and waits until it has. */
    void reload() throws Exception {
        Process reload = run(kind.toReload());
        String printed = new String(reload.getInputStream().readAllBytes());
        if (reload.waitFor() != 0) {
            throw new AssertionError("no reload: " + printed);
        }
        output.await(kind.reloaded, PATIENCE);
    }

    /** The processes that serve. */
    Set<Long> workers() {
        return process.children().map(ProcessHandle::pid).collect(Collectors.toSet());
    }

    /** Apache httpd would wait ten seconds for streams whose clients have gone: the processes that serve are killed. */
    @Override
    public void close() {
        process.destroy();
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        Output.stop(process, PATIENCE);
    }
}

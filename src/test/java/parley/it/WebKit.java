package parley.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.openqa.selenium.ImmutableCapabilities;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.remote.RemoteWebDriver;
import parley.servers.Output;
import parley.servers.Ports;

/** WebKitGTK's own browser, MiniBrowser, which needs a display: an Xvfb that nobody sees. */
final class WebKit implements Engine {
    private static final Duration TO_START = Duration.ofSeconds(30);
    private static final Pattern DISPLAY = Pattern.compile("^(\\d+)$", Pattern.MULTILINE);

    private final List<Process> processes = new ArrayList<>();
    private final RemoteWebDriver driver;

    WebKit() throws Exception {
        Path display = Tool.find("apt-get install xvfb", "Xvfb");
        Path program = Tool.find("apt-get install webkit2gtk-driver", "WebKitWebDriver");
        try {
            Process xvfb = start(new ProcessBuilder(
                    display.toString(), "-displayfd", "1", "-screen", "0", "1280x1000x24", "-nolisten", "tcp"));
            String number = new Output("Xvfb", xvfb).await(DISPLAY, TO_START).group(1);
            int port = Ports.free();
            ProcessBuilder command = new ProcessBuilder(program.toString(), "--port=" + port, "--host=127.0.0.1");
            command.environment().put("DISPLAY", ":" + number);
            Process process = start(command);
            driver = connect(port, process, new Output("WebKitWebDriver", process));
            driver.manage().timeouts().scriptTimeout(TO_START);
        } catch (Exception | AssertionError e) {
            close(processes);
            throw e;
        }
    }

    private Process start(ProcessBuilder command) throws Exception {
        Process process = command.redirectErrorStream(true).start();
        processes.add(process);
        return process;
    }

    /** The driver says nothing when it listens, and takes no port of its own choice. */
    private static RemoteWebDriver connect(int port, Process process, Output output) throws Exception {
        URI address = URI.create("http://127.0.0.1:" + port);
        BrowserBase.untilHolds(() -> {
            if (!process.isAlive()) {
                throw new IllegalStateException("WebKitWebDriver ended; it printed:\n" + output.text());
            }
            assertThatCode(() -> new Socket(InetAddress.getLoopbackAddress(), port).close())
                    .doesNotThrowAnyException();
        });
        return new RemoteWebDriver(address.toURL(), new ImmutableCapabilities("browserName", "MiniBrowser"), false);
    }

    /** Its driver says that a page is there when that has been parsed, before its modules have run. */
    @Override
    public void open(String address) {
        driver.get(address);
        BrowserBase.untilHolds(() ->
                assertThat(driver.executeScript("return document.readyState")).isEqualTo("complete"));
    }

    @Override
    public String evaluate(String expression) {
        Object value = driver.executeAsyncScript("""
                const done = arguments[arguments.length - 1];
                Promise.resolve(%s)
                    .then(value => done(JSON.stringify(value) ?? 'undefined'), error => done('failed: ' + error));
                """.formatted(expression));
        return String.valueOf(value);
    }

    @Override
    public byte[] screenshot() {
        return driver.getScreenshotAs(OutputType.BYTES);
    }

    @Override
    public void close() throws Exception {
        try {
            driver.quit();
        } finally {
            close(processes);
        }
    }

    private static void close(List<Process> processes) throws InterruptedException {
        for (int i = processes.size() - 1; i >= 0; i--) {
            Process process = processes.get(i);
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly().waitFor();
        }
    }
}

package parley.servers;

import java.io.PrintStream;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.descriptor.ClassSource;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;

/** Prints why a test is skipped: the build only prints how many are. Found in META-INF/services. */
public final class Skips implements TestExecutionListener {
    private final PrintStream out;

    /** On standard output, among what Maven prints. */
    public Skips() {
        this(System.out);
    }

    Skips(PrintStream out) {
        this.out = out;
    }

    /** It stopped by itself, because something that it needs is missing. */
    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
        if (result.getStatus() == TestExecutionResult.Status.ABORTED) {
            print(test, result.getThrowable().map(Throwable::getMessage).orElse("no reason"));
        }
    }

    @Override
    public void executionSkipped(TestIdentifier test, String reason) {
        print(test, reason);
    }

    private void print(TestIdentifier test, String reason) {
        String name = test.getSource()
                .map(source -> source instanceof MethodSource method
                        ? method.getJavaClass().getSimpleName() + "." + method.getMethodName()
                        : source instanceof ClassSource type
                                ? type.getJavaClass().getSimpleName()
                                : null)
                .orElse(test.getDisplayName());
        out.println("skipped: " + name + ": " + reason.replaceFirst("(?s)^Assumption failed: ", ""));
    }
}

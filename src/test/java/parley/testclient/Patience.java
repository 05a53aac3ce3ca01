package parley.testclient;

import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestPlan;

/**
 * How long tests wait for an event unless they say so themselves: longer than any takes beside other busy processes, so
 * that a wait that ends without it is a fault. Found by JUnit in META-INF/services.
 */
public final class Patience implements TestExecutionListener {
    @Override
    public void testPlanExecutionStarted(TestPlan plan) {
        Awaitility.setDefaultTimeout(Duration.ofSeconds(60));
    }
}

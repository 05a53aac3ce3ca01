package parley.portability;

import java.util.List;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Prints the end of the server's log beside a test that failed. */
final class LogOfFailure implements AfterTestExecutionCallback {
    private static final int LINES = 60;

    @Override
    public void afterTestExecution(ExtensionContext context) {
        if (context.getExecutionException().isPresent()
                && context.getRequiredTestInstance() instanceof Portability test) {
            List<String> log = test.server.log().lines().toList();
            System.err.println("== " + context.getDisplayName() + " failed; the server's log ends with");
            log.subList(Math.max(0, log.size() - LINES), log.size()).forEach(System.err::println);
        }
    }
}

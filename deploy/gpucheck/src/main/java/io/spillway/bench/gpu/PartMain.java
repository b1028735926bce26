package io.spillway.bench.gpu;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.spillway.node.cuda.driver.CudaUnavailableException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * One part of a check, in a process of its own: {@code suite CLASS}, or {@code bench NAME DRIVER quick|full [FOLDER:…]}. Its result is the line that
 * begins with {@link #RESULT}: one JSON object.
 */
public final class PartMain {
    /** Begins the line of the result. */
    static final String RESULT = "@@ ";
    private static final int TROUBLE_CHARS_MAX = 600;
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private PartMain() {
    }

    /** Runs the part and ends with 0, whatever its result: that is in the line. */
    public static void main(final String[] args) throws IOException, CudaUnavailableException {
        final Object result = switch (args[0]) {
            case "suite" -> suite(args[1]);
            case "bench" -> bench(args[1], args[2], args[3].equals("quick"), folders(args));
            default -> throw new IllegalArgumentException("no such part: " + args[0]);
        };
        System.out.println(RESULT + MAPPER.writeValueAsString(result));
        System.out.flush();
        Runtime.getRuntime().halt(0); // a lost GPU can keep a process from ending
    }

    private static List<Measurement> bench(final String name, final String driver, final boolean isQuick, final List<Path> libraries)
            throws CudaUnavailableException {
        final GpuBench bench = GpuBench.all().stream().filter(it -> it.name().equals(name)).findFirst()
            .orElseThrow(() -> new IllegalArgumentException("no such benchmark: " + name));
        try (GpuRig rig = GpuRig.open(driver, isQuick, libraries)) {
            return bench.run(rig);
        }
    }

    private static List<Path> folders(final String... args) {
        final int at = 4;
        return args.length <= at || args[at].isEmpty() ? List.of() : Arrays.stream(args[at].split(":")).map(Path::of).toList();
    }

    private static Map<String, Object> suite(final String testClass) {
        final LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request().selectors(DiscoverySelectors.selectClass(testClass)).build();
        final Counts counts = new Counts();
        LauncherFactory.create().execute(request, counts);
        return Map.of("passed", counts.passed, "failed", counts.failed, "skipped", counts.skipped, "trouble", counts.trouble,
            "omissions", counts.omissions);
    }

    /** Counts tests and properties by how they ended. */
    private static final class Counts implements TestExecutionListener {
        private int passed;
        private int failed;
        private int skipped;
        private final List<String> trouble = new ArrayList<>();
        private final List<String> omissions = new ArrayList<>();

        @Override
        public void executionSkipped(final TestIdentifier test, final String reason) {
            skipped++;
            omissions.add(test.getDisplayName() + ": " + reason);
        }

        @Override
        public void executionFinished(final TestIdentifier test, final TestExecutionResult result) {
            final boolean isGood = result.getStatus() == TestExecutionResult.Status.SUCCESSFUL;
            if (test.isContainer() && isGood) {
                return;
            }
            switch (result.getStatus()) {
                case SUCCESSFUL -> passed++;
                case ABORTED -> skipped++;
                case FAILED -> failed++;
            }
            if (!isGood) {
                final String why = result.getThrowable().map(Throwable::toString).orElse("no reason given").replace('\n', ' ');
                (result.getStatus() == TestExecutionResult.Status.FAILED ? trouble : omissions).add(test.getDisplayName() + ": " + why.substring(0, Math.min(why.length(), TROUBLE_CHARS_MAX)));
            }
        }
    }
}

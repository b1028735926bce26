package io.spillway.bench.gpu;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.spillway.node.cuda.CudaProbe;
import io.spillway.node.cuda.CudaReport;
import io.spillway.node.cuda.KernelImage;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Checks this machine's GPU: runs every kernel against its specification, then the benchmarks, and writes {@code results.md} and
 * {@code results.json}. Ends with 0 when all is well, 1 when something failed, 2 when called wrongly, 3 when there is no GPU.
 */
public final class GpuCheck {
    private static final String TEST_PACKAGE = "io/spillway/node/cuda";
    private static final Pattern TESTS = Pattern.compile("(.*TwinTest|TensorTest)\\.class");
    private static final double NANOS = 1e9;
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final CheckOptions options;
    private final PrintStream out;
    private final PartProcess parts;

    private GpuCheck(final CheckOptions options, final PrintStream out) {
        this.options = options;
        this.out = out;
        this.parts = new PartProcess(options);
    }

    /** See {@link CheckOptions#USAGE}. */
    public static void main(final String[] args) throws IOException, InterruptedException {
        System.exit(run(System.out, args));
    }

    /** @return the status. @param out gets lines as it goes, and the table at the end */
    static int run(final PrintStream out, final String... args) throws IOException, InterruptedException {
        final CheckOptions options;
        try {
            options = CheckOptions.parse(args);
        } catch (final IllegalArgumentException e) {
            out.println("gpu-check: " + e.getMessage());
            return 2;
        }
        final CudaReport report = CudaProbe.probe(options.driver());
        if (report instanceof CudaReport.Unusable) {
            out.println("gpu-check: " + report.line());
            return 3;
        }
        return new GpuCheck(options, out).check(report.line());
    }

    private int check(final String machine) throws IOException, InterruptedException {
        Files.createDirectories(options.out());
        final boolean isBuilt = KernelImage.loadAll().stream().allMatch(KernelImage::isBuilt);
        final CheckReport report = new CheckReport(List.of(machine, "", "Kernels compiled " + (isBuilt ? "by the build." : "before: the prebuilt images.")),
            options.isQuick());
        if (options.hasSuite()) {
            suite(report);
        }
        if (options.hasBenches()) {
            benches(report);
        }
        report.write(options.out());
        out.println();
        out.print(report.markdown());
        return report.isGood() ? 0 : 1;
    }

    private void suite(final CheckReport report) throws IOException, InterruptedException {
        for (final String name : testClasses()) {
            final long begin = System.nanoTime();
            final PartProcess.Outcome outcome = parts.run(log(name), "suite", TEST_PACKAGE.replace('/', '.') + "." + name);
            final double seconds = (System.nanoTime() - begin) / NANOS;
            if (outcome.result().isEmpty()) {
                report.trouble(name, outcome.trouble());
                out.println(name + ": " + outcome.trouble());
                continue;
            }
            final JsonNode result = outcome.result().get();
            report.add(new CheckReport.SuiteRow(name, result.path("passed").asInt(), result.path("failed").asInt(), result.path("skipped").asInt(), seconds));
            result.path("trouble").forEach(line -> report.trouble(name, line.asText()));
            result.path("omissions").forEach(line -> report.omission(name, line.asText()));
            out.printf("%s: %d passed, %d failed, %d skipped%n", name, result.path("passed").asInt(), result.path("failed").asInt(), result.path("skipped").asInt());
        }
    }

    private void benches(final CheckReport report) throws IOException, InterruptedException {
        for (final GpuBench bench : GpuBench.all()) {
            if (!bench.name().contains(options.only())) {
                continue;
            }
            final PartProcess.Outcome outcome = parts.run(log(bench.name()), "bench", bench.name(), options.driver(), options.isQuick() ? "quick" : "full",
                options.libraries());
            if (outcome.result().isEmpty()) {
                report.trouble(bench.name(), outcome.trouble());
                out.println(bench.name() + ": " + outcome.trouble());
                continue;
            }
            for (final JsonNode figure : outcome.result().get()) {
                report.add(MAPPER.treeToValue(figure, Measurement.class));
            }
            out.println(bench.name() + ": " + outcome.result().get().size() + " figures");
        }
    }

    private Path log(final String name) {
        return options.out().resolve(name + ".log");
    }

    private List<String> testClasses() throws IOException {
        final Path folder = options.tests().resolve(TEST_PACKAGE);
        if (!Files.isDirectory(folder)) {
            throw new IllegalStateException("no tests of kernels in " + options.tests());
        }
        try (Stream<Path> files = Files.walk(folder)) {
            return files.map(file -> folder.relativize(file).toString().replace('/', '.')).filter(name -> TESTS.matcher(name).matches())
                .map(name -> name.substring(0, name.length() - ".class".length())).filter(name -> name.contains(options.only())).sorted().toList();
        }
    }
}

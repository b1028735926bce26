package io.spillway.bench.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The check from end to end over a driver's library without a GPU, with processes of its own. */
class GpuCheckTest {
    private static final Path MODULE = Path.of(System.getProperty("spillway.root"), "node", "cuda");
    private static final Path DRIVER = MODULE.resolve("target/shim/libcuda.so.1");

    @TempDir
    private Path folder;

    private int run(final ByteArrayOutputStream printed, final String... args) throws Exception {
        return GpuCheck.run(new PrintStream(printed, true, StandardCharsets.UTF_8), args);
    }

    @Test
    void writesATableOfTestsAndFigures() throws Exception {
        Assumptions.assumeTrue(Files.exists(DRIVER) && System.getProperty("os.arch").equals("amd64"), "there is no driver for tests here");
        final ByteArrayOutputStream printed = new ByteArrayOutputStream();
        final int status = run(printed, "--quick", "--driver", DRIVER.toString(), "--tests", MODULE.resolve("target/test-classes").toString(),
            "--out", folder.toString(), "--no-bench", "--only", "CopyTwin");
        assertThat(printed.toString(StandardCharsets.UTF_8)).contains("| CopyTwinTest | ").contains(" 0 failed, 0 skipped").contains("Fake GPU 0");
        assertThat(status).isZero();
        final int benches = run(printed, "--quick", "--driver", DRIVER.toString(), "--out", folder.toString(), "--no-suite",
            "--libraries", MODULE.resolve("target/shim/libraries").toString());
        assertThat(printed.toString(StandardCharsets.UTF_8)).contains("| pinned host to GPU | ").contains("| copy within the GPU, read and written | ")
            .contains("| bf16 product of 16 x 16 x 16 by cuBLASLt | ").contains("| decode attention, F16, rows 2 of 100 tokens | ").contains("| prefill attention, F16, 3 rows behind 70 tokens | ")
            .contains("Quick: sizes so small");
        assertThat(benches).isZero();
        final JsonNode results = new ObjectMapper().readTree(folder.resolve("results.json").toFile());
        assertThat(results.path("good").asBoolean()).isTrue();
        assertThat(results.path("figures")).hasSizeGreaterThan(4);
        assertThat(folder.resolve("results.md")).exists();
    }

    /** What is skipped is said, and does not count as failed. */
    @Test
    void skippedTestsAreNamed() throws Exception {
        Assumptions.assumeTrue(Files.exists(DRIVER) && System.getProperty("os.arch").equals("amd64"), "there is no driver for tests here");
        final ByteArrayOutputStream printed = new ByteArrayOutputStream();
        final int status = run(printed, "--quick", "--driver", DRIVER.toString(), "--tests", MODULE.resolve("target/test-classes").toString(),
            "--out", folder.toString(), "--no-bench", "--only", "TensorTest");
        assertThat(printed.toString(StandardCharsets.UTF_8)).contains("0 failed, 1 skipped").contains("What was skipped:").doesNotContain("What went wrong");
        assertThat(status).isZero();
    }

    @Test
    void withoutAGpuItIsOneLine() throws Exception {
        final ByteArrayOutputStream printed = new ByteArrayOutputStream();
        assertThat(run(printed, "--driver", "libcuda-that-is-not-there.so.1")).isEqualTo(3);
        assertThat(printed.toString(StandardCharsets.UTF_8)).isEqualToIgnoringNewLines("gpu-check: no NVIDIA driver: libcuda-that-is-not-there.so.1 cannot be loaded");
    }

    @Test
    void wrongCallsSayHowItIsCalled() throws Exception {
        for (final String[] args : new String[][] {{"--fast"}, {"--out"}, {"--limit", "soon"}, {"--limit", "0"}}) {
            final ByteArrayOutputStream printed = new ByteArrayOutputStream();
            assertThat(run(printed, args)).isEqualTo(2);
            assertThat(printed.toString(StandardCharsets.UTF_8)).startsWith("gpu-check: ").hasLineCount(1);
        }
    }

    /** A part that dies is trouble, not the end. */
    @Test
    void aPartThatDiesIsReported() throws Exception {
        final CheckOptions options = CheckOptions.parse("--out", folder.toString(), "--limit", "60");
        final PartProcess.Outcome outcome = new PartProcess(options).run(folder.resolve("dead.log"), "bench", "no-such", "libcuda.so.1", "quick");
        assertThat(outcome.result()).isEmpty();
        assertThat(outcome.trouble()).contains("no such benchmark: no-such");
    }
}

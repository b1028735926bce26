package io.spillway.local.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.spillway.local.SpillwayMain;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** {@code quantize} of the bundled small model, from either kind of files to either kind. */
class QuantizeCommandTest {
    private static final Path MODELS = Path.of(System.getProperty("spillway.root"), "deploy/local/models/brook");
    private static final String TEXT = "Customer: Where is my order?\nAgent: I will look it up for you. ";
    @TempDir
    private Path folder;

    private int run(final StringWriter out, final String... args) {
        final CommandLine line = SpillwayMain.commandLine();
        line.setOut(new PrintWriter(out, true)).setErr(new PrintWriter(out, true));
        return line.execute(args);
    }

    @ParameterizedTest
    @CsvSource({"brook-small, f16, 0, 2.1", "brook-small, q8_0, 0.05, 1.2", "brook-small/brook-small-f16.gguf, q4_0, 1, 0.8",
        "brook-small, fp8, 0.2, 1.4", "brook-small/brook-small-f16.gguf, fp8, 0.2, 1.4"})
    void whatItCostsIsMeasured(final String model, final String type, final double changeMax, final double mebibytesMax) throws IOException {
        final Path text = Files.writeString(folder.resolve("t.txt"), TEXT.repeat(12));
        final StringWriter out = new StringWriter();
        assertThat(run(out, "quantize", "--model", MODELS.resolve(model).toString(), "--out", folder.resolve("out").toString(), "--type", type,
            "--text", text.toString(), "--threads", "1", "--json")).as(out.toString()).isZero();
        final JsonNode line = new ObjectMapper().readTree(out.toString());
        assertThat(Math.abs(Math.log(line.path("perplexity_after").asDouble() / line.path("perplexity_before").asDouble()))).isLessThanOrEqualTo(changeMax);
        assertThat(line.path("after_bytes").asLong()).isLessThanOrEqualTo((long) (mebibytesMax * (1 << 20)) + 4096);
        assertThat(line.path("predicted_tokens").asInt()).isPositive();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "quantize --model MODEL --out OUT --type q3_k        | 2 | Invalid value for option '--type'",
        "quantize --model MODEL/none --out OUT --type q8_0   | 1 | no model at",
        "quantize --model MODEL --out OUT/no/x --type q8_0   | 1 | there is no folder",
        "quantize --model MODEL --out OUT --type q8_0 --text OUT/none | 1 | no file at",
        "quantize --model MODEL --out OUT --type q8_0 --threads 0 | 1 | --threads must be at least 1",
    })
    void whatIsWrongIsSaid(final String typed, final int status, final String problem) {
        final StringWriter out = new StringWriter();
        assertThat(run(out, typed.replace("MODEL", MODELS.resolve("brook-small").toString()).replace("OUT", folder.resolve("out").toString()).split(" +"))).isEqualTo(status);
        assertThat(out.toString()).contains(problem);
    }
}

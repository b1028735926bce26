package io.spillway.local.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.spillway.local.SpillwayMain;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** {@code eval} on the bundled small model. */
class EvalCommandTest {
    private static final Path MODEL = Path.of(System.getProperty("spillway.root"), "deploy/local/models/brook/brook-small/brook-small-f16.gguf");
    @TempDir
    private Path folder;

    private static String run(final String... args) {
        final CommandLine line = SpillwayMain.commandLine();
        final StringWriter out = new StringWriter();
        final StringWriter err = new StringWriter();
        line.setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
        assertThat(line.execute(args)).as(err.toString()).isZero();
        return out.toString();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "eval                                                       | 2 | eval what? logits or perplexity",
        "eval logits --model x                                      | 2 | Missing required argument (specify one of these)",
        "eval logits --model /no/such/model --tokens x              | 1 | no model at /no/such/model",
        "eval logits --model x --tokens y --top -1                  | 1 | cannot be negative",
        "eval perplexity --model x --tokens y --threads 0           | 1 | --threads must be at least 1, got 0",
        "eval perplexity --model x --tokens y --step 0              | 1 | --step must be at least 1, got 0",
        "eval perplexity --model x --tokens y --text z              | 2 | are mutually exclusive",
        "eval perplexity --model x --tokens y --kernels fast        | 2 | Invalid value for option '--kernels'",
    })
    void whatIsWrongIsSaid(final String typed, final int status, final String problem) {
        final CommandLine line = SpillwayMain.commandLine();
        final StringWriter err = new StringWriter();
        line.setErr(new PrintWriter(err, true));
        assertThat(line.execute(typed.split(" +"))).isEqualTo(status);
        assertThat(err.toString()).startsWith("spillway: ").contains(problem);
    }

    private static JsonNode json(final String line) throws IOException {
        return new ObjectMapper().readTree(line);
    }

    @Test
    void perplexityOfATextDependsOnNeitherKernelsNorSteps() throws IOException {
        final Path text = Files.writeString(folder.resolve("t.txt"), "Customer: Where is my order?\nAgent: I will look it up for you. ".repeat(12));
        final JsonNode vector = json(run("eval", "perplexity", "--model", MODEL.toString(), "--text", text.toString(), "--window", "128",
            "--kernels", "vector", "--threads", "2", "--json"));
        assertThat(vector.path("perplexity").asDouble()).isCloseTo(Math.exp(vector.path("nll").asDouble()), within(1e-9)).isBetween(1.0, 2048.0);
        assertThat(vector.path("predicted").asInt()).isEqualTo(vector.path("tokens").asInt() / 128 * 63);
        final JsonNode scalar = json(run("eval", "perplexity", "--model", MODEL.toString(), "--text", text.toString(), "--window", "128",
            "--kernels", "scalar", "--step", "17", "--json"));
        assertThat(scalar.path("nll").asDouble()).isEqualTo(vector.path("nll").asDouble());
        assertThat(run("eval", "perplexity", "--model", MODEL.toString(), "--text", text.toString(), "--whole", "--kv", "f16"))
            .startsWith("perplexity ").contains(vector.path("tokens").asInt() - 1 + " of " + vector.path("tokens").asInt() + " tokens predicted");
    }

    @Test
    void logitsToTheScreenAndToAFile() throws IOException {
        final Path ids = Files.writeString(folder.resolve("ids.json"), "[5, 17, 300, 42]");
        final Path out = folder.resolve("logits.f32");
        final String[] lines = run("eval", "logits", "--model", MODEL.toString(), "--tokens", ids.toString(), "--top", "3", "--last", "2",
            "--out", out.toString(), "--json").split("\n");
        assertThat(lines).hasSize(2);
        final JsonNode last = json(lines[1]);
        assertThat(last.path("position").asInt()).isEqualTo(3);
        assertThat(last.path("top")).hasSize(3);
        final ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(out)).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(bytes.capacity()).isEqualTo(2 * 2048 * Float.BYTES);
        for (final JsonNode entry : last.path("top")) {
            assertThat(bytes.getFloat((2048 + entry.path("token").asInt()) * Float.BYTES)).isEqualTo(entry.path("logit").floatValue());
        }
        assertThat(run("eval", "logits", "--model", MODEL.toString(), "--tokens", ids.toString())).contains("after token 42 at position 3");
    }
}

package io.spillway.local.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.local.SpillwayMain;
import io.spillway.local.plan.GpuCatalog;
import io.spillway.local.plan.ModelFiles;
import io.spillway.local.plan.PlannedModel;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** {@code plan} as a person types it: what it prints, what it refuses, and that its page is true. */
class PlanCommandTest {
    private static final Path ROOT = Path.of(System.getProperty("spillway.root"));
    private static final Path BROOK = ROOT.resolve("deploy/local/models/brook/brook");
    private static final String SOUND = "{\"model_type\":\"qwen3_moe\",\"hidden_size\":2048,\"num_hidden_layers\":48,\"num_attention_heads\":32,"
        + "\"num_key_value_heads\":4,\"head_dim\":128,\"intermediate_size\":6144,\"moe_intermediate_size\":768,\"num_experts\":128,"
        + "\"num_experts_per_tok\":8,\"vocab_size\":151936,\"torch_dtype\":\"bfloat16\"}";
    private static final String PRICES = "gpus: {one: {memory: 80GiB, bandwidth-gb-per-second: 2000, bf16-tflops: 300, link-gb-per-second: 300, "
        + "dollars-per-hour: 2}}";
    @TempDir
    private Path folder;

    private record Outcome(int status, String out, String err) {
    }

    private Outcome run(final String... args) {
        final StringWriter out = new StringWriter();
        final StringWriter err = new StringWriter();
        final CommandLine line = SpillwayMain.commandLine();
        line.setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
        return new Outcome(line.execute(args), out.toString(), err.toString());
    }

    private Outcome plan(final Path model, final String more) {
        return run(("plan --model " + model + " " + more).split(" +"));
    }

    @Test
    void theExampleOfThePageIsWhatIsPrinted() throws Exception {
        final String page = Files.readString(ROOT.resolve("deploy/docs/plan.md"));
        final Path config = Files.writeString(folder.resolve("config.json"), block(page, "json"));
        final String command = block(page, "sh").strip().replace("./spillway ", "").replace("\\\n", " ").replace("config.json", config.toString());
        final Outcome outcome = run(command.split("\\s+"));
        assertThat(outcome.status()).as(outcome.err()).isZero();
        assertThat(outcome.out().strip()).isEqualTo(block(page, "text").strip());
    }

    private static String block(final String page, final String kind) {
        final Matcher found = Pattern.compile("```" + kind + "\n(.*?)```", Pattern.DOTALL).matcher(page);
        assertThat(found.find()).as(kind).isTrue();
        return found.group(1);
    }

    @Test
    void oneLineOfJsonSaysTheSame() throws Exception {
        final Outcome outcome = plan(BROOK, "--context 4096 --concurrency 8 --gpu L4 --json");
        final JsonNode line = new ObjectMapper().readTree(outcome.out());
        assertThat(outcome.out().lines()).hasSize(1);
        assertThat(line.path("measured").asBoolean(true)).isFalse();
        assertThat(line.path("weights_exact").asBoolean()).isTrue();
        assertThat(line.path("kv_bytes").asLong()).isEqualTo(line.path("kv_bytes_per_token").asLong() * 4096 * 8);
        assertThat(line.path("choices").size() + line.path("misfits").size()).isEqualTo(4);
        assertThat(line.path("cheapest")).isEqualTo(line.path("choices").get(0));
        assertThat(line.path("cheapest").path("dollars_per_hour").asDouble()).isEqualTo(0.78);
    }

    @Test
    void aFileOfPricesMayBeJsonAndSayWhatIsAssumed() throws Exception {
        final Path prices = Files.writeString(folder.resolve("p.json"), "{\"gpus\": {\"small\": {\"memory\": \"8GiB\", \"bandwidth-gb-per-second\": 100, "
            + "\"bf16-tflops\": 10, \"link-gb-per-second\": 10, \"gpus-per-host\": 1, \"dollars-per-hour\": 0.1}}, "
            + "\"assumptions\": {\"bandwidth-share\": 0.5}}");
        final Outcome outcome = plan(BROOK, "--context 512 --concurrency 1 --prices " + prices);
        assertThat(outcome.status()).as(outcome.err()).isZero();
        assertThat(outcome.out()).contains("small").contains("a host has 1").contains("none was measured");
    }

    @Test
    void whenNothingFitsItSaysWhyAndFails() throws Exception {
        final Path model = Files.writeString(folder.resolve("m.json"), SOUND);
        final Outcome outcome = plan(model, "--context 32768 --concurrency 1 --gpu L4 --weights f32");
        assertThat(outcome.status()).isEqualTo(0);
        final Outcome none = plan(model, "--context 90000000 --concurrency 1 --gpu L4 --weights f32");
        assertThat(none.status()).isEqualTo(1);
        assertThat(none.out()).contains("does not fit: ").contains("none fits");
        assertThat(none.err()).startsWith("spillway: no configuration");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "--context 0 --concurrency 1                              | 1 | --context must be 1 to",
        "--context 100 --concurrency 0                            | 1 | --concurrency must be 1 to",
        "--context 100 --concurrency 2000000                      | 1 | --concurrency must be 1 to",
        "--context 100 --concurrency 1 --output 100               | 1 | --output must be below --context 100",
        "--context 100 --concurrency 1 --output 0                 | 1 | --output must be 1 to",
        "--context 100 --concurrency 1 --prompt-cached 1.5        | 1 | --prompt-cached must be 0 to 1",
        "--context 100 --concurrency 1 --prompt-cached NaN        | 1 | --prompt-cached must be 0 to 1",
        "--context 100 --concurrency 1 --block-tokens 48          | 1 | --block-tokens must be a power of two",
        "--context 100 --concurrency 1 --weights q9_9             | 1 | --weights must be stored",
        "--context 100 --concurrency 1 --gpu H100-80GB,Abacus     | 1 | no GPU type 'Abacus'; there are L4",
        "--context 100 --concurrency 1 --prices /none.yaml        | 1 | no config file at /none.yaml",
        "--context 100 --concurrency 1 --kv q8                    | 2 | Invalid value for option '--kv'",
        "--context many --concurrency 1                           | 2 | Invalid value for option '--context'",
        "--concurrency 1                                          | 2 | Missing required option: '--context=N'",
    })
    void whatIsWrongIsOneClearLine(final String typed, final int status, final String problem) {
        final Outcome outcome = plan(BROOK, typed);
        assertThat(outcome.status()).isEqualTo(status);
        assertThat(outcome.err()).startsWith("spillway: ").contains(problem);
        assertThat(outcome.err().lines().filter(line -> !line.startsWith("try: "))).hasSize(1);
        assertThat(outcome.out()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "model_type           | null                 | model_type",
        "model_type           | \"mamba\"            | model_type",
        "hidden_size          | null                 | hidden_size",
        "hidden_size          | -1                   | hidden_size",
        "hidden_size          | \"wide\"             | hidden_size",
        "num_hidden_layers    | 67000000             | num_hidden_layers",
        "num_attention_heads  | 1.5                  | num_attention_heads",
        "num_key_value_heads  | 5                    | num_key_value_heads",
        "head_dim             | 127                  | head_dim",
        "num_experts_per_tok  | 129                  | num_experts_per_tok",
        "num_experts          | 67000000             | num_experts",
        "moe_intermediate_size | null                | moe_intermediate_size",
        "vocab_size           | 99999999999999999999 | vocab_size",
        "tie_word_embeddings  | 1                    | tie_word_embeddings",
        "torch_dtype          | \"int3\"             | torch_dtype",
        "quantization_config  | {\"quant_method\":\"modelopt\"} | quantization_config.quant_method",
        "quantization_config  | {\"quant_method\":\"gptq\"} | w_bit",
        "quantization_config  | {\"quant_method\":\"magic\"} | quantization_config.quant_method",
    })
    void aConfigurationIsRefusedByItsKey(final String key, final String value, final String field) throws Exception {
        final ObjectNode config = (ObjectNode) new ObjectMapper().readTree(SOUND);
        final Path file = folder.resolve("m.json");
        Files.writeString(file, config.toString());
        assertThat(ModelFiles.read(file).weights().total()).as("published: 30.5 billion").isBetween(30_400_000_000L, 30_600_000_000L);
        config.set(key, new ObjectMapper().readTree(value));
        Files.writeString(file, config.toString());
        assertThatThrownBy(() -> ModelFiles.read(file)).isInstanceOfSatisfying(SpillwayException.class,
            e -> assertThat(e.field()).contains(field));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{\"quant_method\":\"fp8\"} | 1.0", "{\"quant_method\":\"fbgemm_fp8\"} | 1.0", "{\"quant_method\":\"modelopt\",\"quant_algo\":\"FP8\"} | 1.0",
        "{\"quant_method\":\"compressed-tensors\",\"format\":\"float-quantized\"} | 1.0",
        "{\"quant_method\":\"gptq\",\"bits\":4,\"group_size\":128} | 0.51953125",
        "{\"quant_method\":\"gptq\",\"bits\":4,\"group_size\":-1} | 0.5", "{\"quant_method\":\"awq\",\"w_bit\":4,\"q_group_size\":64} | 0.5390625",
    })
    void whatIsQuantisedTakesLess(final String quantised, final double bytesEach) throws Exception {
        final ObjectNode config = (ObjectNode) new ObjectMapper().readTree(SOUND);
        config.set("quantization_config", new ObjectMapper().readTree(quantised));
        final PlannedModel model = ModelFiles.read(Files.writeString(folder.resolve("m.json"), config.toString()));
        assertThat(model.stored().each().experts()).isCloseTo(bytesEach, within(0.001));
        assertThat(model.stored().each().outer()).isEqualTo(2);
        final double layers = (model.weights().common() + model.weights().experts().numbers()) * model.stored().each().common();
        final double rest = 2.0 * (model.weights().embedding() + model.weights().head() + model.weights().vectors());
        assertThat((double) model.stored().bytes()).isCloseTo(layers + rest, within(1.0));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"''", "[]", "{", "null", "{\"model_type\": 3}"})
    void whatIsNoConfigurationIsRefused(final String content) throws Exception {
        final Path file = Files.writeString(folder.resolve("m.json"), content);
        assertThatThrownBy(() -> ModelFiles.read(file)).isInstanceOf(SpillwayException.class).hasMessageContaining("m.json");
        assertThatThrownBy(() -> ModelFiles.read(folder.resolve("none"))).isInstanceOf(SpillwayException.class).hasMessageContaining("no model at");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "memory: 80GiB               | memory: 0B                  | gpus.one.memory",
        "memory: 80GiB               | memory: lots                | gpus.one.memory",
        "bf16-tflops: 300            | bf16-tflops: -1             | gpus.one.bf16-tflops",
        "bf16-tflops: 300            | fp4-tflops: 300             | gpus.one.fp4-tflops",
        "'link-gb-per-second: 300, ' | ''                          | gpus.one.link-gb-per-second",
        "dollars-per-hour: 2         | dollars-per-hour: 0         | gpus.one.dollars-per-hour",
        "gpus:                       | 'types: 3\ngpus:'           | types",
        "gpus:                       | 'assumptions: {matrix-share: 1.1}\ngpus:' | assumptions.matrix-share",
    })
    void aFileOfPricesIsRefusedByItsKey(final String sound, final String broken, final String field) throws Exception {
        final Path file = Files.writeString(folder.resolve("p.yaml"), PRICES);
        assertThat(GpuCatalog.load(file).gpus()).containsOnlyKeys("one");
        Files.writeString(file, PRICES.replace(sound, broken));
        assertThatThrownBy(() -> GpuCatalog.load(file)).isInstanceOfSatisfying(SpillwayException.class,
            e -> assertThat(e.field()).contains(field));
    }
}

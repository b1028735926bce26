package io.spillway.local.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.modelfile.ModelSource;
import io.spillway.modelfile.TensorEntry;
import io.spillway.node.weights.ModelShape;
import io.spillway.node.weights.ModelShapes;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What is predicted of known models is what was published of them; of models that are here, what their files and the engine's layout say. */
class KnownModelsTest {
    private static final Path ROOT = Path.of(System.getProperty("spillway.root"));
    private static final double BILLION = 1e9;

    @ParameterizedTest
    @CsvSource({
        // model, bytes of KV per token in 16 bits, billions of numbers, of which a token uses (embedding aside)
        "llama-3-8b, 131072, 8.03, 7.50",
        "llama-3-70b, 327680, 70.55, 69.50",
        "llama-3-405b, 516096, 405.85, 403.75",
        "qwen3-0.6b, 114688, 0.596, 0.596",
        "mixtral-8x7b, 131072, 46.70, 12.75",
        "gpt-oss-20b, 49152, 20.91, 3.61",
        "deepseek-v3, 70272, 671.03, 36.63",
        "gemma-2-9b, 344064, 9.24, 9.24",
        "gemma-3-27b, 507904, 27.01, 27.01",
    })
    void publishedFigures(final String name, final long kvBytes, final double billions, final double activeBillions) {
        final PlannedModel model = Models.model(name);
        assertThat(model.blockBytes(model.attention().kvHeads(), Models.load(2, 1, KvElement.BF16).cache())).isEqualTo(kvBytes);
        assertThat(model.weights().total() / BILLION).isCloseTo(billions, within(0.006));
        final long active = model.weights().activeInLayers() + model.weights().headNumbers();
        assertThat(active / BILLION).isCloseTo(activeBillions, within(0.01));
    }

    /** The figure was published without its terms: 96 layers of 16,384 that share no heads have it, in 16 bits. With shared heads it is far less. */
    @Test
    void aModelOfFiveHundredBillionNumbersKeeps126GigabytesFor20000Tokens() {
        final PlannedModel model = Models.model("mha-500b");
        assertThat(model.weights().total() / BILLION).isBetween(480.0, 520.0);
        final Plan plan = Planner.plan(model, model.stored(), Models.load(20_000, 1, KvElement.F16), GpuCatalog.bundled());
        assertThat(plan.cacheBytes() / BILLION).isCloseTo(126, within(0.5));
        final PlannedModel shared = Models.model("llama-3-405b");
        assertThat(20_000 * shared.blockBytes(8, Models.load(2, 1, KvElement.F16).cache()) / BILLION).isCloseTo(10.3, within(0.05));
    }

    @ParameterizedTest
    @CsvSource({"gpt-oss-20b, 12, 128", "gemma-2-9b, 21, 4096", "gemma-3-27b, 52, 1024", "qwen3-0.6b, 0, 0", "mixtral-8x7b, 0, 0"})
    void windowsAreWhatTheKindAssumesWhereItsConfigurationIsSilent(final String name, final int layers, final int tokens) {
        final PlannedModel.Attention attention = Models.model(name).attention();
        assertThat(attention.windowLayers()).isEqualTo(layers);
        assertThat(attention.windowTokens()).isEqualTo(tokens);
        assertThat(attention.keysSeen(10_000)).isEqualTo((attention.layers() - layers) * 10_000.0 + (double) layers * tokens);
    }

    @Test
    void whatIsStoredFollowsTheConfiguration() {
        assertThat(Models.model("gpt-oss-20b").stored().bytes() / (double) (1L << 30)).as("published: 12.8 GiB").isCloseTo(12.8, within(0.1));
        assertThat(Models.model("deepseek-v3").stored().bytes() / BILLION).isBetween(671.0, 675.0);
        assertThat(Models.model("llama-3-8b").stored().bytes()).as("published: 16.06 GB").isEqualTo(16_060_522_496L);
    }

    @ParameterizedTest
    @EnumSource(KvElement.class)
    void blocksAreThoseOfTheEngine(final KvElement element) {
        for (final String name : List.of("brook", "brook-small")) {
            final Path path = ROOT.resolve("deploy/local/models/brook").resolve(name);
            final PlannedModel model = ModelFiles.read(path);
            try (ModelSource source = ModelSource.open(path)) {
                final ModelShape shape = ModelShapes.read(source);
                final KvLayout layout = new KvLayout(shape.layers(), shape.attention().kvHeads(), shape.attention().headDim(), 64, element);
                assertThat(model.blockBytes(model.attention().kvHeads(), new Workload.Cache(element, 64))).isEqualTo(layout.blockBytes());
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"brook/model.safetensors, brook", "brook-small/model.safetensors, brook-small"})
    void aConfigurationAlonePredictsTheBytesOfItsWeights(final String weights, final String directory) {
        final Path folder = ROOT.resolve("deploy/local/models/brook");
        final PlannedModel predicted = ModelFiles.read(folder.resolve(directory).resolve("config.json"));
        try (ModelSource source = ModelSource.open(folder.resolve(weights))) {
            final long bytes = source.tensors().stream().mapToLong(TensorEntry::sizeBytes).sum();
            assertThat(predicted.stored()).extracting(PlannedModel.Stored::bytes, PlannedModel.Stored::exact).containsExactly(bytes, false);
            assertThat(ModelFiles.read(folder.resolve(directory)).stored()).extracting(PlannedModel.Stored::bytes, PlannedModel.Stored::exact)
                .containsExactly(bytes, true);
            assertThat(predicted.weights().total()).isEqualTo(source.tensors().stream().mapToLong(TensorEntry::elements).sum());
        }
    }

    /** Every kind of decoder that there is a reference file of: counted by the metadata, held against the tensors and the engine's own reader. */
    @Test
    void referenceFilesAreCountedAsTheyAre() throws Exception {
        final List<Path> files;
        try (Stream<Path> entries = Files.list(ROOT.resolve("node/cpu/src/test/resources/reference"))) {
            files = entries.filter(file -> file.toString().endsWith(".gguf") && !file.toString().contains("gpt-oss")).sorted().toList();
        }
        assertThat(files).hasSizeGreaterThan(20);
        for (final Path file : files) {
            final PlannedModel model = ModelFiles.read(file);
            try (ModelSource source = ModelSource.open(file)) {
                final ModelShape shape = ModelShapes.read(source);
                int windowed = 0;
                for (int layer = 0; layer < shape.layers(); layer++) {
                    windowed += shape.attention().windows().tokensOf(layer) > 0 ? 1 : 0;
                }
                final long numbers = source.tensors().stream().filter(tensor -> !tensor.name().startsWith("rope_")).mapToLong(TensorEntry::elements).sum();
                assertThat(model.weights().total()).as(file.toString()).isEqualTo(numbers);
                assertThat(model.attention()).as(file.toString()).extracting(PlannedModel.Attention::kvHeads, PlannedModel.Attention::headDim,
                    PlannedModel.Attention::windowLayers).containsExactly(shape.attention().kvHeads(), shape.attention().headDim(), windowed);
                assertThat(model.stored().bytes()).isEqualTo(source.tensors().stream().mapToLong(TensorEntry::sizeBytes).sum());
            }
        }
    }

    @Test
    void aFileThatItsMetadataDoesNotDescribeIsRefused() {
        assertThatThrownBy(() -> ModelFiles.read(ROOT.resolve("node/cpu/src/test/resources/reference/gpt-oss.gguf")))
            .isInstanceOf(SpillwayException.class).hasMessageContaining("give --model its config.json");
    }

    @Test
    void otherTypesOfWeights() {
        final PlannedModel model = Models.model("llama-3-8b");
        final long vectorBytes = model.weights().vectors() * Float.BYTES;
        assertThat(WeightType.of(model, "q8_0").bytes()).isEqualTo(model.weights().matrices() / 32 * 34 + vectorBytes);
        assertThat(WeightType.of(model, "Q4_0").bytes()).isEqualTo(model.weights().matrices() / 32 * 18 + vectorBytes);
        assertThat(WeightType.of(model, "fp8").bytes()).isEqualTo(model.weights().matrices() + vectorBytes);
        assertThat(WeightType.of(model, "stored")).isEqualTo(model.stored());
    }
}

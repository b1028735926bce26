package io.spillway.node.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.config.ConfigFile;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.RequestId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.domain.request.GenerationEvent;
import io.spillway.domain.request.GenerationRequest;
import io.spillway.domain.request.SamplingParams;
import io.spillway.domain.time.NanoClock;
import io.spillway.kvstore.service.NoBlockStore;
import io.spillway.modelfile.ModelSource;
import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.compute.Slab;
import io.spillway.node.cpu.CpuBackend;
import io.spillway.node.engine.ConstraintSource;
import io.spillway.node.engine.Engine;
import io.spillway.node.engine.EngineConfig;
import io.spillway.node.engine.EngineParts;
import io.spillway.node.model.LanguageModel;
import io.spillway.node.model.ModelLoader;
import io.spillway.node.speculation.SpeculationCounts;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Real models guess for each other as configured; outputs are the same tokens. */
class SpeculationSetupTest {
    private static final Path BROOK = Path.of(System.getProperty("spillway.root"), "deploy/local/models/brook");
    private static final int DEVICE_BLOCKS = 64;

    private static NodeConfig.Speculation config(final String yaml) {
        return ConfigFile.parse(yaml, "test", NodeConfig.Speculation.class);
    }

    private record Run(List<List<Integer>> outputs, SpeculationCounts counts) {
    }

    private static Run run(final ComputeBackend backend, final LanguageModel model, final String yaml) throws Exception {
        final KvLayout layout = model.kvLayout(64, KvElement.F32);
        final EngineConfig limits = EngineConfig.of(2048, DEVICE_BLOCKS).withLimits(256, 4, 64);
        try (Slab slab = backend.allocate(DEVICE_BLOCKS * layout.blockBytes());
             SpeculationSetup setup = new SpeculationSetup(config(yaml), backend, layout, ModelLoader.Options.defaults());
             Engine engine = new Engine(limits, new EngineParts(model, layout, slab.segment(), new NoBlockStore(), NanoClock.SYSTEM,
                 event -> { }, setup.open(BROOK.resolve("brook"), limits), ConstraintSource.NONE))) {
            engine.start(defect -> { });
            final List<CompletableFuture<List<Integer>>> asked = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                asked.add(ask(engine, i));
            }
            final List<List<Integer>> outputs = new ArrayList<>();
            for (final CompletableFuture<List<Integer>> one : asked) {
                outputs.add(one.get(60, TimeUnit.SECONDS));
            }
            engine.heldBlocks().get(10, TimeUnit.SECONDS); // counters are published before this is answered
            return new Run(outputs, engine.counters().speculation());
        }
    }

    private static CompletableFuture<List<Integer>> ask(final Engine engine, final int number) {
        // A text that repeats itself, so that there is something to look up and to draft.
        final int[] prompt = IntStream.range(0, 90 + 7 * number).map(i -> 300 + i % 23 * (number + 3)).toArray();
        final SamplingParams sampling = number % 2 == 0 ? SamplingParams.GREEDY
            : new SamplingParams(0.7f, 40, 0.95f, 0f, 0f, 0f, 1f, Map.of(), 100L + number, -1);
        final CompletableFuture<List<Integer>> done = new CompletableFuture<>();
        final List<Integer> tokens = new ArrayList<>();
        engine.submit(new GenerationRequest(new RequestId("r" + number), new TenantId("t"), Optional.empty(), new ModelId("brook"),
            new BlockHash(1, 2), prompt, new int[0], 32, new int[0], sampling), event -> {
                switch (event) {
                    case GenerationEvent.TokenDelta delta -> IntStream.of(delta.tokens()).forEach(tokens::add);
                    case GenerationEvent.Finished _ -> done.complete(tokens);
                    case GenerationEvent.Failed failed -> done.completeExceptionally(new AssertionError(failed));
                    default -> { }
                }
            });
        return done;
    }

    @Test
    void everyModeGivesTheSameTokens() throws Exception {
        try (ComputeBackend backend = CpuBackend.start(2); ModelSource source = ModelSource.open(BROOK.resolve("brook"));
             LanguageModel model = ModelLoader.load(source, backend, ModelLoader.Options.defaults())) {
            final String draft = "draft-model: '" + BROOK.resolve("brook-small") + "'\nmax-tokens: 6\n";
            final Run off = run(backend, model, "mode: off");
            assertThat(off.outputs()).allMatch(output -> output.size() == 32);
            assertThat(off.counts().proposed()).isZero();
            for (final String mode : List.of("suffix", "draft", "auto")) {
                final Run guessed = run(backend, model, "mode: " + mode + "\n" + draft);
                assertThat(guessed.outputs()).as(mode).isEqualTo(off.outputs());
                assertThat(guessed.counts().accepted()).as(mode).isPositive();
            }
        }
    }

    @Test
    void aDraftModelMustBeThereFitAndReadTheSameTokens() {
        try (ComputeBackend backend = CpuBackend.start(1)) {
            final KvLayout layout = new KvLayout(6, 2, 64, 64, KvElement.F32);
            final EngineConfig limits = EngineConfig.of(2048, DEVICE_BLOCKS);
            final Path brook = BROOK.resolve("brook");
            final String small = "draft-model: '" + BROOK.resolve("brook-small") + "'\n";
            assertThatThrownBy(() -> new SpeculationSetup(config("mode: draft"), backend, layout, ModelLoader.Options.defaults()).open(brook, limits))
                .isInstanceOf(SpillwayException.class).hasMessageContaining("speculation.draft-model must name a model");
            assertThatThrownBy(() -> new SpeculationSetup(config(small + "draft-max-bytes: 64KiB"), backend, layout, ModelLoader.Options.defaults()).open(brook, limits))
                .isInstanceOf(SpillwayException.class).hasMessageContaining("speculation.draft-max-bytes");
            assertThatThrownBy(() -> new SpeculationSetup(config("draft-model: '/no/such/model'"), backend, layout, ModelLoader.Options.defaults()).open(brook, limits))
                .isInstanceOf(SpillwayException.class).hasMessageContaining("/no/such/model");
            assertThatThrownBy(() -> new SpeculationSetup(config("max-tokens: 65"), backend, layout, ModelLoader.Options.defaults()).open(brook, limits))
                .isInstanceOf(SpillwayException.class).hasMessageContaining("speculation.max-tokens");
        }
    }
}

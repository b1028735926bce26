package io.spillway.node.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.kv.HeadSplit;
import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.modelfile.ModelSource;
import io.spillway.node.compute.Slab;
import io.spillway.node.compute.TensorOps;
import io.spillway.node.cpu.Reference.Case;
import io.spillway.node.model.DecoderShard;
import io.spillway.node.model.DecoderSpec;
import io.spillway.node.model.LanguageModel;
import io.spillway.node.model.ModelLoader;
import io.spillway.node.model.StepBatch;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Several ranks compute what one computes: every architecture and format, with only the rounding of sums between them. */
@Timeout(60)
class TensorParallelTest {
    private static final ModelLoader.Options STORED = ModelLoader.Options.defaults();
    private static final ModelLoader.Options EXACT = new ModelLoader.Options(Long.MAX_VALUE, fraction -> { });
    private static final Set<String> ARCHITECTURES = Set.of("llama", "mixtral", "qwen2", "qwen3", "qwen3moe", "gemma2", "gemma3", "phi3-long",
            "gpt-oss");
    private static final int PROMPTS = 5;
    private static CpuBackend backend;
    private static CpuBackend single;

    @BeforeAll
    static void start() {
        backend = CpuBackend.start(2);
        single = CpuBackend.start(1);
    }

    @AfterAll
    static void stop() {
        single.close();
        backend.close();
    }

    /** A model and a number of ranks that its heads can be divided among. */
    record Divided(Case which, int ranks) {
        @Override
        public String toString() {
            return which + " by " + ranks;
        }
    }

    private static Stream<Divided> divided(final Case which) {
        try (ModelSource source = ModelSource.open(which.file()); CpuBackend reader = CpuBackend.scalar("nothing is computed");
                DecoderSpec spec = ModelLoader.describe(source, reader, STORED)) {
            final int heads = spec.shape().attention().heads();
            final int kvHeads = spec.shape().attention().kvHeads();
            return IntStream.of(1, 2, 3, 4).filter(ranks -> new HeadSplit(heads, kvHeads, ranks).isPossible()).boxed()
                    .map(ranks -> new Divided(which, ranks)).toList().stream();
        }
    }

    static List<Divided> architectures() {
        return Reference.read().cases().stream().filter(c -> ARCHITECTURES.contains(c.name())).flatMap(TensorParallelTest::divided).toList();
    }

    static List<Divided> formats() {
        return Reference.read().cases().stream().filter(c -> !ARCHITECTURES.contains(c.name())).flatMap(TensorParallelTest::divided)
                .filter(d -> d.ranks() > 1).toList();
    }

    static LanguageModel load(final Path file, final int ranks, final ModelLoader.Options options) {
        try (ModelSource source = ModelSource.open(file)) {
            return ModelLoader.loadParallel(source, backend, single::newOps, ranks, options);
        }
    }

    private static LanguageModel alone(final Path file, final ModelLoader.Options options) {
        try (ModelSource source = ModelSource.open(file)) {
            return ModelLoader.load(source, backend, options);
        }
    }

    private static double distance(final float[] a, final float[] b) {
        double distance = 0;
        double norm = 0;
        for (int i = 0; i < a.length; i++) {
            distance += Math.pow((double) a[i] - b[i], 2);
            norm += Math.pow(b[i], 2);
        }
        return Math.sqrt(distance / norm);
    }

    /** Weights as F32: what is left is the order of sums, and one rank is the decoder itself, bit for bit. */
    @ParameterizedTest
    @MethodSource("architectures")
    void everyArchitectureGivesTheSameLogits(final Divided which) {
        final int[] tokens = Arrays.copyOf(Reference.read().tokens(), 48);
        final Random random = new Random(which.toString().hashCode());
        try (LanguageModel one = alone(which.which().file(), EXACT); LanguageModel several = load(which.which().file(), which.ranks(), EXACT);
                Session expected = Session.of(one, tokens.length); Session actual = Session.of(several, tokens.length)) {
            for (int from = 0; from < tokens.length;) {
                final int to = Math.min(tokens.length, from + 1 + random.nextInt(2) * random.nextInt(20));
                expected.feed(tokens, from, to);
                actual.feed(tokens, from, to);
                if (which.ranks() == 1) {
                    assertThat(actual.logits).containsExactly(expected.logits);
                } else {
                    assertThat(distance(actual.logits, expected.logits)).as("at %d", to).isLessThan(1e-5);
                }
                from = to;
            }
        }
    }

    /** Stored formats: integers meet rounded activations, which a last bit may push to the next step. Refusals name a dimension. */
    @ParameterizedTest
    @MethodSource("formats")
    void everyFormatIsDividedOrRefused(final Divided which) {
        final int[] tokens = Arrays.copyOf(Reference.read().tokens(), 24);
        try (LanguageModel one = alone(which.which().file(), STORED); LanguageModel several = load(which.which().file(), which.ranks(), STORED);
                Session expected = Session.of(one, tokens.length); Session actual = Session.of(several, tokens.length)) {
            expected.feed(tokens, 0, 23);
            actual.feed(tokens, 0, 23);
            expected.feed(tokens, 23, 24);
            actual.feed(tokens, 23, 24);
            assertThat(distance(actual.logits, expected.logits)).isLessThan(0.03);
        } catch (final SpillwayException e) {
            assertThat(e.code()).isEqualTo(ErrorCode.INVALID_CONFIG);
            assertThat(e.field()).contains("engine.tensor-parallel");
            assertThat(e.getMessage()).containsAnyOf("feed-forward width", "inputs of ATTENTION_OUTPUT", "inputs of");
        }
    }

    @Test
    void mostFormatsAreDivided() {
        final List<String> divided = new ArrayList<>();
        for (final Divided which : formats()) {
            try (ModelSource source = ModelSource.open(which.which().file()); DecoderSpec spec = ModelLoader.describe(source, single, STORED)) {
                DecoderShard.of(spec, which.ranks() - 1, which.ranks());
                divided.add(which.toString());
            } catch (final SpillwayException _) {
                continue; // the other test looks at the refusal
            }
        }
        assertThat(divided).contains("llama-f16 by 2", "llama-f16 by 4", "llama-bf16 by 4", "llama-q8_0 by 2", "llama-q4_0 by 2", "gpt-oss-mxfp4 by 2");
        assertThat(divided).doesNotContain("llama-q8_0 by 4", "llama-q4_k by 2");
    }

    @ParameterizedTest
    @CsvSource({"brook, 3, 4 heads and 2 key-value heads", "brook, 8, 4 heads and 2 key-value heads", "brook, 0, at least one rank"})
    void headsThatCannotBeDividedAreRefused(final String model, final int ranks, final String because) {
        assertThatThrownBy(() -> load(Golden.gguf(model), ranks, STORED)).isInstanceOfSatisfying(SpillwayException.class, e -> {
            assertThat(e.code()).isEqualTo(ErrorCode.INVALID_CONFIG);
            assertThat(e.field()).contains("engine.tensor-parallel");
            assertThat(e).hasMessageContaining(because);
        });
    }

    /** The bundled models, half-width weights: greedy continuations are the golden ones. */
    @ParameterizedTest
    @CsvSource({"brook, 2", "brook-small, 2", "brook-small, 4"})
    void greedyTokensAreTheSame(final String name, final int ranks) {
        try (LanguageModel model = load(Golden.gguf(name), ranks, STORED)) {
            for (final Golden.Prompt prompt : Golden.read(name).prompts().stream().limit(PROMPTS).toList()) {
                final int[] ids = prompt.tokenIds();
                try (Session session = Session.of(model, ids.length + prompt.greedyIds().length)) {
                    session.feed(ids, 0, ids.length);
                    for (final int greedy : prompt.greedyIds()) {
                        assertThat(session.argmax()).isEqualTo(greedy);
                        session.feed(new int[] {greedy}, 0, 1);
                    }
                }
            }
        }
    }

    /** Any element and any number of ranks: the same places hold the same numbers, the first layer's bit for bit. */
    @ParameterizedTest
    @CsvSource({"llama-f16, 2, F32", "llama-f16, 4, F32", "llama-f16, 2, I4", "llama-f16, 4, I4", "gemma3, 2, F16", "gemma3, 4, I8", "gpt-oss, 4, F8",
        "qwen3, 3, BF16", "qwen3moe, 3, F16"})
    void blocksAreThoseOfOneRank(final String name, final int ranks, final KvElement element) {
        final Path file = Reference.read().cases().stream().filter(c -> c.name().equals(name)).findFirst().orElseThrow().file();
        final int[] tokens = Arrays.copyOf(Reference.read().tokens(), 40);
        try (LanguageModel one = alone(file, EXACT); LanguageModel several = load(file, ranks, EXACT)) {
            final KvLayout layout = one.kvLayout(16, element);
            assertThat(several.kvLayout(16, element)).isEqualTo(layout);
            try (Session expected = new Session(one, layout, new int[] {2, 0, 1}, 40); Session actual = new Session(several, layout, new int[] {2, 0, 1}, 40)) {
                expected.feed(tokens, 0, 39);
                actual.feed(tokens, 0, 25);
                actual.feed(tokens, 25, 39);
                for (int block = 0; block < 3; block++) {
                    assertThat(firstLayer(actual, block)).isEqualTo(firstLayer(expected, block));
                }
                for (int position = 0; position < 39; position++) {
                    assertThat(distance(actual.kvAt(position), expected.kvAt(position))).isLessThan(element.bits() > 8 ? 0.01 : element == KvElement.I4 ? 0.2 : 0.1);
                }
                exchange(expected, actual, tokens[39]);
            }
        }
    }

    private static byte[] firstLayer(final Session session, final int block) {
        return session.segment().asSlice(block * session.layout.blockBytes(), session.layout.layerBytes()).toArray(ValueLayout.JAVA_BYTE);
    }

    /** Each goes on with the blocks of the other. */
    private static void exchange(final Session one, final Session several, final int token) {
        one.feed(new int[] {token}, 0, 1);
        final float[] own = one.logits.clone();
        several.segment().copyFrom(one.segment());
        several.feed(new int[] {token}, 0, 1);
        assertThat(distance(several.logits, own)).as("several ranks on the blocks of one").isLessThan(1e-5);
        one.rewind(39);
        one.segment().copyFrom(several.segment());
        one.feed(new int[] {token}, 0, 1);
        assertThat(distance(one.logits, several.logits)).as("one rank on the blocks of several").isLessThan(1e-5);
    }

    @Test
    void hiddenStatesAreThoseOfOneRank() {
        final Path file = Reference.read().cases().stream().filter(c -> c.name().equals("gemma3")).findFirst().orElseThrow().file();
        try (LanguageModel one = alone(file, EXACT); LanguageModel several = load(file, 2, EXACT)) {
            assertThat(several.hiddenSize()).isEqualTo(one.hiddenSize());
            assertThat(several.contextTokens()).isEqualTo(one.contextTokens());
            assertThat(distance(states(several), states(one))).isLessThan(1e-5);
        }
    }

    private static float[] states(final LanguageModel model) {
        final int[] tokens = Reference.read().tokens();
        final StepBatch batch = new StepBatch(16, 1);
        final KvLayout layout = model.kvLayout(16, KvElement.F32);
        batch.beginSequence(new int[] {0});
        for (int position = 0; position < 16; position++) {
            batch.addRow(tokens[position], position);
            batch.wantLogits();
        }
        final float[] states = new float[16 * model.hiddenSize()];
        try (Slab slab = Slab.allocate(layout.blockBytes())) {
            model.hiddenStates(batch, layout, slab.segment(), states);
        }
        return states;
    }

    /** Operations of one rank that fail at their n-th gated unit. */
    private static TensorOps failing(final TensorOps sound, final AtomicInteger unitsLeft) {
        return (TensorOps) Proxy.newProxyInstance(TensorOps.class.getClassLoader(), new Class<?>[] {TensorOps.class}, (proxy, method, arguments) -> {
            if (method.getName().equals("swiGlu") && unitsLeft.getAndDecrement() == 0) {
                throw new IllegalStateException("this rank's device is gone");
            }
            try {
                return method.invoke(sound, arguments);
            } catch (final InvocationTargetException e) {
                throw e.getCause();
            }
        });
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "0, 1", "1, 0", "1, 1"})
    void aFailedRankFailsTheStepAndTheNextOneIsSound(final int rank, final int unit) {
        final Path file = Golden.gguf("brook-small");
        final int[] tokens = new Random(3).ints(12, 0, 2048).toArray();
        final AtomicInteger unitsLeft = new AtomicInteger(-1);
        final AtomicInteger made = new AtomicInteger();
        try (ModelSource source = ModelSource.open(file); LanguageModel sound = load(file, 2, STORED);
                LanguageModel model = ModelLoader.loadParallel(source, backend,
                        () -> made.getAndIncrement() == rank ? failing(single.newOps(), unitsLeft) : single.newOps(), 2, STORED);
                Session expected = Session.of(sound, 12); Session actual = Session.of(model, 12)) {
            actual.feed(tokens, 0, 6);
            expected.feed(tokens, 0, 6);
            unitsLeft.set(unit);
            assertThatThrownBy(() -> actual.feed(tokens, 6, 12)).isInstanceOf(IllegalStateException.class).hasMessage("this rank's device is gone");
            actual.rewind(6);
            actual.feed(tokens, 6, 12);
            expected.feed(tokens, 6, 12);
            assertThat(actual.logits).containsExactly(expected.logits);
            actual.rewind(6);
            assertThatThrownBy(() -> actual.feed(new int[] {4711}, 0, 1)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("4711");
        }
    }
}

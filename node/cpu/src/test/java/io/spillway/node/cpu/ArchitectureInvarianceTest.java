package io.spillway.node.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.modelfile.ModelSource;
import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.compute.Slab;
import io.spillway.node.compute.TensorOps;
import io.spillway.node.compute.WorkerPool;
import io.spillway.node.cpu.Reference.Case;
import io.spillway.node.model.LanguageModel;
import io.spillway.node.model.ModelLoader;
import io.spillway.node.model.StepBatch;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every architecture: what a sequence computes depends on its own tokens only, and a decode step allocates nothing. */
class ArchitectureInvarianceTest {
    private static final int VOCABULARY = 256;
    private static final int BLOCK_TOKENS = 16;
    private static CpuBackend backend;

    @BeforeAll
    static void start() {
        backend = CpuBackend.start(3);
    }

    @AfterAll
    static void stop() {
        backend.close();
    }

    /** One per architecture, and two of those whose activations are rounded. */
    static List<Case> cases() {
        final Set<String> names = Set.of("llama", "mixtral", "qwen2", "qwen3", "qwen3moe", "gemma2", "gemma3", "phi3-long", "gpt-oss",
                "gpt-oss-mxfp4", "llama-q4_k");
        return Reference.read().cases().stream().filter(c -> names.contains(c.name())).toList();
    }

    private static LanguageModel load(final Case which) {
        try (ModelSource source = ModelSource.open(which.file())) {
            return ModelLoader.load(source, backend, ModelLoader.Options.defaults());
        }
    }

    /** A sequence under way: its tokens, how many are computed, what each position gave when it was computed alone. */
    private static final class Sequence {
        private final int[] tokens;
        private final int[] table;
        private final float[] alone;
        private int computed;

        private Sequence(final int[] tokens, final int[] table, final float[] alone) {
            this.tokens = tokens;
            this.table = table;
            this.alone = alone;
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void aSequenceIsTheSameInAnyCompany(final Case which) {
        try (LanguageModel model = load(which)) {
            sameInAnyCompany(model, which.name().hashCode());
        }
    }

    static List<TensorParallelTest.Divided> divided() {
        return TensorParallelTest.architectures().stream().filter(d -> d.ranks() > 1).toList();
    }

    @ParameterizedTest
    @MethodSource("divided")
    void aSequenceIsTheSameInAnyCompanyWhenRanksDivideTheModel(final TensorParallelTest.Divided which) {
        try (ModelSource source = ModelSource.open(which.which().file()); CpuBackend single = CpuBackend.start(1);
                LanguageModel model = ModelLoader.loadParallel(source, backend, single::newOps, which.ranks(), ModelLoader.Options.defaults())) {
            sameInAnyCompany(model, which.toString().hashCode());
        }
    }

    private static void sameInAnyCompany(final LanguageModel model, final int seed) {
        final Random random = new Random(seed);
        final KvElement element = KvElement.values()[random.nextInt(KvElement.values().length)];
        final KvLayout layout = model.kvLayout(BLOCK_TOKENS, element);
        final Sequence[] sequences = new Sequence[3];
        for (int s = 0; s < sequences.length; s++) {
            final int[] tokens = random.ints(20 + random.nextInt(20), 0, VOCABULARY).toArray();
            final int at = s;
            final int[] table = java.util.stream.IntStream.range(0, layout.blocksFor(tokens.length)).map(b -> b * 4 + at).toArray();
            sequences[s] = new Sequence(tokens, table, alone(model, layout, tokens));
        }
        try (Slab slab = Slab.allocate(5L * 4 * layout.blockBytes())) {
            while (Arrays.stream(sequences).anyMatch(s -> s.computed < s.tokens.length)) {
                step(model, layout, slab, sequences, random);
            }
        }
    }

    private static float[] alone(final LanguageModel model, final KvLayout layout, final int[] tokens) {
        final int[] table = java.util.stream.IntStream.range(0, layout.blocksFor(tokens.length)).toArray();
        final float[] logits = new float[tokens.length * VOCABULARY];
        final StepBatch batch = new StepBatch(tokens.length, 1);
        batch.beginSequence(table);
        for (int position = 0; position < tokens.length; position++) {
            batch.addRow(tokens[position], position);
            batch.wantLogits();
        }
        try (Slab slab = Slab.allocate(table.length * layout.blockBytes())) {
            model.forward(batch, layout, slab.segment(), logits);
        }
        return logits;
    }

    /** Some sequences go on by some tokens; some rows' logits are wanted; each must be what it was alone. */
    private static void step(final LanguageModel model, final KvLayout layout, final Slab slab, final Sequence[] sequences, final Random random) {
        final StepBatch batch = new StepBatch(300, sequences.length);
        final int[] wantedOf = new int[300];
        final int[] wantedAt = new int[300];
        int wanted = 0;
        final double share = random.nextInt(3) * 0.4;
        for (int s = 0; s < sequences.length; s++) {
            final Sequence sequence = sequences[s];
            final int rows = Math.min(sequence.tokens.length - sequence.computed, random.nextInt(3) * random.nextInt(12));
            if (rows == 0) {
                continue;
            }
            batch.beginSequence(sequence.table);
            for (int i = 0; i < rows; i++) {
                batch.addRow(sequence.tokens[sequence.computed], sequence.computed);
                if (random.nextDouble() < share) {
                    batch.wantLogits();
                    wantedOf[wanted] = s;
                    wantedAt[wanted++] = sequence.computed;
                }
                sequence.computed++;
            }
        }
        final float[] logits = new float[wanted * VOCABULARY];
        model.forward(batch, layout, slab.segment(), logits);
        for (int i = 0; i < wanted; i++) {
            final int at = wantedAt[i] * VOCABULARY;
            assertThat(Arrays.copyOfRange(logits, i * VOCABULARY, (i + 1) * VOCABULARY))
                    .as("sequence %d at %d", wantedOf[i], wantedAt[i])
                    .containsExactly(Arrays.copyOfRange(sequences[wantedOf[i]].alone, at, at + VOCABULARY));
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void hiddenStatesAreThoseThatTheHeadMeets(final Case which) {
        try (LanguageModel model = load(which)) {
            final KvLayout layout = model.kvLayout(BLOCK_TOKENS, KvElement.F32);
            final int[] tokens = {3, 99, 7, 200, 5};
            final float[] whole = new float[tokens.length * model.hiddenSize()];
            final float[] last = new float[model.hiddenSize()];
            try (Slab slab = Slab.allocate(layout.blockBytes())) {
                states(model, layout, slab, tokens, 0, whole);
                states(model, layout, slab, tokens, tokens.length - 1, last);
            }
            assertThat(Arrays.copyOfRange(whole, whole.length - last.length, whole.length)).containsExactly(last);
            double squares = 0;
            for (final float value : last) {
                squares += value * value;
            }
            assertThat(squares / last.length).isBetween(0.05, 20.0); // normalised, times gains around one
        }
    }

    private static void states(final LanguageModel model, final KvLayout layout, final Slab slab, final int[] tokens, final int from,
            final float[] states) {
        final StepBatch batch = new StepBatch(tokens.length, 1);
        batch.beginSequence(new int[] {0});
        for (int position = 0; position < tokens.length; position++) {
            batch.addRow(tokens[position], position);
            if (position >= from) {
                batch.wantLogits();
            }
        }
        model.hiddenStates(batch, layout, slab.segment(), states);
    }

    /** The models themselves: with operations that do nothing, a step of many rows and one of a single row. */
    @ParameterizedTest
    @MethodSource("cases")
    void aStepAllocatesNothing(final Case which) {
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (ModelSource source = ModelSource.open(which.file());
                LanguageModel model = ModelLoader.load(source, new IdleBackend(), ModelLoader.Options.defaults())) {
            final KvLayout layout = model.kvLayout(BLOCK_TOKENS, KvElement.F32);
            final StepBatch batch = new StepBatch(40, 1);
            final float[] logits = new float[2 * VOCABULARY];
            final int[] table = {0, 1, 2};
            try (Slab slab = Slab.allocate(3 * layout.blockBytes())) {
                steps(model, layout, slab, batch, table, logits);
                final long before = threads.getCurrentThreadAllocatedBytes();
                steps(model, layout, slab, batch, table, logits);
                assertThat(threads.getCurrentThreadAllocatedBytes() - before).isZero();
            }
        }
    }

    private static void steps(final LanguageModel model, final KvLayout layout, final Slab slab, final StepBatch batch, final int[] table,
            final float[] logits) {
        for (int rows = 40; rows > 0; rows -= 13) {
            batch.clear();
            batch.beginSequence(table);
            for (int position = 0; position < rows; position++) {
                batch.addRow(position, position);
                if (position == 0 || position == rows - 2) {
                    batch.wantLogits();
                }
            }
            model.forward(batch, layout, slab.segment(), logits);
        }
    }

    /** Operations that leave everything as it is. */
    private static final class IdleBackend implements ComputeBackend {
        @Override
        public String description() {
            return "idle";
        }

        @Override
        public TensorOps newOps() {
            return new IdleOps();
        }

        @Override
        public WorkerPool workers() {
            return WorkerPool.INLINE;
        }

        @Override
        public Slab allocate(final long sizeBytes) {
            return Slab.allocate(sizeBytes);
        }

        @Override
        public void close() {
            // owns nothing
        }
    }
}

package io.spillway.node.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.modelfile.ModelSource;
import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.compute.Slab;
import io.spillway.node.cpu.Reference.Case;
import io.spillway.node.model.LanguageModel;
import io.spillway.node.model.ModelLoader;
import io.spillway.node.model.StepBatch;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every architecture, rope scaling and weight format against the logits that llama.cpp computes on the same file; and the
 * vector kernels against the specification, on whole models. {@code reference/README.md} says how the files were made.
 */
class ReferenceLogitsTest {
    private static final Reference REFERENCE = Reference.read();
    private static final ModelLoader.Options EXPANDED = new ModelLoader.Options(Long.MAX_VALUE, fraction -> { });
    private static ComputeBackend vector;
    private static ComputeBackend scalar;
    private static final int[] TOKENS = REFERENCE.tokens();
    private static final int[] POSITIONS = REFERENCE.positions();

    /** What F32 arithmetic in another order of summation may differ by: ‖ours − theirs‖ / ‖theirs‖ at every position. */
    private static final double EXACT_ERROR_MAX = 2e-5;

    @BeforeAll
    static void start() {
        vector = CpuBackend.start(2);
        scalar = CpuBackend.scalar("the specification");
    }

    @AfterAll
    static void stop() {
        vector.close();
        scalar.close();
    }

    static List<Case> cases() {
        return REFERENCE.cases();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void logitsAreThoseOfLlamaCpp(final Case which) {
        try (ModelSource source = ModelSource.open(which.file())) {
            final float[] ours = logits(source, vector, TOKENS.length, false);
            final float[] theirs = which.logits();
            assertThat(worst(ours, theirs)).as("relative error").isLessThan(which.relativeErrorMax());
            checkTop(ours, theirs);
            assertThat(logits(source, vector, 1, false)).as("token by token").containsExactly(ours);
            assertThat(logits(source, scalar, 7, false)).as("the specification").containsExactly(ours);
        }
    }

    static List<Case> formats() {
        return cases().stream().filter(Case::exact).toList();
    }

    /** Weights are decoded exactly; and rounding activations as we do costs no more than rounding them as llama.cpp does. */
    @ParameterizedTest
    @MethodSource("formats")
    void weightsAreDecodedExactly(final Case which) {
        final float[] exact = which.exactLogits();
        try (ModelSource source = ModelSource.open(which.file())) {
            assertThat(worst(logits(source, vector, TOKENS.length, true), exact)).as("relative error").isLessThan(EXACT_ERROR_MAX);
            final double ours = mean(logits(source, vector, TOKENS.length, false), exact);
            final double theirs = mean(which.logits(), exact);
            assertThat(ours).as("distance from exact; theirs is %s", theirs).isLessThan(1.25 * theirs);
        }
    }

    private static double worst(final float[] ours, final float[] theirs) {
        return java.util.Arrays.stream(errors(ours, theirs)).max().orElseThrow();
    }

    private static double mean(final float[] ours, final float[] theirs) {
        return java.util.Arrays.stream(errors(ours, theirs)).average().orElseThrow();
    }

    /** @return ‖ours − theirs‖ / ‖theirs‖ of every position */
    private static double[] errors(final float[] ours, final float[] theirs) {
        assertThat(ours).hasSameSizeAs(theirs);
        final int vocabulary = ours.length / POSITIONS.length;
        final double[] errors = new double[POSITIONS.length];
        for (int row = 0; row < POSITIONS.length; row++) {
            double distance = 0;
            double norm = 0;
            for (int i = row * vocabulary; i < (row + 1) * vocabulary; i++) {
                distance += Math.pow(ours[i] - theirs[i], 2);
                norm += Math.pow(theirs[i], 2);
            }
            errors[row] = Math.sqrt(distance / norm);
        }
        return errors;
    }

    private static void checkTop(final float[] ours, final float[] theirs) {
        final int vocabulary = ours.length / POSITIONS.length;
        for (int row = 0; row < POSITIONS.length; row++) {
            checkTop(ours, theirs, row * vocabulary, vocabulary);
        }
    }

    /** The most likely token is the same, unless the reference itself has another as near as the error. */
    private static void checkTop(final float[] ours, final float[] theirs, final int at, final int vocabulary) {
        int best = at;
        int theirBest = at;
        double error = 0;
        for (int i = at; i < at + vocabulary; i++) {
            best = ours[i] > ours[best] ? i : best;
            theirBest = theirs[i] > theirs[theirBest] ? i : theirBest;
            error = Math.max(error, Math.abs(ours[i] - theirs[i]));
        }
        assertThat(theirs[theirBest] - theirs[best]).as("margin in row %d", at / vocabulary).isLessThanOrEqualTo((float) (2 * error));
    }

    /** Logits of the wanted positions, with the prompt cut into steps. */
    private static float[] logits(final ModelSource source, final ComputeBackend backend, final int stepTokens, final boolean asF32) {
        try (LanguageModel model = ModelLoader.load(source, backend, asF32 ? EXPANDED : ModelLoader.Options.defaults())) {
            final KvLayout layout = model.kvLayout(16, KvElement.F32);
            final int[] table = new int[layout.blocksFor(TOKENS.length)];
            for (int i = 0; i < table.length; i++) {
                table[i] = table.length - 1 - i;
            }
            final float[] all = new float[POSITIONS.length * model.vocabularySize()];
            final StepBatch batch = new StepBatch(stepTokens, 1);
            try (Slab slab = Slab.allocate(table.length * layout.blockBytes())) {
                int found = 0;
                for (int from = 0; from < TOKENS.length; from += stepTokens) {
                    batch.clear();
                    batch.beginSequence(table);
                    int wanted = 0;
                    for (int position = from; position < Math.min(TOKENS.length, from + stepTokens); position++) {
                        batch.addRow(TOKENS[position], position);
                        if (found + wanted < POSITIONS.length && POSITIONS[found + wanted] == position) {
                            batch.wantLogits();
                            wanted++;
                        }
                    }
                    final float[] logits = new float[wanted * model.vocabularySize()];
                    model.forward(batch, layout, slab.segment(), logits);
                    System.arraycopy(logits, 0, all, found * model.vocabularySize(), logits.length);
                    found += wanted;
                }
            }
            return all;
        }
    }
}

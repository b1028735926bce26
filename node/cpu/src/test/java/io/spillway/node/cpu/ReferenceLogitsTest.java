package io.spillway.node.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.modelfile.ModelSource;
import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.compute.Slab;
import io.spillway.node.model.LanguageModel;
import io.spillway.node.model.ModelLoader;
import io.spillway.node.model.StepBatch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
    private static final Path FOLDER = Path.of(System.getProperty("spillway.root"), "node/cpu/src/test/resources/reference");
    private static final ModelLoader.Options EXPANDED = new ModelLoader.Options(Long.MAX_VALUE, fraction -> { });
    private static ComputeBackend vector;
    private static ComputeBackend scalar;
    private static int[] tokens;
    private static int[] positions;

    /** What F32 arithmetic in another order of summation may differ by: ‖ours − theirs‖ / ‖theirs‖ at every position. */
    private static final double EXACT_ERROR_MAX = 2e-5;

    /**
     * @param relativeErrorMax bound of ‖ours − theirs‖ / ‖theirs‖ at every position
     * @param exact            whether there are also logits of the same weights as F32: of a format for which llama.cpp rounds
     *                         activations, to 8 bits (integers), to bfloat16 or to half
     */
    record Case(String name, double relativeErrorMax, boolean exact) {
        @Override
        public String toString() {
            return name;
        }
    }

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

    static List<Case> cases() throws IOException {
        final JsonNode root = JsonMapper.builder().build().readTree(FOLDER.resolve("reference.json").toFile());
        tokens = ints(root.path("tokens"));
        positions = ints(root.path("positions"));
        final List<Case> cases = new ArrayList<>();
        root.path("models").forEach(m -> cases.add(new Case(m.path("name").asText(), m.path("relativeErrorMax").asDouble(),
            m.path("exact").asBoolean())));
        return cases;
    }

    private static int[] ints(final JsonNode array) {
        final int[] values = new int[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.get(i).intValue();
        }
        return values;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void logitsAreThoseOfLlamaCpp(final Case which) throws IOException {
        try (ModelSource source = ModelSource.open(FOLDER.resolve(which.name() + ".gguf"))) {
            final float[] ours = logits(source, vector, tokens.length, false);
            final float[] theirs = reference(which.name() + ".logits");
            assertThat(worst(ours, theirs)).as("relative error").isLessThan(which.relativeErrorMax());
            checkTop(ours, theirs);
            assertThat(logits(source, vector, 1, false)).as("token by token").containsExactly(ours);
            assertThat(logits(source, scalar, 7, false)).as("the specification").containsExactly(ours);
        }
    }

    static List<Case> formats() throws IOException {
        return cases().stream().filter(Case::exact).toList();
    }

    /** Weights are decoded exactly; and rounding activations as we do costs no more than rounding them as llama.cpp does. */
    @ParameterizedTest
    @MethodSource("formats")
    void weightsAreDecodedExactly(final Case which) throws IOException {
        final float[] exact = reference(which.name() + ".exact.logits");
        try (ModelSource source = ModelSource.open(FOLDER.resolve(which.name() + ".gguf"))) {
            assertThat(worst(logits(source, vector, tokens.length, true), exact)).as("relative error").isLessThan(EXACT_ERROR_MAX);
            final double ours = mean(logits(source, vector, tokens.length, false), exact);
            final double theirs = mean(reference(which.name() + ".logits"), exact);
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
        final int vocabulary = ours.length / positions.length;
        final double[] errors = new double[positions.length];
        for (int row = 0; row < positions.length; row++) {
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
        final int vocabulary = ours.length / positions.length;
        for (int row = 0; row < positions.length; row++) {
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

    private static float[] reference(final String file) throws IOException {
        final ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(FOLDER.resolve(file))).order(ByteOrder.LITTLE_ENDIAN);
        final float[] values = new float[bytes.capacity() / Float.BYTES];
        bytes.asFloatBuffer().get(values);
        return values;
    }

    /** Logits of the wanted positions, with the prompt cut into steps. */
    private static float[] logits(final ModelSource source, final ComputeBackend backend, final int stepTokens, final boolean asF32) {
        try (LanguageModel model = ModelLoader.load(source, backend, asF32 ? EXPANDED : ModelLoader.Options.defaults())) {
            final KvLayout layout = model.kvLayout(16, KvElement.F32);
            final int[] table = new int[layout.blocksFor(tokens.length)];
            for (int i = 0; i < table.length; i++) {
                table[i] = table.length - 1 - i;
            }
            final float[] all = new float[positions.length * model.vocabularySize()];
            final StepBatch batch = new StepBatch(stepTokens, 1);
            try (Slab slab = Slab.allocate(table.length * layout.blockBytes())) {
                int found = 0;
                for (int from = 0; from < tokens.length; from += stepTokens) {
                    batch.clear();
                    batch.beginSequence(table);
                    int wanted = 0;
                    for (int position = from; position < Math.min(tokens.length, from + stepTokens); position++) {
                        batch.addRow(tokens[position], position);
                        if (found + wanted < positions.length && positions[found + wanted] == position) {
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

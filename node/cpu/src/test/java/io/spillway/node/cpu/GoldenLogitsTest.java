package io.spillway.node.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.modelfile.ModelSource;
import io.spillway.node.model.LanguageModel;
import io.spillway.node.model.ModelLoader;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Both bundled models, in both formats, against logits and continuations that another implementation computed. */
class GoldenLogitsTest {
    private static final double RELATIVE_ERROR_MAX = 1e-3;
    private static CpuBackend backend;

    @BeforeAll
    static void startBackend() {
        backend = CpuBackend.start(2);
    }

    @AfterAll
    static void closeBackend() {
        backend.close();
    }

    record Case(String model, Path path) {
        @Override
        public String toString() {
            return model + " from " + path.getFileName();
        }
    }

    static List<Case> cases() {
        return List.of("brook", "brook-small").stream().flatMap(model -> List.of(
                new Case(model, Golden.huggingFace(model)), new Case(model, Golden.gguf(model))).stream()).toList();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void logitsAndGreedyContinuationsAreTheGoldenOnes(final Case which) {
        try (ModelSource source = ModelSource.open(which.path());
                LanguageModel model = ModelLoader.load(source, backend, ModelLoader.Options.defaults())) {
            for (final Golden.Prompt prompt : Golden.read(which.model()).prompts()) {
                check(model, prompt);
            }
        }
    }

    private static void check(final LanguageModel model, final Golden.Prompt prompt) {
        final int[] ids = prompt.tokenIds();
        final int rows = prompt.logits().length;
        try (Session session = Session.of(model, ids.length + prompt.greedyIds().length)) {
            session.feed(ids, 0, ids.length - rows + (rows == 0 ? 0 : 1));
            for (int row = 0; row < rows; row++) {
                if (row > 0) {
                    session.feed(ids, ids.length - rows + row, ids.length - rows + row + 1);
                }
                final float[] golden = prompt.logits()[row];
                assertThat(distance(session.logits, golden) / norm(golden)).isLessThan(RELATIVE_ERROR_MAX);
                assertThat(session.argmax()).isEqualTo(argmax(golden));
            }
            for (final int greedy : prompt.greedyIds()) {
                assertThat(session.argmax()).isEqualTo(greedy);
                session.feed(new int[] {greedy}, 0, 1);
            }
        }
    }

    private static int argmax(final float[] values) {
        int best = 0;
        for (int i = 1; i < values.length; i++) {
            best = values[i] > values[best] ? i : best;
        }
        return best;
    }

    private static double distance(final float[] a, final float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
        }
        return Math.sqrt(sum);
    }

    private static double norm(final float[] values) {
        return distance(values, new float[values.length]);
    }
}

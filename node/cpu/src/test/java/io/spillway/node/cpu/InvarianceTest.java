package io.spillway.node.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.modelfile.ModelSource;
import io.spillway.node.compute.Slab;
import io.spillway.node.model.LanguageModel;
import io.spillway.node.model.ModelLoader;
import io.spillway.node.model.StepBatch;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A sequence's logits and cache are the same bits however it is chunked, batched, placed and threaded. */
class InvarianceTest {
    private static final int TOKENS = 203;

    private static int[] tokens(final long seed, final int count) {
        return new Random(seed).ints(count, 0, 2048).toArray();
    }

    private static float[] feed(final Session session, final int[] ids, final int chunk) {
        for (int from = 0; from < ids.length; from += chunk) {
            session.feed(ids, from, Math.min(ids.length, from + chunk));
        }
        return session.logits;
    }

    private static void assertSameSequence(final Session actual, final Session expected, final int tokens) {
        assertThat(bits(actual.logits)).isEqualTo(bits(expected.logits));
        for (int position = 0; position < tokens; position++) {
            assertThat(bits(actual.kvAt(position))).as("cache at %d", position).isEqualTo(bits(expected.kvAt(position)));
        }
    }

    private static int[] bits(final float[] values) {
        return IntStream.range(0, values.length).map(i -> Float.floatToRawIntBits(values[i])).toArray();
    }

    private static LanguageModel load(final String model, final CpuBackend backend) {
        try (ModelSource source = ModelSource.open(Golden.gguf(model))) {
            return ModelLoader.load(source, backend, ModelLoader.Options.defaults());
        }
    }

    @ParameterizedTest
    @CsvSource({"brook, 1, 1", "brook, 7, 2", "brook, 64, 3", "brook, 65, 2", "brook-small, 1, 4", "brook-small, 7, 1", "brook-small, 64, 2"})
    void chunksAndThreads(final String name, final int chunk, final int threads) {
        final int[] ids = tokens(1, TOKENS);
        try (CpuBackend one = CpuBackend.start(1); LanguageModel expectedModel = load(name, one); Session expected = Session.of(expectedModel, TOKENS);
                CpuBackend many = CpuBackend.start(threads); LanguageModel actualModel = load(name, many); Session actual = Session.of(actualModel, TOKENS)) {
            feed(expected, ids, TOKENS);
            feed(actual, ids, chunk);
            assertSameSequence(actual, expected, TOKENS);
        }
    }

    @ParameterizedTest
    @EnumSource(KvElement.class)
    void placementOfBlocks(final KvElement element) {
        final int[] ids = tokens(2, TOKENS);
        try (CpuBackend backend = CpuBackend.start(2); LanguageModel model = load("brook-small", backend)) {
            final KvLayout layout = model.kvLayout(64, element);
            try (Session straight = new Session(model, layout, new int[] {0, 1, 2, 3}, TOKENS);
                    Session scattered = new Session(model, layout, new int[] {9, 2, 17, 5}, TOKENS)) {
                scattered.slab.segment().fill((byte) -1); // NaN wherever nothing was written: it must not be read
                feed(straight, ids, 100);
                feed(scattered, ids, 33);
                assertSameSequence(scattered, straight, TOKENS);
            }
        }
    }

    /** Prefill in one step, in odd chunks by several threads, and over the cache of another's first 128 tokens. */
    @ParameterizedTest
    @EnumSource(KvElement.class)
    void chunksThreadsAndReuse(final KvElement element) {
        final int[] ids = tokens(7, TOKENS);
        try (CpuBackend one = CpuBackend.start(1); LanguageModel expectedModel = load("brook-small", one);
                CpuBackend many = CpuBackend.start(3); LanguageModel actualModel = load("brook-small", many)) {
            final KvLayout layout = expectedModel.kvLayout(64, element);
            try (Session expected = new Session(expectedModel, layout, new int[] {0, 1, 2, 3}, TOKENS);
                    Session actual = new Session(actualModel, layout, new int[] {3, 0, 2, 1}, TOKENS)) {
                feed(expected, ids, TOKENS);
                feed(actual, ids, 29);
                assertSameSequence(actual, expected, TOKENS);
                final int[] other = ids.clone();
                Arrays.fill(other, 128, TOKENS, 77);
                actual.rewind(128);
                actual.feed(other, 128, TOKENS);
                expected.rewind(0);
                feed(expected, other, 61);
                assertSameSequence(actual, expected, TOKENS);
            }
        }
    }

    @Test
    void specificationAndKernels() {
        final int[] ids = tokens(3, 70);
        try (CpuBackend vector = CpuBackend.start(2); LanguageModel actualModel = load("brook-small", vector); Session actual = Session.of(actualModel, 70);
                CpuBackend scalar = CpuBackend.scalar("it is the specification");
                LanguageModel expectedModel = load("brook-small", scalar); Session expected = Session.of(expectedModel, 70)) {
            feed(expected, ids, 35);
            feed(actual, ids, 70);
            assertSameSequence(actual, expected, 70);
        }
    }

    /** Prefill of one sequence, decode of two others and a reused prefix, all in one step, against each alone. */
    @ParameterizedTest
    @ValueSource(strings = {"brook", "brook-small"})
    void batchedWithOthers(final String name) {
        final int[][] ids = {tokens(4, 150), tokens(5, 90), tokens(6, 64), tokens(4, 131)}; // the last shares two blocks with the first
        try (CpuBackend backend = CpuBackend.start(2); LanguageModel model = load(name, backend)) {
            final float[][] alone = new float[ids.length][];
            for (int s = 0; s < ids.length; s++) {
                try (Session session = Session.of(model, ids[s].length)) {
                    alone[s] = feed(session, ids[s], ids[s].length).clone();
                }
            }
            final float[] together = together(model, ids);
            for (int s = 0; s < ids.length; s++) {
                final float[] row = Arrays.copyOfRange(together, s * model.vocabularySize(), (s + 1) * model.vocabularySize());
                assertThat(bits(row)).as("sequence %d", s).isEqualTo(bits(alone[s]));
            }
        }
    }

    private static float[] together(final LanguageModel model, final int[][] ids) {
        final KvLayout layout = model.kvLayout(64, KvElement.F32);
        final int[][] tables = {{4, 0, 7}, {2, 9}, {5}, {4, 0, 8}};
        final int[] done = {128, 89, 0, 128}; // already in the cache when the common step begins
        final float[] logits = new float[ids.length * model.vocabularySize()];
        final StepBatch batch = new StepBatch(512, ids.length);
        try (Slab slab = Slab.allocate(10 * layout.blockBytes())) {
            for (int s = 0; s < 2; s++) { // the first's two blocks serve the last too
                batch.clear();
                addRows(batch, tables[s], ids[s], 0, done[s]);
                model.forward(batch, layout, slab.segment(), logits);
            }
            batch.clear();
            for (int s = 0; s < ids.length; s++) {
                addRows(batch, tables[s], ids[s], done[s], ids[s].length);
                batch.wantLogits();
            }
            model.forward(batch, layout, slab.segment(), logits);
        }
        return logits;
    }

    private static void addRows(final StepBatch batch, final int[] table, final int[] ids, final int from, final int to) {
        batch.beginSequence(table);
        for (int i = from; i < to; i++) {
            batch.addRow(ids[i], i);
        }
    }
}

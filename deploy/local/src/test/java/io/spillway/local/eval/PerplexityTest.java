package io.spillway.local.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.local.eval.Perplexity.Options;
import io.spillway.local.eval.Perplexity.Result;
import io.spillway.local.eval.Perplexity.Windows;
import io.spillway.node.model.LanguageModel;
import io.spillway.node.model.StepBatch;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashSet;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Which tokens are predicted, and the arithmetic, on a model whose predictions can be written down. */
class PerplexityTest {
    private static final int VOCABULARY = 10;

    /** Gives the next token in order twice the weight of the others, whatever came before; remembers what it was asked. */
    private static final class CountingModel implements LanguageModel {
        private final Set<Integer> firstTokens = new HashSet<>();
        private int rows;

        @Override
        public int vocabularySize() {
            return VOCABULARY;
        }

        @Override
        public int contextTokens() {
            return 64;
        }

        @Override
        public KvLayout kvLayout(final int blockTokens, final KvElement element) {
            return new KvLayout(1, 1, 2, blockTokens, element);
        }

        @Override
        public void forward(final StepBatch batch, final KvLayout layout, final MemorySegment kvSlab, final float[] logits) {
            rows += batch.rowCount();
            for (int row = 0; row < batch.rowCount(); row++) {
                if (batch.position(row) == 0) {
                    firstTokens.add(batch.tokenId(row));
                }
            }
            for (int i = 0; i < batch.logitsRowCount(); i++) {
                Arrays.fill(logits, i * VOCABULARY, (i + 1) * VOCABULARY, 1f);
                logits[i * VOCABULARY + (batch.tokenId(batch.logitsRow(i)) + 1) % VOCABULARY] += (float) Math.log(2);
            }
        }

        @Override
        public void close() {
            // holds nothing
        }
    }

    private static final double LIKELY = Math.log(11.0 / 2);
    private static final double UNLIKELY = Math.log(11.0);

    private static int[] counting(final int count) {
        final int[] tokens = new int[count];
        Arrays.setAll(tokens, i -> i % VOCABULARY);
        return tokens;
    }

    private static Options options(final Windows windows, final int stepTokens) {
        return new Options(windows, stepTokens, KvElement.F32, OptionalInt.empty());
    }

    @Test
    void likelihoodsAreThoseOfTheModel() {
        final Result right = Perplexity.of(new CountingModel(), counting(32), options(Windows.halves(16), 5));
        assertThat(right.nll()).isCloseTo(LIKELY, within(1e-6));
        assertThat(right.perplexity()).isCloseTo(5.5, within(1e-5));
        assertThat(right.standardError()).isCloseTo(0, within(1e-3));
        final int[] mixed = counting(17);
        mixed[16] = 3; // 16 tokens are predicted, the last of them wrongly
        final Result once = Perplexity.of(new CountingModel(), mixed, options(Windows.strided(17, 17), 100));
        assertThat(once.predictedTokens()).isEqualTo(16);
        assertThat(once.nll()).isCloseTo((15 * LIKELY + UNLIKELY) / 16, within(1e-6));
        final double variance = 15.0 / 256 * Math.log(2) * Math.log(2);
        assertThat(once.standardError()).isCloseTo(once.perplexity() * Math.sqrt(variance / 15), within(1e-5));
    }

    @Test
    void halvesPredictTheSecondHalfOfWholeWindows() {
        final CountingModel model = new CountingModel();
        final Result result = Perplexity.of(model, counting(47), options(Windows.halves(16), 7));
        assertThat(result.predictedTokens()).isEqualTo(2 * 7); // positions 9 to 15 of two windows, as llama.cpp counts
        assertThat(result.computedTokens()).isEqualTo(32);
        assertThat(model.firstTokens).containsExactlyInAnyOrder(0, 6);
    }

    @Test
    void stridesPredictEveryTokenOnce() {
        for (int length = 2; length < 64; length++) {
            final Result result = Perplexity.of(new CountingModel(), counting(length), options(Windows.strided(16, 4), 9));
            assertThat(result.predictedTokens()).as("of %d", length).isEqualTo(length - 1);
        }
    }

    @Test
    void stepsDoNotMatterAndABeginReplacesTheFirst() {
        final int[] tokens = new Random(1).ints(40, 0, VOCABULARY).toArray();
        final Result whole = Perplexity.of(new CountingModel(), tokens, options(Windows.strided(40, 40), 64));
        assertThat(Perplexity.of(new CountingModel(), tokens, options(Windows.strided(40, 40), 3))).isEqualTo(whole);
        final CountingModel model = new CountingModel();
        Perplexity.of(model, counting(32), options(Windows.halves(16), 64).beginningWith(OptionalInt.of(9)));
        assertThat(model.firstTokens).containsExactly(9);
    }

    @Test
    void refusesWhatCannotBeMeasured() {
        assertRefused(ErrorCode.INVALID_VALUE, () -> Windows.halves(2));
        assertRefused(ErrorCode.INVALID_VALUE, () -> Windows.strided(16, 17));
        assertRefused(ErrorCode.INVALID_VALUE, () -> Perplexity.of(new CountingModel(), counting(15), options(Windows.halves(16), 5)));
        assertRefused(ErrorCode.INVALID_VALUE, () -> Perplexity.of(new CountingModel(), new int[] {1}, options(Windows.strided(16, 4), 5)));
        assertRefused(ErrorCode.INVALID_VALUE, () -> Perplexity.of(new CountingModel(), new int[] {1, 10}, options(Windows.strided(16, 4), 5)));
        assertRefused(ErrorCode.CONTEXT_LENGTH_EXCEEDED,
            () -> Perplexity.of(new CountingModel(), counting(70), options(Windows.halves(65), 5)));
    }

    private static void assertRefused(final ErrorCode code, final org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOfSatisfying(SpillwayException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
}

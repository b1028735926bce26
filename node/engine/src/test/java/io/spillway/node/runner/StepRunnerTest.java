package io.spillway.node.runner;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.domain.request.SamplingParams;
import io.spillway.node.model.LanguageModel;
import io.spillway.node.model.StepBatch;
import io.spillway.node.sampling.TokenHistory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StepRunnerTest {
    private static final int VOCABULARY = 10;

    /** Likes the token after the one it saw; writes down its rows. */
    private static final class NextToken implements LanguageModel {
        private final List<String> rows = new ArrayList<>();

        @Override
        public int vocabularySize() {
            return VOCABULARY;
        }

        @Override
        public int contextTokens() {
            return 100;
        }

        @Override
        public KvLayout kvLayout(final int blockTokens, final KvElement element) {
            return new KvLayout(1, 1, 1, blockTokens, element);
        }

        @Override
        public void forward(
            final StepBatch batch, final KvLayout layout, final MemorySegment kvSlab, final float[] logits) {
            for (int row = 0; row < batch.rowCount(); row++) {
                rows.add(batch.tokenId(row) + "@" + batch.position(row) + " in "
                    + batch.blockTable(batch.sequenceOfRow(row))[0]);
            }
            java.util.Arrays.fill(logits, 0f);
            for (int i = 0; i < batch.logitsRowCount(); i++) {
                final int token = batch.tokenId(batch.logitsRow(i));
                logits[i * VOCABULARY + (token + 1) % VOCABULARY] = token == 9 ? Float.NaN : 5f;
            }
        }

        @Override
        public void close() {
            // holds nothing
        }
    }

    private record Fixed(int[] tokens, int computedTokens, int block, SamplingParams sampling) implements StepSequence {
        @Override
        public int token(final int position) {
            return tokens[position];
        }

        @Override
        public int knownTokens() {
            return tokens.length;
        }

        @Override
        public int[] blockTable() {
            return new int[] {block};
        }

        @Override
        public TokenHistory history() {
            return new TokenHistory(sampling);
        }

        @Override
        public int outputPosition() {
            return 0;
        }
    }

    @Test
    void eachSequenceGetsItsOwnOutcome() {
        final SamplingParams withLogprobs = new SamplingParams(0f, 0, 1f, 0f, 0f, 0f, 1f, Map.of(), 0L, 1);
        final NextToken model = new NextToken();
        final StepRunner runner = new StepRunner(model, model.kvLayout(16, KvElement.F32), MemorySegment.NULL,
            new StepRunner.Limits(16, 4));
        runner.begin();
        runner.add(new Fixed(new int[] {1, 2, 3, 4}, 1, 7, SamplingParams.GREEDY), 2); // not its last tokens
        runner.add(new Fixed(new int[] {5, 6}, 0, 8, withLogprobs), 2);
        runner.add(new Fixed(new int[] {9}, 0, 9, SamplingParams.GREEDY), 1);
        runner.add(new Fixed(new int[] {3, 3, 8}, 2, 10, SamplingParams.GREEDY), 1);
        runner.run();

        assertThat(model.rows).containsExactly("2@1 in 7", "3@2 in 7", "5@0 in 8", "6@1 in 8", "9@0 in 9", "8@2 in 10");
        assertThat(runner.rows()).isEqualTo(6);
        assertThat(runner.token(0)).isEqualTo(StepRunner.NO_TOKEN);
        assertThat(runner.token(1)).isEqualTo(7);
        assertThat(runner.logprob(1).tokenId()).isEqualTo(7);
        assertThat(runner.failure(2)).as("its logits are NaN").isNotNull();
        assertThat(runner.token(3)).isEqualTo(9);
        assertThat(runner.failure(3)).isNull();
        assertThat(runner.logprob(3)).isNull();

        runner.begin();
        assertThat(runner.count()).isZero();
    }
}

package io.spillway.node.runner;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.domain.request.SamplingParams;
import io.spillway.node.model.LanguageModel;
import io.spillway.node.model.StepBatch;
import io.spillway.node.sampling.TokenConstraint;
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

        @Override
        public TokenConstraint constraint() {
            return null;
        }

        @Override
        public boolean take(final int token) {
            return true;
        }
    }

    @Test
    void eachSequenceGetsItsOwnOutcome() {
        final SamplingParams withLogprobs = new SamplingParams(0f, 0, 1f, 0f, 0f, 0f, 1f, Map.of(), 0L, 1);
        final NextToken model = new NextToken();
        final HostStepRunner runner = new HostStepRunner(model, model.kvLayout(16, KvElement.F32), MemorySegment.NULL,
            new StepRunner.Limits(16, 4));
        runner.begin();
        runner.add(new Fixed(new int[] {1, 2, 3, 4}, 1, 7, SamplingParams.GREEDY), 2); // not its last tokens
        runner.add(new Fixed(new int[] {5, 6}, 0, 8, withLogprobs), 2);
        runner.add(new Fixed(new int[] {9}, 0, 9, SamplingParams.GREEDY), 1);
        runner.add(new Fixed(new int[] {3, 3, 8}, 2, 10, SamplingParams.GREEDY), 1);
        runner.submit();
        runner.await();

        assertThat(model.rows).containsExactly("2@1 in 7", "3@2 in 7", "5@0 in 8", "6@1 in 8", "9@0 in 9", "8@2 in 10");
        assertThat(runner.rows()).isEqualTo(6);
        assertThat(runner.chosenCount(0)).isZero();
        assertThat(runner.chosen(1, 0)).isEqualTo(7);
        assertThat(runner.logprob(1, 0).tokenId()).isEqualTo(7);
        assertThat(runner.failure(2)).as("its logits are NaN").isNotNull();
        assertThat(runner.chosen(3, 0)).isEqualTo(9);
        assertThat(runner.failure(3)).isNull();
        assertThat(runner.logprob(3, 0)).isNull();

        runner.begin();
        assertThat(runner.count()).isZero();
    }

    @Test
    void aProposalIsFollowedAsFarAsItIsChosen() {
        final NextToken model = new NextToken();
        final HostStepRunner runner = new HostStepRunner(model, model.kvLayout(16, KvElement.F32), MemorySegment.NULL,
            new StepRunner.Limits(16, 4));
        runner.begin();
        runner.add(new Fixed(new int[] {1, 2}, 1, 7, SamplingParams.GREEDY), 1, new int[] {3, 4, 6, 7}, 4);
        runner.add(new Fixed(new int[] {5}, 0, 8, SamplingParams.GREEDY), 1, new int[] {1, 1}, 2);
        runner.add(new Fixed(new int[] {6}, 0, 9, SamplingParams.GREEDY), 1, new int[] {7, 8}, 2);
        runner.add(new Fixed(new int[] {7}, 0, 10, SamplingParams.GREEDY), 1, new int[] {8, 9, 0}, 3);
        runner.submit();
        runner.await();

        assertThat(model.rows).containsExactly("2@1 in 7", "3@2 in 7", "4@3 in 7", "6@4 in 7", "7@5 in 7", "5@0 in 8", "1@1 in 8",
            "1@2 in 8", "6@0 in 9", "7@1 in 9", "8@2 in 9", "7@0 in 10", "8@1 in 10", "9@2 in 10", "0@3 in 10");
        assertThat(chosen(runner, 0)).containsExactly(3, 4, 5);
        assertThat(runner.accepted(0)).isEqualTo(2);
        assertThat(chosen(runner, 1)).containsExactly(6);
        assertThat(runner.accepted(1)).isZero();
        assertThat(chosen(runner, 2)).as("one more than was proposed").containsExactly(7, 8, 9);
        assertThat(runner.accepted(2)).isEqualTo(2);
        assertThat(chosen(runner, 3)).as("what came before the failure").containsExactly(8, 9);
        assertThat(runner.failure(3)).isNotNull();
        assertThat(runner.failure(2)).isNull();
    }

    private static int[] chosen(final StepOutcomes runner, final int sequence) {
        return java.util.stream.IntStream.range(0, runner.chosenCount(sequence)).map(i -> runner.chosen(sequence, i)).toArray();
    }
}

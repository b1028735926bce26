package io.spillway.bench.speculation;

import io.spillway.node.engine.EngineCounters;
import java.util.Arrays;
import java.util.List;

/**
 * What one mode did in one round.
 *
 * @param outputs      of each episode, in order, of each request of it
 * @param wallNanos    from the first request to the last answer
 * @param cpuNanos     processor time of the whole process meanwhile: what a busy machine does not change
 * @param decodeNanos  from the first to the last token, summed over requests
 * @param decodedTokens output tokens behind the first of their request
 */
record ModeRun(String mode, List<List<int[]>> outputs, long wallNanos, long cpuNanos, long decodeNanos, long decodedTokens, EngineCounters before,
        EngineCounters after) {
    boolean sameOutputs(final ModeRun other) {
        boolean isSame = outputs.size() == other.outputs.size();
        for (int i = 0; isSame && i < outputs.size(); i++) {
            isSame = outputs.get(i).size() == other.outputs.get(i).size();
            for (int j = 0; isSame && j < outputs.get(i).size(); j++) {
                isSame = Arrays.equals(outputs.get(i).get(j), other.outputs.get(i).get(j));
            }
        }
        return isSame;
    }

    long requests() {
        return outputs.stream().mapToLong(List::size).sum();
    }

    long outputTokens() {
        return after.outputTokens() - before.outputTokens();
    }

    /** @return output tokens per row of a last known token: 1 without guesses, but for each request's first token and its end */
    double tokensPerDecode() {
        return (double) decodedTokens / Math.max(1, after.stepTotals().decodeRows() - before.stepTotals().decodeRows());
    }

    double decodeTokensPerSecond() {
        return decodedTokens * 1e9 / decodeNanos;
    }

    long proposed() {
        return after.speculation().proposed() - before.speculation().proposed();
    }

    long accepted() {
        return after.speculation().accepted() - before.speculation().accepted();
    }

    double draftShare() {
        return (double) (after.speculation().draftNanos() - before.speculation().draftNanos()) / wallNanos;
    }
}

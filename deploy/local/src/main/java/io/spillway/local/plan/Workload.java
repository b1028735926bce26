package io.spillway.local.plan;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.kv.KvElement;

/**
 * What is to be served: so many agents at once, each with a context that is full at its end.
 *
 * @param contextTokens longest context of an agent, its output included
 * @param concurrency   agents that are decoded at once
 * @param outputTokens  tokens of one run's output; the rest of the context is its prompt
 * @param cachedShare   share of the prompt whose keys and values are there already
 * @param cache         how keys and values are kept
 */
public record Workload(int contextTokens, int concurrency, int outputTokens, double cachedShare, Cache cache) {
    /** Most tokens of a context, and most agents: far above what exists, far below what overflows. */
    public static final int TOKENS_MAX = 100_000_000;
    private static final int CONCURRENCY_MAX = 1_000_000;

    /**
     * @param element     how one number is stored
     * @param blockTokens tokens of a block, which is never divided; a power of two
     */
    public record Cache(KvElement element, int blockTokens) {
        private static final int BLOCK_TOKENS_MAX = 1024;

        public Cache {
            if (blockTokens < 1 || blockTokens > BLOCK_TOKENS_MAX || Integer.bitCount(blockTokens) != 1) {
                throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "block-tokens",
                    "--block-tokens must be a power of two up to " + BLOCK_TOKENS_MAX + ", got " + blockTokens);
            }
        }
    }

    public Workload {
        atLeastOne("context", contextTokens, TOKENS_MAX);
        atLeastOne("concurrency", concurrency, CONCURRENCY_MAX);
        atLeastOne("output", outputTokens, TOKENS_MAX);
        if (outputTokens >= contextTokens) {
            throw SpillwayException.ofField(ErrorCode.ABOVE_MAXIMUM, "output",
                "--output must be below --context " + contextTokens + ", got " + outputTokens);
        }
        if (!(cachedShare >= 0 && cachedShare <= 1)) {
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "prompt-cached", "--prompt-cached must be 0 to 1, got " + cachedShare);
        }
    }

    private static void atLeastOne(final String option, final int value, final int most) {
        if (value < 1 || value > most) {
            throw SpillwayException.ofField(value < 1 ? ErrorCode.BELOW_MINIMUM : ErrorCode.ABOVE_MAXIMUM, option,
                "--" + option + " must be 1 to " + most + ", got " + value);
        }
    }

    /** @return tokens of the prompt */
    public int promptTokens() {
        return contextTokens - outputTokens;
    }

    /** @return tokens of the prompt that are computed; the last always is, since its logits are needed */
    public int computedTokens() {
        return Math.max(1, promptTokens() - (int) (promptTokens() * cachedShare));
    }

    /** @return blocks that one agent's context fills */
    public int blocks() {
        return Math.ceilDiv(contextTokens, cache.blockTokens());
    }
}

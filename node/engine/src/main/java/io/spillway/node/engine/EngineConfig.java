package io.spillway.node.engine;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import java.time.Duration;

/**
 * Limits of one engine.
 *
 * @param blockTokens        tokens of a KV block; a power of two; identity config
 * @param contextTokens      most tokens of prompt and output together; at most the model's; identity config
 * @param deviceBlocks       blocks of the device tier; they must hold one whole context
 * @param stepTokensMax      most tokens computed in one step; at least {@code runningMax}, so that all can decode
 * @param runningMax         most sequences on the device at one time
 * @param queueMax           most requests that wait; one more is refused with {@code OVERLOADED}
 * @param onboardBlocksMin   full blocks that must be missing before the block store is asked
 * @param lookupTimeout      how long a request waits to hear what the store has
 * @param onboardTimeout     how long a request waits for blocks from the store
 * @param offloadWaitingMax  blocks that wait to be offloaded; further ones are not offloaded
 * @param offloadInFlightMax blocks that the store reads at one time
 * @param offloadWait        how long a block waits to be offloaded before it is dropped
 */
public record EngineConfig(
    int blockTokens, int contextTokens, int deviceBlocks, int stepTokensMax, int runningMax, int queueMax,
    int onboardBlocksMin, Duration lookupTimeout, Duration onboardTimeout, int offloadWaitingMax,
    int offloadInFlightMax, Duration offloadWait) {
    /** Longest timeout that makes sense here. */
    private static final Duration TIMEOUT_MAX = Duration.ofMinutes(10);

    public EngineConfig {
        range("blockTokens", blockTokens, 1, 4096);
        if (Integer.bitCount(blockTokens) != 1) {
            throw invalid("blockTokens", "must be a power of two: " + blockTokens);
        }
        range("contextTokens", contextTokens, 2, 1 << 24);
        range("deviceBlocks", deviceBlocks, Math.ceilDiv(contextTokens, blockTokens), 1 << 24);
        range("runningMax", runningMax, 1, 4096);
        range("stepTokensMax", stepTokensMax, runningMax, 1 << 20);
        range("queueMax", queueMax, 1, 1 << 20);
        range("onboardBlocksMin", onboardBlocksMin, 1, 1 << 20);
        range("offloadWaitingMax", offloadWaitingMax, 0, 1 << 20);
        range("offloadInFlightMax", offloadInFlightMax, 1, 1 << 16);
        timeout("lookupTimeout", lookupTimeout);
        timeout("onboardTimeout", onboardTimeout);
        timeout("offloadWait", offloadWait);
    }

    /**
     * @param contextTokens of the model, or less
     * @param deviceBlocks  what the device's memory holds
     * @return the usual limits: blocks of 64 tokens, steps of 512, 64 sequences at a time, 1,024 waiting
     */
    public static EngineConfig of(final int contextTokens, final int deviceBlocks) {
        return new EngineConfig(64, contextTokens, deviceBlocks, 512, 64, 1024, 1, Duration.ofMillis(200),
            Duration.ofSeconds(5), 1024, 32, Duration.ofSeconds(2));
    }

    /** @return the same with other limits for steps and sequences */
    public EngineConfig withLimits(final int newStepTokensMax, final int newRunningMax, final int newQueueMax) {
        return new EngineConfig(blockTokens, contextTokens, deviceBlocks, newStepTokensMax, newRunningMax, newQueueMax,
            onboardBlocksMin, lookupTimeout, onboardTimeout, offloadWaitingMax, offloadInFlightMax, offloadWait);
    }

    private static void range(final String field, final int value, final int min, final int max) {
        if (value < min || value > max) {
            throw invalid(field, "must be between " + min + " and " + max + ": " + value);
        }
    }

    private static void timeout(final String field, final Duration value) {
        if (value == null || value.isNegative() || value.isZero() || value.compareTo(TIMEOUT_MAX) > 0) {
            throw invalid(field, "must be above zero and at most " + TIMEOUT_MAX + ": " + value);
        }
    }

    private static SpillwayException invalid(final String field, final String detail) {
        return SpillwayException.ofField(ErrorCode.INVALID_CONFIG, field, field + " " + detail);
    }
}

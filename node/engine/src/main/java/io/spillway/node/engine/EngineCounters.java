package io.spillway.node.engine;

import io.spillway.domain.cluster.StepTotals;
import io.spillway.node.kvcache.WriteBehind;
import io.spillway.node.speculation.SpeculationCounts;

/**
 * Totals since the start, as of the engine's last cycle.
 *
 * @param steps            forward passes
 * @param prefillTokens    tokens computed that were known before: prompt, failed-over or preempted
 * @param outputTokens     tokens emitted
 * @param finished         requests that completed
 * @param failed           requests that ended with an error, cancelled ones not counted
 * @param cancelled        requests ended by their caller
 * @param preemptions      sequences sent back to the queue for want of blocks
 * @param listenerErrors   exceptions thrown by listeners
 * @param lookups          questions to the block store
 * @param storeTimeouts    answers of the block store that came too late or not at all
 * @param storeErrors      answers that were exceptions: a defect of the store, treated as a miss
 * @param onboardedBlocks  blocks that came from the store
 * @param evictedBlocks    blocks evicted from the device
 * @param offload          what became of blocks offered to the store
 * @param speculation      what became of guesses
 * @param stepTotals       what steps consisted of, and how long they took
 */
public record EngineCounters(
    long steps, long prefillTokens, long outputTokens, long finished, long failed, long cancelled, long preemptions,
    long listenerErrors, long lookups, long storeTimeouts, long storeErrors, long onboardedBlocks, long evictedBlocks,
    WriteBehind.Counts offload, SpeculationCounts speculation, StepTotals stepTotals) {
    /** Nothing happened yet. */
    public static final EngineCounters NONE =
        new EngineCounters(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, new WriteBehind.Counts(0, 0, 0), SpeculationCounts.NONE,
            StepTotals.NONE);
}

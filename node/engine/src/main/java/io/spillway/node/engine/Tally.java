package io.spillway.node.engine;

import io.spillway.node.kvcache.KvCache;
import io.spillway.node.kvcache.WriteBehind;

/** The running totals behind {@link EngineCounters}. Plain fields: only the engine thread reads and writes them. */
final class Tally {
    long steps;
    long prefillTokens;
    long outputTokens;
    long finished;
    long failed;
    long cancelled;
    long preemptions;
    long listenerErrors;
    long lookups;
    long storeTimeouts;
    long onboardedBlocks;

    EngineCounters counters(
        final KvCache cache, final WriteBehind writeBehind, final long storeErrors, final StepLoop stepLoop) {
        return new EngineCounters(steps, prefillTokens, outputTokens, finished, failed, cancelled, preemptions,
            listenerErrors, lookups, storeTimeouts, storeErrors, onboardedBlocks, cache.blocks().evicted(),
            writeBehind.counts(), stepLoop.speculationCounts(), stepLoop.stepTotals());
    }
}

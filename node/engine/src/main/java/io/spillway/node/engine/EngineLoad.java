package io.spillway.node.engine;

/**
 * What an engine is doing, as of its last cycle. Published by the engine thread; any thread reads.
 *
 * @param active        sequences on the device
 * @param prefillTokens known tokens that wait to be computed
 */
record EngineLoad(
    int active, int prefillTokens, int freeBlocks, int cachedBlocks, int leasedBlocks, double prefillTokensPerSecond,
    long decodeStepNanos, double onboardBytesPerSecond) {
}

package io.spillway.kvstore.transfer;

/**
 * What an endpoint has done since its start. A moment old.
 *
 * @param blocksFetched   arrived whole and verified
 * @param blocksServed    sent to somebody who asked
 * @param blocksTaken     put here by others
 * @param bytesIn         payload
 * @param bytesOut        payload
 * @param corruptBlocks   arrived with other bytes than were sent
 * @param lateFrames      of requests that had ended
 * @param malformedFrames not of our schema, or impossible
 * @param requestsRefused own requests that found no room or no link
 * @param linksLost       peers that fell silent or restarted
 */
public record TransferCounters(
    long blocksFetched, long blocksServed, long blocksTaken, long bytesIn, long bytesOut, long corruptBlocks,
    long lateFrames, long malformedFrames, long requestsRefused, long linksLost) {
}

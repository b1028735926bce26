package io.spillway.kvstore.service;

import io.spillway.kvstore.tier.DiskCounters;

/**
 * What a block service has done since its start, in blocks.
 *
 * @param stored         came in and are new
 * @param refusedStores  could not come in: queue or memory full
 * @param hostHits       reads served from DRAM
 * @param diskHits       reads served from disk
 * @param misses         reads of blocks that were not here
 * @param evicted        left DRAM to make room
 * @param corrupt        found to differ from what their producer wrote, in DRAM or on arrival
 */
public record ServiceCounters(
    long stored, long refusedStores, long hostHits, long diskHits, long misses, long evicted, long corrupt,
    DiskCounters disk) {
}

package io.spillway.kvstore.pool;

/**
 * Pages by state. {@code free + leased + cached == total} always.
 *
 * @param leased pages of blocks that somebody reads or fills
 * @param cached pages of blocks that are kept and that nobody leases: they can be evicted
 */
public record PoolUse(int free, int leased, int cached, int total) {
}

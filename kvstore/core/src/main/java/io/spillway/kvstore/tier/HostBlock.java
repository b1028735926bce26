package io.spillway.kvstore.tier;

import io.spillway.domain.kv.BlockHash;
import io.spillway.kvstore.pool.PooledBlock;

/**
 * A block in DRAM.
 *
 * @param crc32c  of the payload, taken by its producer
 * @param chain   first block of its chain as far as this tier knew it: what keeps a chain in one place
 * @param memory  the payload; belongs to the tier's pool
 */
public record HostBlock(BlockKey key, int crc32c, BlockHash chain, PooledBlock memory) {
    /** @return true while the payload is what its producer wrote */
    public boolean isIntact() {
        return memory.crc32c() == crc32c;
    }
}

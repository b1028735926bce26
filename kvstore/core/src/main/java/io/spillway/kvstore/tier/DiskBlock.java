package io.spillway.kvstore.tier;

/**
 * What a disk tier knows of a block it has read and verified.
 *
 * @param crc32c of the payload, taken by its producer
 */
public record DiskBlock(BlockKey key, int crc32c) {
}

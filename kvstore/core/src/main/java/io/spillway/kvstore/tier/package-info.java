/**
 * Owns where a member keeps blocks outside the model: {@code HostTier} in DRAM, {@code DiskTier} in log segments on a
 * disk. Imports {@code pool}, {@code index}, {@code eviction}, {@code domain} and the JDK. The block service's thread
 * writes both; the disk's files belong to the disk tier's own I/O threads, which never touch an index.
 */
package io.spillway.kvstore.tier;

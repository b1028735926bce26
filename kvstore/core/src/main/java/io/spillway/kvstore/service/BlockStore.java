package io.spillway.kvstore.service;

import io.spillway.domain.cluster.NodeLoad;
import io.spillway.domain.kv.BlockHash;
import io.spillway.domain.kv.Tier;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Everything below a node's device tier, as its KV cache sees it: own host tier, store servers, peers.
 *
 * <p>Fails open: a lost, slow, corrupt or missing block is a shorter result, never an exceptional future and never a wrong
 * byte. Callable from any thread; never blocks the caller. Futures complete on a thread of the store.
 */
public interface BlockStore extends AutoCloseable {
    /**
     * Takes a full block for keeping (write-behind): copies it into the host tier, then on to the store servers.
     *
     * @param bytes    borrowed until {@code released} has run
     * @param released runs exactly once, on a thread of the store, as soon as {@code bytes} is no longer needed; also runs
     *                 when the offload failed later; does not run when this returns false
     * @return false: the bounded queue is full and the block was refused (counted); nothing was borrowed
     */
    boolean offload(BlockHash hash, BlockHash parent, MemorySegment bytes, Runnable released);

    /**
     * Finds the longest run of leading {@code blocks} that can be fetched.
     *
     * @param blocks        consecutive blocks of a chain; the first is the first one missing on the device
     * @param deadlineNanos monotonic; what has not answered by then does not count
     */
    CompletableFuture<Found> lookup(List<BlockHash> blocks, long deadlineNanos);

    /**
     * Fetches leading blocks into the caller's memory; every block's checksum is checked after the last copy.
     *
     * @param blocks  at most {@code found.blocks()} leading blocks of the looked-up run
     * @param targets one per block, {@code blockBytes} long; borrowed until the future completes; nothing is written after
     * @return how many leading targets now hold valid blocks, and which tier each came from
     */
    CompletableFuture<Onboarded> onboard(
        List<BlockHash> blocks, Found found, List<MemorySegment> targets, long deadlineNanos);

    /** @return use of this member's own tiers */
    NodeLoad.TierUse tierUse();

    @Override
    void close();

    /**
     * Result of a look-up.
     *
     * @param blocks   leading blocks that can be fetched; 0 = none
     * @param segments where, in order; their counts sum to {@code blocks}
     */
    record Found(int blocks, List<Segment> segments) {
        /** Nothing was found. */
        public static final Found NOTHING = new Found(0, List.of());

        public Found {
            segments = List.copyOf(segments);
        }

        /** @param source "" for this member's own host tier, otherwise the member's id */
        public record Segment(String source, int blocks) {
        }
    }

    /**
     * Result of an onboard.
     *
     * @param tiers one per valid leading block
     */
    record Onboarded(int blocks, List<Tier> tiers) {
        /** Nothing arrived. */
        public static final Onboarded NOTHING = new Onboarded(0, List.of());

        public Onboarded {
            tiers = List.copyOf(tiers);
        }
    }
}

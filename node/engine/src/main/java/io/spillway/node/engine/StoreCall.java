package io.spillway.node.engine;

import io.spillway.domain.kv.BlockHash;
import io.spillway.node.kvcache.BlockTable;
import io.spillway.node.kvcache.BlockWriting;
import java.util.List;

/**
 * A question of one sequence to the block store. Engine thread.
 *
 * @param attempt tells whether the sequence still waits for this very answer
 */
record StoreCall(Sequence sequence, int attempt, int fromBlock, long startedNanos) {
    boolean isAwaitedIn(final Sequence.Phase phase) {
        return !sequence.live().hasEnded() && sequence.attempt() == attempt && sequence.phase() == phase;
    }

    BlockHash firstBlock() {
        return sequence.chain().get(fromBlock);
    }

    /** A call from its look-up to its last answer, and the younger sequences that wait for the same blocks. */
    record Fetch(StoreCall call, List<Follower> followers) {
        /** @return whether the one who asked still waits, so that the store is not late yet */
        boolean isTimely() {
            return call.isAwaitedIn(Sequence.Phase.LOOKING_UP) || call.isAwaitedIn(Sequence.Phase.ONBOARDING);
        }
    }

    /** A sequence that waits for what another has asked for. */
    record Follower(Sequence sequence, int attempt) {
        boolean isWaiting() {
            return !sequence.live().hasEnded() && sequence.attempt() == attempt
                && sequence.phase() == Sequence.Phase.LOOKING_UP;
        }
    }

    /**
     * Where a call's blocks go.
     *
     * @param table   leases on the prefix and on the blocks to be filled
     * @param blocks  those to be filled, leased once more
     * @param writing the room in host memory for them
     * @param isCut   whether the store has more than there was room for
     */
    record Target(BlockTable table, int[] blocks, BlockWriting writing, boolean isCut) {
    }
}

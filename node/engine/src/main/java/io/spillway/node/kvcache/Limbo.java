package io.spillway.node.kvcache;

import java.util.ArrayDeque;

/**
 * Leases that were given back while a submitted step may still read or write their blocks: they end when that step is over. A step holds nothing
 * itself; whatever its sequences hold when it is submitted either stays theirs or comes here. Single writer: the engine thread.
 */
final class Limbo {
    private final DeviceBlocks blocks;
    private final ArrayDeque<Lease> leases = new ArrayDeque<>(); // by step, ascending
    private long submittedSteps;
    private long endedSteps;

    /**
     * @param step       the last one submitted when it was given back
     * @param isForgotten whether the block's content is under suspicion
     */
    private record Lease(int block, long step, boolean isForgotten) {
    }

    Limbo(final DeviceBlocks blocks) {
        this.blocks = blocks;
    }

    void submitted() {
        submittedSteps++;
    }

    /** The step that was submitted first of those under way is over. */
    void ended() {
        if (endedSteps == submittedSteps) {
            throw new IllegalStateException("more steps ended than were submitted");
        }
        endedSteps++;
        while (!leases.isEmpty() && leases.peekFirst().step() <= endedSteps) {
            final Lease lease = leases.removeFirst();
            end(lease.block(), lease.isForgotten());
        }
    }

    /** Ends a lease: at once when no step is under way. */
    void release(final int block, final boolean isForgotten) {
        if (endedSteps == submittedSteps) {
            end(block, isForgotten);
        } else {
            leases.addLast(new Lease(block, submittedSteps, isForgotten));
        }
    }

    private void end(final int block, final boolean isForgotten) {
        blocks.release(block);
        if (isForgotten) {
            blocks.forget(block);
        }
    }
}

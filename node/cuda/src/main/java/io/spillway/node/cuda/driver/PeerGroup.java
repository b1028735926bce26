package io.spillway.node.cuda.driver;

import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * GPUs of one process that share a model and reach each other's memory: sums and gathers where there is no NCCL. Each rank has a thread of
 * its own, and all of them meet at every call, so a call cannot be captured in a graph.
 */
public final class PeerGroup {
    private static final long MEET_SECONDS = 60;

    private final PeerRank[] ranks;
    private final long partBytesMax;
    private final CyclicBarrier everybody;

    /** @param partBytesMax most that one rank brings to a call; each takes twice that of its GPU's memory */
    public PeerGroup(final int ranks, final long partBytesMax) {
        if (ranks < 1 || partBytesMax < 1) {
            throw new IllegalArgumentException("a group has ranks and they bring something: " + ranks + " ranks, " + partBytesMax + " bytes");
        }
        this.ranks = new PeerRank[ranks];
        this.partBytesMax = partBytesMax;
        this.everybody = new CyclicBarrier(ranks);
    }

    /**
     * Makes a GPU a rank of the group. Waits until all ranks have called this, each in its own thread.
     *
     * @param gpu   bound to the calling thread
     * @param rank  from 0
     * @throws IllegalStateException when one GPU cannot reach another, or another rank does not come
     */
    public DeviceCollective join(final PeerGpu gpu, final int rank) {
        PeerRank mine = null;
        try {
            mine = new PeerRank(this, gpu, rank);
            ranks[rank] = mine;
            meet();
            mine.reach();
            meet();
            return mine;
        } catch (final RuntimeException e) {
            breakUp();
            if (mine != null) {
                mine.free();
            }
            throw e;
        }
    }

    int ranks() {
        return ranks.length;
    }

    PeerRank rank(final int rank) {
        return ranks[rank];
    }

    long partBytesMax() {
        return partBytesMax;
    }

    /** Returns when all ranks are here. */
    void meet() {
        try {
            everybody.await(MEET_SECONDS, TimeUnit.SECONDS);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the group's other GPUs were waited for", e);
        } catch (final BrokenBarrierException | TimeoutException e) {
            throw new IllegalStateException("another GPU of the group has failed or does not come", e);
        }
    }

    /** A rank that fails lets nobody wait for it. */
    void breakUp() {
        everybody.reset();
    }
}

package io.spillway.node.server;

import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.compute.TensorOps;
import java.util.ArrayList;
import java.util.List;

/**
 * A compute backend for each rank of a model, with its share of the cores: ranks compute at the same time, and threads that all of them wanted
 * would be free for one. Used by the starting thread; closed after the model.
 */
final class RankBackends implements AutoCloseable {
    private final List<ComputeBackend> backends = new ArrayList<>();
    private int given;

    /** @param threads of all ranks together; 0 = one per core; each rank has at least one */
    RankBackends(final KernelSet kernels, final int threads, final int ranks) {
        final int all = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
        try {
            for (int rank = 0; rank < ranks; rank++) {
                backends.add(kernels.orProperty().start(Math.max(1, all / ranks + (rank < all % ranks ? 1 : 0))));
            }
        } catch (final RuntimeException e) {
            close();
            throw e;
        }
    }

    /** @return operations of the next rank */
    TensorOps newOps() {
        return backends.get(given++).newOps();
    }

    @Override
    public void close() {
        backends.forEach(ComputeBackend::close);
        backends.clear();
    }
}

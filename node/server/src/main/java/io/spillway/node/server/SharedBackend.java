package io.spillway.node.server;

import io.spillway.node.compute.ComputeBackend;

/**
 * The process's one compute backend: nodes that share a process share its threads, so that two engines do not fight for
 * the same cores. Made by the first lease, closed by the last.
 */
final class SharedBackend {
    private static final Object LOCK = new Object();
    private static ComputeBackend backend;
    private static int leases;

    private SharedBackend() {
    }

    /** @param kernels of the first lease count, as its threads do @param threads 0 = one per core */
    static Lease lease(final KernelSet kernels, final int threads) {
        synchronized (LOCK) {
            if (leases == 0) {
                backend = kernels.orProperty().start(threads);
            }
            leases++;
            return new Lease(backend);
        }
    }

    private static void giveBack() {
        synchronized (LOCK) {
            if (--leases == 0) {
                backend.close();
                backend = null;
            }
        }
    }

    /** A counted right to use the backend; closed once. */
    record Lease(ComputeBackend backend) implements AutoCloseable {
        @Override
        public void close() {
            giveBack();
        }
    }
}

package io.spillway.node.cpu;

import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.compute.ScalarOps;
import io.spillway.node.compute.Slab;
import io.spillway.node.compute.TensorOps;
import io.spillway.node.compute.WorkerPool;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The CPU as a compute device: always there. One per process, shared by its engines; any thread may call. */
public final class CpuBackend implements ComputeBackend {
    private static final Logger LOG = LoggerFactory.getLogger(CpuBackend.class);
    private static final String VECTOR_MODULE = "jdk.incubator.vector";

    private final WorkerPool workers;
    private final Supplier<TensorOps> newOps;
    private final String description;

    private CpuBackend(final WorkerPool workers, final Supplier<TensorOps> newOps, final String description) {
        this.workers = workers;
        this.newOps = newOps;
        this.description = description;
        LOG.info("compute: {}", description);
    }

    /** @return the best kernels there are, on every core */
    public static CpuBackend start() {
        return start(Runtime.getRuntime().availableProcessors());
    }

    /** @param threads that compute, the calling engine's included; at least 1 */
    public static CpuBackend start(final int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads must be positive: " + threads);
        }
        final Optional<Module> vectors = ModuleLayer.boot().findModule(VECTOR_MODULE);
        if (vectors.isEmpty()) {
            return scalar("module " + VECTOR_MODULE + " is not loaded; start with --add-modules " + VECTOR_MODULE + " for full speed");
        }
        final WorkerPool pool = new CorePool(threads);
        return new CpuBackend(pool, () -> new VectorOps(pool), "cpu, Vector API kernels of " + VectorWidth.describe()
                + ", threads: " + threads);
    }

    /** @param reason why no vectors, for the start-up line @return the specification itself as kernels, on the calling thread */
    public static CpuBackend scalar(final String reason) {
        return new CpuBackend(WorkerPool.INLINE, ScalarOps::new, "cpu, scalar kernels on 1 thread: " + reason);
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public TensorOps newOps() {
        return newOps.get();
    }

    @Override
    public WorkerPool workers() {
        return workers;
    }

    @Override
    public Slab allocate(final long sizeBytes) {
        return Slab.allocate(sizeBytes);
    }

    @Override
    public void close() {
        workers.close();
    }
}

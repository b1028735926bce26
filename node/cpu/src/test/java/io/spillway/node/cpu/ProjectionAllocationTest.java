package io.spillway.node.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.spillway.node.compute.DType;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.Slab;
import io.spillway.node.compute.Tensor;
import io.spillway.node.compute.TensorOps;
import java.lang.management.ManagementFactory;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Projections allocate nothing once compiled: a kernel that the compiler gives up on puts every vector on the heap, and is
 * fifty times slower for it.
 */
@Tag("slow")
class ProjectionAllocationTest {
    private static final int COLUMNS = 512;
    private static final int OUTPUTS = 64;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    /** How often a shape runs before it is looked at again; boxed vectors of one run would be hundreds of kilobytes. */
    private static final int ROUND_RUNS = 100;

    @ParameterizedTest
    @EnumSource(DType.class)
    @Timeout(600)
    void allocatesNothing(final DType dtype) {
        allocatesNothing(dtype, WideProducts.USED);
    }

    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"Q8_0", "Q4_0"})
    @Timeout(600)
    void allocatesNothingOtherwise(final DType dtype) {
        allocatesNothing(dtype, !WideProducts.USED);
    }

    private static void allocatesNothing(final DType dtype, final boolean widely) {
        try (CpuBackend backend = CpuBackend.start(1);
                TensorOps ops = new VectorOps(backend.workers(), widely);
                Slab slab = Slab.allocate(PackedMatrix.sizeBytes(dtype, OUTPUTS, COLUMNS))) {
            final PackedMatrix[] weights = {RandomMatrix.fill(new Random(1), slab, dtype, OUTPUTS, COLUMNS)};
            for (final int rows : new int[] {1, 3, 7, 19}) {
                awaitNoAllocation(ops, rows, weights);
            }
        }
    }

    /** Runs until a whole round allocated nothing; compilation takes as long as it takes, and the timeout is what fails. */
    private static void awaitNoAllocation(final TensorOps ops, final int rows, final PackedMatrix[] weights) {
        final Tensor in = Tensor.ofRows(rows, COLUMNS);
        final Tensor[] outs = {Tensor.ofRows(rows, OUTPUTS)};
        long allocated = Long.MAX_VALUE;
        while (allocated > 0) {
            assertThat(Thread.currentThread().isInterrupted()).as("%s, %d rows: still %d bytes a round", weights[0].dtype(), rows, allocated)
                    .isFalse();
            final long before = THREADS.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < ROUND_RUNS; i++) {
                ops.project(in, rows, weights, outs);
            }
            allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        }
    }
}

package io.spillway.node.nativekernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.sun.management.ThreadMXBean;
import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.node.compute.AttentionRule;
import io.spillway.node.compute.DType;
import io.spillway.node.compute.KvRows;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.Slab;
import io.spillway.node.compute.Tensor;
import io.spillway.node.compute.TensorOps;
import java.lang.management.ManagementFactory;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Once compiled, products and attention allocate nothing. */
class AllocationTest {
    private static final int CALLS = 1_000;
    private static final int ROUNDS_MAX = 300;
    private static final long FREE_BYTES = CALLS; // less than one object per call

    private static void assertEndsUpAllocatingNothing(final Runnable call) {
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long allocated = Long.MAX_VALUE;
        for (int round = 0; round < ROUNDS_MAX && allocated > FREE_BYTES; round++) {
            final long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < CALLS; i++) {
                call.run();
            }
            allocated = threads.getCurrentThreadAllocatedBytes() - before;
        }
        assertThat(allocated).isLessThanOrEqualTo(FREE_BYTES);
    }

    @Test
    void products() {
        assumeThat(NativeBackend.unavailable()).as("the library").isEmpty();
        final PackedMatrix[] weights = new PackedMatrix[DType.values().length];
        final Tensor[] outs = new Tensor[weights.length];
        final Slab[] slabs = new Slab[weights.length];
        for (final DType dtype : DType.values()) {
            final int i = dtype.ordinal();
            slabs[i] = Slab.allocate(PackedMatrix.sizeBytes(dtype, 70, 256));
            weights[i] = RandomWeights.matrix(new Random(i), dtype, 70, 256, slabs[i]);
            outs[i] = Tensor.ofRows(3, 70);
        }
        final Tensor in = RandomWeights.activations(new Random(1), 3, 256);
        try (NativeBackend backend = NativeBackend.over(new ThreadsBackend(1)); TensorOps ops = backend.newOps()) {
            assertEndsUpAllocatingNothing(() -> ops.project(in, 3, weights, outs));
        }
        for (final Slab slab : slabs) {
            slab.close();
        }
    }

    @Test
    void attention() {
        assumeThat(NativeBackend.unavailable()).as("the library").isEmpty();
        final KvLayout layout = new KvLayout(1, 2, 32, 16, KvElement.F16);
        try (Slab slab = Slab.allocate(8 * layout.blockBytes()); NativeBackend backend = NativeBackend.over(new ThreadsBackend(1));
                TensorOps ops = backend.newOps()) {
            final KvRows kv = new KvRows();
            kv.begin(layout, slab.segment(), 4, 2);
            kv.blockTable(0, new int[] {3, 1, 0});
            kv.blockTable(1, new int[] {5, 2});
            kv.addRow(0, 40);
            kv.addRow(0, 41);
            kv.addRow(1, 20);
            final Tensor queries = RandomWeights.activations(new Random(1), 3, 4 * 32);
            final Tensor out = Tensor.ofRows(3, 4 * 32);
            final AttentionRule rule = new AttentionRule(0.2f, 30, 10f, new float[4]);
            assertEndsUpAllocatingNothing(() -> ops.attend(kv, 0, rule, queries, out));
        }
    }
}

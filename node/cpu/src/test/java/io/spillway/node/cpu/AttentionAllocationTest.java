package io.spillway.node.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.node.compute.AttentionRule;
import io.spillway.node.compute.KvRows;
import io.spillway.node.compute.Slab;
import io.spillway.node.compute.Tensor;
import io.spillway.node.compute.TensorOps;
import java.lang.management.ManagementFactory;
import java.util.Random;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Once the compiler has seen the kernels, storing and attention allocate nothing: vectors stay in registers. */
class AttentionAllocationTest {
    private static final int ROUND_RUNS = 20;
    private static final int POSITION = 1_030;   // two ranges
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @ParameterizedTest
    @EnumSource(KvElement.class)
    @Timeout(60)
    void decodingAllocatesNothing(final KvElement element) {
        final KvLayout layout = new KvLayout(1, 1, 64, 64, element);
        final int[] table = new int[layout.blocksFor(POSITION + 1)];
        for (int i = 0; i < table.length; i++) {
            table[i] = i;
        }
        try (CpuBackend backend = CpuBackend.start(1); TensorOps ops = backend.newOps(); Slab slab = Slab.allocate(table.length * layout.blockBytes())) {
            final KvRows rows = new KvRows();
            rows.begin(layout, slab.segment(), 1, 1);
            rows.blockTable(0, table);
            rows.addRow(0, POSITION);
            final Tensor keys = random(64);
            final Tensor queries = random(4 * 64);
            final Tensor out = random(4 * 64);
            final AttentionRule rule = AttentionRule.causal(64);
            long allocated = Long.MAX_VALUE;
            while (allocated > 0) { // compilation takes as long as it takes, and the timeout is what fails
                assertThat(Thread.currentThread().isInterrupted()).as("still %d bytes a round", allocated).isFalse();
                final long before = THREADS.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < ROUND_RUNS; i++) {
                    ops.store(rows, 0, keys, keys);
                    ops.attend(rows, 0, rule, queries, out);
                }
                allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
            }
        }
    }

    private static Tensor random(final int width) {
        final Random random = new Random(width);
        final Tensor tensor = Tensor.ofRows(1, width);
        for (int i = 0; i < width; i++) {
            tensor.values()[i] = (float) random.nextGaussian();
        }
        return tensor;
    }
}

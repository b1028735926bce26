package io.spillway.node.weights;

import static org.assertj.core.api.Assertions.assertThat;

import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.compute.DType;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.Slab;
import io.spillway.node.compute.TensorOps;
import io.spillway.node.compute.WorkerPool;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;

/** Matrices of any formats and shapes: none overlaps another, all start on a cache line, and slabs are whole large pages. */
class WeightArenaTest {
    /** Counts what is asked for. */
    private static final class Counting implements ComputeBackend {
        private final List<Slab> slabs = new ArrayList<>();

        @Override
        public String description() {
            return "counting";
        }

        @Override
        public TensorOps newOps() {
            throw new UnsupportedOperationException();
        }

        @Override
        public WorkerPool workers() {
            return WorkerPool.INLINE;
        }

        @Override
        public Slab allocate(final long sizeBytes) {
            slabs.add(Slab.allocate(sizeBytes));
            return slabs.getLast();
        }

        @Override
        public void close() {
            throw new UnsupportedOperationException();
        }
    }

    @Property(tries = 60)
    void matricesLieApart(@ForAll final long seed, @ForAll @LongRange(min = 0, max = 20L << 20) final long expectedBytes) {
        final Random random = new Random(seed);
        final Counting backend = new Counting();
        final List<PackedMatrix> matrices = new ArrayList<>();
        try (WeightArena arena = new WeightArena(backend, expectedBytes)) {
            for (int i = 0; i < 25; i++) {
                final DType dtype = DType.values()[random.nextInt(DType.values().length)];
                final PackedMatrix matrix = arena.allocate(dtype, 1 + random.nextInt(300), dtype.blockColumns() * (1 + random.nextInt(3)));
                assertThat(matrix.bytes().address() % Slab.ALIGNMENT_BYTES).isZero();
                assertThat(matrix.bytes().asByteBuffer().get(0)).isZero();
                matrix.bytes().fill((byte) (i + 1));
                matrices.add(matrix);
            }
            final PackedMatrix large = arena.allocate(DType.F32, 1024, (int) (expectedBytes >> 12) + 600);
            assertThat(large.bytes().address() % Slab.ALIGNMENT_BYTES).isZero();
            for (int i = 0; i < matrices.size(); i++) {
                final byte[] expected = new byte[(int) matrices.get(i).bytes().byteSize()];
                Arrays.fill(expected, (byte) (i + 1));
                assertThat(matrices.get(i).bytes().mismatch(MemorySegment.ofArray(expected))).as("matrix %d", i).isEqualTo(-1);
            }
            assertThat(backend.slabs).allSatisfy(slab -> assertThat(slab.segment().byteSize() % Slab.LARGE_PAGE_BYTES).isZero());
        }
    }
}

package io.spillway.node.nativekernels;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.ScalarOps;
import io.spillway.node.compute.Slab;
import io.spillway.node.compute.Tensor;
import io.spillway.node.compute.TensorOps;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** Every compiled variant that this machine can run against the specification, bit for bit, for every format. */
class ProjectTwinTest {
    private static final TensorOps SCALAR = new ScalarOps();

    @Provide
    Arbitrary<InstructionSet> sets() {
        return Arbitraries.of(Variants.toTest());
    }

    @Property(tries = 120)
    void anyShape(@ForAll final long seed, @ForAll("sets") final InstructionSet set, @ForAll final DType first, @ForAll final DType second,
            @ForAll @IntRange(min = 1, max = 40) final int rows, @ForAll @IntRange(min = 1, max = 150) final int outputs) {
        final Random random = new Random(seed);
        final int columns = columns(random, first, second);
        assertTwins(random, set, List.of(first, second), new Shape(rows, outputs, columns));
    }

    private static int columns(final Random random, final DType first, final DType second) {
        final int unit = Math.max(first.blockColumns(), second.blockColumns());
        return unit == 1 ? 1 + random.nextInt(300) : unit * (1 + random.nextInt(unit == 256 ? 2 : 9));
    }

    @Property(tries = 40)
    void everyNumberOfRows(@ForAll("sets") final InstructionSet set, @ForAll final DType dtype) {
        final Random random = new Random(dtype.ordinal());
        for (int rows = 1; rows <= 17; rows++) {
            assertTwins(random, set, List.of(dtype), new Shape(rows, 20, 256));
        }
    }

    /** More rows than a piece, deeper than what is expanded at a time, several threads. */
    @Property(tries = 30)
    void large(@ForAll final long seed, @ForAll("sets") final InstructionSet set, @ForAll final DType dtype) {
        assertTwins(new Random(seed), set, List.of(dtype), new Shape(131, 70, 256 + dtype.blockColumns()));
    }

    private record Shape(int rows, int outputs, int columns) { }

    private static void assertTwins(final Random random, final InstructionSet set, final List<DType> dtypes, final Shape shape) {
        if (!set.runsHere()) {
            return; // LibraryTest says so
        }
        final PackedMatrix[] weights = new PackedMatrix[dtypes.size()];
        final Tensor[] expected = new Tensor[dtypes.size()];
        final Tensor[] actual = new Tensor[dtypes.size()];
        final Slab[] slabs = new Slab[dtypes.size()];
        for (int i = 0; i < weights.length; i++) {
            final int outputs = i == 0 ? shape.outputs : 64;
            slabs[i] = Slab.allocate(PackedMatrix.sizeBytes(dtypes.get(i), outputs, shape.columns));
            weights[i] = RandomWeights.matrix(random, dtypes.get(i), outputs, shape.columns, slabs[i]);
            expected[i] = Tensor.ofRows(shape.rows + 1, outputs);
            actual[i] = Tensor.ofRows(shape.rows + 1, outputs);
        }
        final Tensor in = RandomWeights.activations(random, shape.rows + 1, shape.columns + random.nextInt(3));
        try (NativeBackend backend = NativeBackend.over(new ThreadsBackend(1 + random.nextInt(3)), set); TensorOps ops = backend.newOps()) {
            SCALAR.project(in, shape.rows, weights, expected);
            ops.project(in, shape.rows, weights, actual);
            for (int i = 0; i < weights.length; i++) {
                Variants.assertSameBits(actual[i], expected[i]);
            }
        }
        for (final Slab slab : slabs) {
            slab.close();
        }
    }
}

package io.spillway.node.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.compute.Tensor;
import io.spillway.node.model.ExpertChoice;
import io.spillway.node.weights.ModelShape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.junit.jupiter.api.Test;

/** Mixtures of experts: the choice, the lists, and products of pieces of work against the same product of each row by itself. */
class ExpertTwinTest {
    private static final int BLOCK_BYTES = MatrixCall.RoundActivations.BLOCK_BYTES;
    private static Shim shim;

    @BeforeContainer
    static void load() {
        shim = Shim.load();
    }

    /** What a test chooses at random. */
    private record Choice(int rows, int experts, int chosen, boolean againstAll, Tensor scores, int[] positions) {
        static Choice random(final Random random, final int rows, final int experts) {
            final Tensor scores = Numbers.tensor(random, rows, experts, 3);
            for (int i = 0; i < scores.values().length; i++) {
                if (random.nextInt(3) == 0) {
                    scores.values()[i] = random.nextInt(3) - 1; // ties
                }
            }
            final int[] positions = IntStream.range(0, rows).map(r -> random.nextInt(5) == 0 ? -1 : r).toArray();
            return new Choice(rows, experts, 1 + random.nextInt(Math.min(experts, random.nextBoolean() ? 4 : ExpertCall.CHOSEN_MAX)), random.nextBoolean(),
                    scores, positions);
        }

        /** @return the specification's experts; -1 of rows that only fill up */
        int[] expected(final float[] weights) {
            final ModelShape.Experts shape = new ModelShape.Experts(experts, chosen, 1, !againstAll);
            final ExpertChoice choice = ExpertChoice.ofProbabilities(shape);
            final int[] into = new int[rows * chosen];
            Arrays.fill(into, -1);
            for (int r = 0; r < rows; r++) {
                if (positions[r] >= 0) {
                    choice.choose(scores.values(), r * experts, into, weights, r * chosen);
                }
            }
            return into;
        }
    }

    /** Where the experts of a step are written. */
    private record Routed(MemorySegment chosen, MemorySegment weights, MemorySegment ended, ExpertRows rows) {
        static Routed run(final Twins.Device device, final Choice c, final int tileRows) {
            final int entries = c.rows * c.chosen;
            final int pieces = ExpertRows.piecesMax(c.rows, c.chosen, c.experts, tileRows);
            final MemorySegment chosen = device.memory().bytes(4L * entries);
            final MemorySegment weights = device.memory().bytes(4L * entries);
            final MemorySegment ended = device.memory().bytes(4);
            final ExpertRows rows = new ExpertRows(device.memory().bytes(4 + 8L * pieces).address(), device.memory().bytes(4L * c.experts * c.rows).address(),
                    device.memory().bytes(4L * c.experts).address(), c.rows, tileRows, pieces, c.chosen);
            device.run(new ExpertCall.Route(device.address(c.scores.values()), device.address(c.positions), chosen.address(), weights.address(), c.rows,
                    c.experts, c.chosen, c.againstAll));
            device.run(new ExpertCall.ListRows(rows, chosen.address(), ended.address(), c.rows, c.experts, c.chosen));
            return new Routed(chosen, weights, ended, rows);
        }

        int[] ints(final long address, final int count) {
            return MemorySegment.ofAddress(address).reinterpret(4L * count).toArray(ValueLayout.JAVA_INT);
        }
    }

    @Property(tries = 30)
    void choosesAndLists(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 90) final int rows, @ForAll @IntRange(min = 1, max = 70) final int few) {
        final Random random = new Random(seed);
        final Choice c = Choice.random(random, rows, random.nextInt(6) == 0 ? 130 + few : few);
        final int tileRows = 8 << random.nextInt(3);
        final float[] expectedWeights = new float[rows * c.chosen];
        final int[] expected = c.expected(expectedWeights);
        final float[] weights = Twins.floats(shim, device -> {
            final Routed routed = Routed.run(device, c, tileRows);
            assertThat(DeviceMemory.ints(routed.chosen)).isEqualTo(expected);
            assertThat(DeviceMemory.ints(routed.ended)).containsExactly(0);
            assertLists(c, expected, routed, tileRows);
            return routed.weights;
        });
        Numbers.assertSameBits(weights, expectedWeights);
    }

    private static void assertLists(final Choice c, final int[] expected, final Routed routed, final int tileRows) {
        final int[] counts = routed.ints(routed.rows.counts(), c.experts);
        final int[] work = routed.ints(routed.rows.work(), 1 + 2 * routed.rows.piecesMax());
        int piece = 0;
        for (int expert = 0; expert < c.experts; expert++) {
            final int wanted = expert;
            final int[] entries = IntStream.range(0, expected.length).filter(i -> expected[i] == wanted).toArray();
            assertThat(counts[expert]).isEqualTo(entries.length);
            assertThat(routed.ints(routed.rows.lists() + 4L * expert * c.rows, entries.length)).isEqualTo(entries);
            for (int first = 0; first < entries.length; first += tileRows) {
                assertThat(work[1 + 2 * piece]).isEqualTo(expert);
                assertThat(work[2 + 2 * piece]).isEqualTo(first);
                piece++;
            }
        }
        assertThat(work[0]).isEqualTo(piece);
    }

    /** What multiplies in a test. */
    private interface Multiplies {
        int tileRows();

        /** Products of `rows` rows at `in` by the matrices at `expert` and behind it. */
        void run(Twins.Device device, int expert, Product product);
    }

    private static Multiplies gemv(final Random random) {
        final int tileRows = 8 << random.nextInt(3);
        return new Multiplies() {
            @Override
            public int tileRows() {
                return tileRows;
            }

            @Override
            public void run(final Twins.Device device, final int expert, final Product product) {
                device.run(new MatrixCall.Gemv(product));
            }
        };
    }

    private static Multiplies gemm(final Random random) {
        final int tileRows = 32 << random.nextInt(3);
        return new Multiplies() {
            @Override
            public int tileRows() {
                return tileRows;
            }

            @Override
            public void run(final Twins.Device device, final int expert, final Product product) {
                device.run(new MatrixCall.Gemm(product, 0, true));
            }
        };
    }

    private static Multiplies wide(final Random random) {
        final int tileRows = 64 << random.nextInt(2);
        return new Multiplies() {
            @Override
            public int tileRows() {
                return tileRows;
            }

            @Override
            public void run(final Twins.Device device, final int expert, final Product product) {
                WideCall.of(product, 0, 3).forEach(device::run);
            }
        };
    }

    private static Multiplies any(final Random random) {
        return switch (random.nextInt(3)) {
            case 0 -> gemv(random);
            case 1 -> gemm(random);
            default -> wide(random);
        };
    }

    /** Gates and ups of halves by rows that experts got, then down by entry, then the sum; each row alone gives the same bits. */
    @Property(tries = 24)
    void layersOfHalves(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 24) final int rows, @ForAll @IntRange(min = 1, max = 9) final int experts,
            @ForAll @IntRange(min = 1, max = 6) final int widthEights, @ForAll @IntRange(min = 1, max = 12) final int hiddenEights) {
        final Random random = new Random(seed);
        final Choice c = Choice.random(random, rows, experts);
        final DType half = HalfRows.kind(random);
        final int width = 8 * widthEights;
        final int hidden = 8 * hiddenEights;
        final Multiplies multiplies = any(random);
        final HalfRows in = HalfRows.random(random, half, rows, hidden, 1);
        final HalfRows gateUp = HalfRows.random(random, half, experts * 2 * width, hidden, 0.2f);
        final HalfRows down = HalfRows.random(random, half, experts * hidden, width, 0.2f);
        final float[] bias = Numbers.tensor(random, experts, 2 * width, 1).values();
        final float[] weights = new float[rows * c.chosen];
        final int[] chosen = c.expected(weights);
        final byte[] actual = Twins.run(shim, device -> {
            final Routed routed = Routed.run(device, c, multiplies.tileRows());
            final long at = device.address(in.segment());
            final long gateUps = device.address(gateUp.segment());
            final long downs = device.address(down.segment());
            final long biases = device.address(bias);
            final MemorySegment gated = device.memory().bytes(2L * chosen.length * width);
            final MemorySegment parts = device.floats((long) chosen.length * hidden);
            multiplies.run(device, 0, Product.of(half, gateUps, at, gated.address(), rows, 2 * width, hidden, ProductOutput.SWIGLU).withBias(biases)
                .withExperts(routed.rows));
            multiplies.run(device, 0, Product.of(half, downs, gated.address(), parts.address(), rows, hidden, width, ProductOutput.FLOAT)
                .withExperts(routed.rows.byEntry()));
            for (int i = 0; i < chosen.length; i++) {
                final MemorySegment gatedAlone = device.memory().bytes(2L * width);
                final MemorySegment alone = device.floats(hidden);
                if (chosen[i] >= 0) {
                    multiplies.run(device, chosen[i], Product.of(half, gateUps + 4L * chosen[i] * width * hidden, at + 2L * (i / c.chosen) * hidden,
                            gatedAlone.address(), 1, 2 * width, hidden, ProductOutput.SWIGLU).withBias(biases + 8L * chosen[i] * width));
                    multiplies.run(device, chosen[i], Product.of(half, downs + 2L * chosen[i] * width * hidden, gatedAlone.address(), alone.address(), 1,
                            hidden, width, ProductOutput.FLOAT));
                }
                Numbers.assertSameBits(parts.asSlice(4L * i * hidden, 4L * hidden).toArray(ValueLayout.JAVA_FLOAT), DeviceMemory.floats(alone));
            }
            final MemorySegment out = device.floats((long) rows * hidden);
            device.run(new ExpertCall.Sum(half, parts.address(), routed.chosen.address(), routed.weights.address(), out.address(), rows, c.chosen, hidden,
                    ProductOutput.FLOAT));
            assertSums(c, chosen, weights, DeviceMemory.floats(parts), DeviceMemory.floats(out));
            return out;
        });
        assertThat(actual).hasSize(4 * rows * hidden);
    }

    private static void assertSums(final Choice c, final int[] chosen, final float[] weights, final float[] parts, final float[] out) {
        final int width = out.length / c.rows;
        final float[] expected = new float[out.length];
        for (int i = 0; i < chosen.length; i++) {
            for (int k = 0; k < width && chosen[i] >= 0; k++) {
                final int to = i / c.chosen * width + k;
                expected[to] = Math.fma(parts[i * width + k], weights[i], expected[to]);
            }
        }
        Numbers.assertSameBits(out, expected);
    }

    /** Packed experts, gated: the same bits as each row by itself. */
    @Property(tries = 24)
    void packedExperts(@ForAll final long seed, @ForAll @IntRange(min = 1, max = 24) final int rows, @ForAll @IntRange(min = 1, max = 6) final int experts,
            @ForAll @IntRange(min = 1, max = 70) final int width) {
        final Random random = new Random(seed);
        final Choice c = Choice.random(random, rows, experts);
        final DType half = HalfRows.kind(random);
        final DType dtype = new DType[] {DType.Q4_M, DType.Q4_K, DType.Q8_0, DType.F8}[random.nextInt(4)];
        final int columns = dtype.blockColumns() * 2;
        final int tileRows = dtype == DType.F8 ? 8 : 8 << random.nextInt(2);
        final PackedMatrix[] gates = IntStream.range(0, experts).mapToObj(i -> Matrices.random(random, dtype, width, columns)).toArray(PackedMatrix[]::new);
        final PackedMatrix[] ups = IntStream.range(0, experts).mapToObj(i -> Matrices.random(random, dtype, width, columns)).toArray(PackedMatrix[]::new);
        final HalfRows in = HalfRows.random(random, half, rows, columns, 1);
        final int[] chosen = c.expected(new float[rows * c.chosen]);
        final long expertBytes = gates[0].bytes().byteSize();
        Twins.run(shim, device -> {
            final Routed routed = Routed.run(device, c, tileRows);
            final long gateAt = device.address(joined(gates));
            final long upAt = device.address(joined(ups));
            final int inBytes = dtype == DType.F8 ? 2 * columns : columns / 32 * BLOCK_BYTES;
            final MemorySegment met = device.memory().bytes((long) rows * inBytes);
            if (dtype == DType.F8) {
                met.copyFrom(in.segment());
            } else {
                device.run(new MatrixCall.RoundActivations(half, device.address(in.segment()), met.address(), rows, columns, columns));
            }
            final MemorySegment out = device.memory().bytes(2L * chosen.length * width);
            device.run(new MatrixCall.GemvPacked(Product.of(half, gateAt, met.address(), out.address(), rows, 2 * width, columns, ProductOutput.CLAMPED_SWIGLU)
                .withExperts(routed.rows), dtype, upAt, expertBytes));
            for (int i = 0; i < chosen.length; i++) {
                final MemorySegment alone = device.memory().bytes(2L * width);
                if (chosen[i] >= 0) {
                    device.run(new MatrixCall.GemvPacked(Product.of(half, gateAt + chosen[i] * expertBytes, met.address() + (long) (i / c.chosen) * inBytes,
                            alone.address(), 1, 2 * width, columns, ProductOutput.CLAMPED_SWIGLU), dtype, upAt + chosen[i] * expertBytes, 0));
                }
                assertThat(out.asSlice(2L * i * width, 2L * width).mismatch(alone)).isEqualTo(-1);
            }
            return out;
        });
    }

    private static MemorySegment joined(final PackedMatrix[] matrices) {
        final long bytes = matrices[0].bytes().byteSize();
        final MemorySegment all = Arena.ofAuto().allocate(bytes * matrices.length, 64);
        for (int i = 0; i < matrices.length; i++) {
            MemorySegment.copy(matrices[i].bytes(), 0, all, i * bytes, bytes);
        }
        return all;
    }

    @Test
    void whatNoKernelTakesIsRefused() {
        assertThatThrownBy(() -> new ExpertCall.Route(1, 0, 1, 1, 1, 600, 2, false)).hasMessageContaining("of up to 512 experts, not 2 of 600");
        final ExpertRows small = new ExpertRows(1, 1, 1, 4, 8, 4, 2);
        assertThatThrownBy(() -> new ExpertCall.ListRows(small, 1, 1, 5, 8, 2)).hasMessageContaining("do not hold 5 rows");
        assertThatThrownBy(() -> new MatrixCall.Gemm(Product.of(DType.F16, 1, 1, 1, 4, 8, 8, ProductOutput.HALF).withExperts(small), 1, true).launch())
            .hasMessageContaining("pieces of 8 rows");
    }
}

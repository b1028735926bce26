package io.spillway.node.cuda;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.node.compute.AttentionRule;
import io.spillway.node.compute.DType;
import io.spillway.node.compute.Half;
import io.spillway.node.compute.ScalarOps;
import io.spillway.node.compute.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Rows that attend to a paged cache, what the specification says of them, and how near kernels must come. Queries are numbers that both
 * kinds of halves hold.
 */
record AttentionCase(PagedCase paged, AttentionRule rule, Tensor queries, int[] positions, int[] sequences, DType half) implements AutoCloseable {
    private static final ScalarOps SCALAR = new ScalarOps();
    private static final int[] HEAD_DIMS = {64, 128, 16, 80, 96, 112, 48, 256, 192};
    /** No value is larger. */
    private static final double VALUE_MAX = 6.5;

    static KvLayout layout(final Random random, final KvElement element, final int kvHeads) {
        return new KvLayout(2, kvHeads, HEAD_DIMS[random.nextInt(HEAD_DIMS.length)], 16 << random.nextInt(4), element);
    }

    static AttentionRule rule(final Random random, final int headDim, final int heads) {
        final float[] sinks = random.nextInt(3) == 0 ? Numbers.tensor(random, 1, heads, 4).values() : null;
        final int window = random.nextInt(3) == 0 ? 1 + random.nextInt(random.nextBoolean() ? 20 : 600) : 0;
        return random.nextInt(3) == 0 ? AttentionRule.causal(headDim)
                : new AttentionRule(0.05f + random.nextFloat() / 8, window, random.nextInt(3) == 0 ? 20f : 0f, sinks);
    }

    /** @param lasts last position of every sequence, all of which are stored */
    static AttentionCase of(final Random random, final KvLayout layout, final int heads, final int[] lasts, final int[] positions, final int[] sequences) {
        final PagedCase paged = new PagedCase(random, layout, lasts);
        paged.fill(random, SCALAR);
        final Tensor queries = Numbers.tensor(random, positions.length, heads * layout.headDim(), 1);
        for (int i = 0; i < queries.values().length; i++) {
            queries.values()[i] = Half.toFloat(Half.fromFloat(Half.bf16ToFloat(Half.bf16FromFloat(queries.values()[i]))));
        }
        return new AttentionCase(paged, rule(random, layout.headDim(), heads), queries, positions, sequences, random.nextBoolean() ? DType.F16 : DType.BF16);
    }

    int heads() {
        return queries.width() / paged.layout.headDim();
    }

    short[] halves() {
        final short[] halves = new short[queries.values().length];
        for (int i = 0; i < halves.length; i++) {
            halves[i] = half == DType.BF16 ? Half.bf16FromFloat(queries.values()[i]) : Half.fromFloat(queries.values()[i]);
        }
        return halves;
    }

    PagedKv on(final Twins.Device device) {
        return paged.on(device, device.memory().copy(paged.memory()), positions, sequences);
    }

    long sinks(final Twins.Device device) {
        return rule.sinks() == null ? 0 : device.address(rule.sinks());
    }

    /** Rows at negative positions must hold what was there before: {@code untouched}. */
    void assertNear(final byte[] actual, final short untouched) {
        final int[] real = IntStream.range(0, positions.length).filter(r -> positions[r] >= 0).toArray();
        final short[] halves = MemorySegment.ofArray(actual).toArray(java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED);
        final int width = queries.width();
        final Tensor in = Tensor.ofRows(Math.max(1, real.length), width);
        for (int i = 0; i < real.length; i++) {
            System.arraycopy(queries.values(), real[i] * width, in.values(), i * width, width);
        }
        final Tensor expected = Tensor.ofRows(Math.max(1, real.length), width);
        SCALAR.attend(paged.rows(Arrays.stream(real).map(r -> positions[r]).toArray(), Arrays.stream(real).map(r -> sequences[r]).toArray()),
                PagedCase.LAYER, rule, in, expected);
        final double[] errors = new double[2];
        int next = 0;
        for (int r = 0; r < positions.length; r++) {
            for (int i = 0; i < width; i++) {
                final short bits = halves[r * width + i];
                if (positions[r] < 0) {
                    if (bits != untouched) {
                        throw new AssertionError("row " + r + ", which is not there, was written");
                    }
                } else {
                    note(bits, expected.values()[next * width + i], errors, r + ", number " + i);
                }
            }
            next += positions[r] < 0 ? 0 : 1;
        }
        // Errors of many roundings do not add up in one direction: on the whole they are much smaller than each may be.
        final double ratio = Math.sqrt(errors[0]) / (Math.sqrt(errors[1]) + 1e-6);
        if (!(ratio <= 3 * rounding())) {
            throw new AssertionError("the errors' mean square is " + ratio + " of the results', " + this);
        }
    }

    private void note(final short bits, final float expected, final double[] errors, final String where) {
        final float value = half == DType.BF16 ? Half.bf16ToFloat(bits) : Half.toFloat(bits);
        final double error = Math.abs((double) value - expected);
        final double bound = 2 * VALUE_MAX * (weightRounding() + 0x1p-14) + outRounding() * Math.abs(expected) + 0x1p-20;
        if (!(error <= bound)) {
            throw new AssertionError("row " + where + " is " + value + ", not " + expected + " within " + bound + ", " + this);
        }
        errors[0] += error * error;
        errors[1] += (double) expected * expected;
    }

    private double rounding() {
        return Math.max(weightRounding(), outRounding());
    }

    /** Weights of values are halves of the cache's kind. */
    private double weightRounding() {
        return paged.layout.element() == KvElement.BF16 ? 0x1p-8 : 0x1p-11;
    }

    private double outRounding() {
        return half == DType.BF16 ? 0x1p-8 : 0x1p-11;
    }

    @Override
    public String toString() {
        return paged.layout + ", heads " + heads() + ", " + half + ", " + rule + ", positions " + Arrays.toString(positions) + " of sequences "
                + Arrays.toString(sequences);
    }

    @Override
    public void close() {
        paged.close();
    }
}

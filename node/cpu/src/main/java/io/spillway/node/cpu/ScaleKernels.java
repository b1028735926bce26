package io.spillway.node.cpu;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.VectorOperators.B2I;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.S2I;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.Half;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorSpecies;

/** Scales and minima of integer formats as floats: what {@code PackedMatrix} says they are. Stateless. */
final class ScaleKernels {
    /** Bytes of 32 columns by 16 rows of int8; of nibbles, and of a group of 16 columns of int8. */
    static final int INT8S_BYTES = 512;
    static final int NIBBLES_BYTES = 256;
    /** Bytes of a Q4_K block before its parts, and of a part. */
    static final int Q4_K_HEAD_BYTES = 2 * DType.PANEL_ROWS * Short.BYTES;
    static final int Q4_K_PART_BYTES = NIBBLES_BYTES + 2 * DType.PANEL_ROWS;
    /** Bytes of a Q6_K block before its parts, of a part, and of a part before its scales. */
    static final int Q6_K_HEAD_BYTES = DType.PANEL_ROWS * Short.BYTES;
    static final int Q6_K_PART_BYTES = NIBBLES_BYTES + NIBBLES_BYTES / 2 + 2 * DType.PANEL_ROWS;
    static final int Q6_K_SCALES = Q6_K_PART_BYTES - 2 * DType.PANEL_ROWS;
    /** Bytes of one F32 for every row of a panel. */
    static final int ROW_BYTES = DType.PANEL_ROWS * Float.BYTES;

    static final int PANEL = DType.PANEL_ROWS;
    private static final VectorSpecies<Float> F = VectorWidth.FLOATS;
    private static final VectorSpecies<Integer> I = PairProducts.I;
    private static final VectorSpecies<Short> H = PairProducts.H;
    private static final VectorSpecies<Byte> B = ExpandKernels.B;
    private static final int LANES = F.length();

    private ScaleKernels() {
    }

    /** Fills the tile's scales and minima for its groups, from its base on. */
    static void expand(final IntegerTile t) {
        switch (t.dtype) {
            case Q8_0 -> halves(t, INT8S_BYTES);
            case Q4_0 -> halves(t, NIBBLES_BYTES);
            case Q4_M -> {
                floats(t, t.scales, NIBBLES_BYTES, 0);
                floats(t, t.minima, NIBBLES_BYTES + ROW_BYTES, 0);
            }
            case Q8_G -> floats(t, t.scales, INT8S_BYTES, ROW_BYTES);
            case Q8_M -> {
                floats(t, t.scales, INT8S_BYTES, ROW_BYTES);
                floats(t, t.minima, INT8S_BYTES + 2 * ROW_BYTES, ROW_BYTES);
            }
            case Q4_K -> superBlocks(t);
            case Q6_K -> sixes(t);
            default -> throw new IllegalStateException(t.dtype + " has no scales");
        }
    }

    private static void halves(final IntegerTile t, final int offset) {
        for (int group = t.fromGroup; group < t.toGroup; group++) {
            final long at = t.panelOffset + group * t.blockStride + offset;
            for (int lane = 0; lane < PANEL; lane += LANES) {
                ((IntVector) ShortVector.fromMemorySegment(H, t.weights, at + lane * 2L, LITTLE_ENDIAN).convertShape(S2I, I, 0))
                    .lanewise(LSHL, Half.SHIFT).and(Half.MASK).reinterpretAsFloats().mul(Half.REBIAS).intoArray(t.scales, t.scaleBase + (group - t.fromGroup) * PANEL + lane);
            }
        }
    }

    private static void floats(final IntegerTile t, final float[] out, final int offset, final int groupStride) {
        for (int group = t.fromGroup; group < t.toGroup; group++) {
            final long at = t.panelOffset + (group >> t.groupShift) * t.blockStride + offset + (group & t.groupMask) * (long) groupStride;
            for (int lane = 0; lane < PANEL; lane += LANES) {
                FloatVector.fromMemorySegment(F, t.weights, at + lane * 4L, LITTLE_ENDIAN)
                        .intoArray(out, t.scaleBase + (group - t.fromGroup) * PANEL + lane);
            }
        }
    }

    private static void superBlocks(final IntegerTile t) {
        for (int lane = 0; lane < PANEL; lane += LANES) {
            superBlocks(t, t.scales, 0, lane);
            superBlocks(t, t.minima, 1, lane);
        }
    }

    /** Scales (which = 0) or minima (1): a half per block times a byte per group. */
    private static void superBlocks(final IntegerTile t, final float[] out, final int which, final int lane) {
        if (LANES < 8) {
            narrowSuperBlocks(t, out, which, lane);
            return;
        }
        for (int group = t.fromGroup; group < t.toGroup; group++) {
            final long block = t.panelOffset + (group >> t.groupShift) * t.blockStride;
            final long codes = block + Q4_K_HEAD_BYTES + (group & t.groupMask) * (long) Q4_K_PART_BYTES + NIBBLES_BYTES;
            ((IntVector) ShortVector.fromMemorySegment(H, t.weights, block + (which * PANEL + lane) * 2L, LITTLE_ENDIAN).convertShape(S2I, I, 0))
                    .lanewise(LSHL, Half.SHIFT).and(Half.MASK).reinterpretAsFloats().mul(Half.REBIAS)
                    .mul((FloatVector) ((IntVector) ByteVector.fromMemorySegment(B, t.weights, codes + which * PANEL + lane, LITTLE_ENDIAN)
                            .convertShape(B2I, I, 0)).and(0xFF).convert(I2F, 0))
                    .intoArray(out, t.scaleBase + (group - t.fromGroup) * PANEL + lane);
        }
    }

    /** For vectors of four lanes: there is no shape for four bytes, and eight might lie beyond the last matrix. */
    private static void narrowSuperBlocks(final IntegerTile t, final float[] out, final int which, final int lane) {
        for (int group = t.fromGroup; group < t.toGroup; group++) {
            final long block = t.panelOffset + (group >> t.groupShift) * t.blockStride;
            final long codes = block + Q4_K_HEAD_BYTES + (group & t.groupMask) * (long) Q4_K_PART_BYTES + NIBBLES_BYTES;
            ExpandKernels.half(t.weights, block + (which * PANEL + lane) * 2L)
                    .mul(ExpandKernels.unsignedBytes(t.weights, codes + which * PANEL + lane))
                    .intoArray(out, t.scaleBase + (group - t.fromGroup) * PANEL + lane);
        }
    }

    /** A half per block times a signed byte per group. */
    private static void sixes(final IntegerTile t) {
        for (int lane = 0; lane < PANEL; lane += LANES) {
            if (LANES < 8) {
                narrowSixes(t, lane);
            } else {
                sixes(t, lane);
            }
        }
    }

    private static void sixes(final IntegerTile t, final int lane) {
        for (int group = t.fromGroup; group < t.toGroup; group++) {
            final long block = t.panelOffset + (group >> t.groupShift) * t.blockStride;
            ((IntVector) ShortVector.fromMemorySegment(H, t.weights, block + lane * 2L, LITTLE_ENDIAN).convertShape(S2I, I, 0))
                    .lanewise(LSHL, Half.SHIFT).and(Half.MASK).reinterpretAsFloats().mul(Half.REBIAS)
                    .mul((FloatVector) ((IntVector) ByteVector.fromMemorySegment(B, t.weights, t.sixScales(group) + lane, LITTLE_ENDIAN)
                            .convertShape(B2I, I, 0)).convert(I2F, 0))
                    .intoArray(t.scales, t.scaleBase + (group - t.fromGroup) * PANEL + lane);
        }
    }

    /** The same for vectors of four lanes, from {@code lane} on. */
    static void narrowSixes(final IntegerTile t, final int lane) {
        for (int group = t.fromGroup; group < t.toGroup; group++) {
            final long block = t.panelOffset + (group >> t.groupShift) * t.blockStride;
            ExpandKernels.half(t.weights, block + lane * 2L).mul(ExpandKernels.signedBytes(t.weights, t.sixScales(group) + lane))
                    .intoArray(t.scales, t.scaleBase + (group - t.fromGroup) * PANEL + lane);
        }
    }
}

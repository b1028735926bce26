package io.spillway.node.compute;

/**
 * A piece of one stored row on its way into a {@link PackedMatrix}: what a {@link StoredMatrix} decodes and
 * {@link MatrixPacker} spreads over a panel. Which parts are filled depends on {@link StoredMatrix#packedAs()}:
 *
 * <pre>
 * F32, F16, BF16  words[column]  bits of one element
 * F8              words[q]       e4m3 of columns 4q … 4q+3, lowest byte first; scales[0]
 * Q8_0            words[q]       int8 of columns 4q … 4q+3; halves[0] the scale
 * Q4_0            words[q]       byte j: column 4q+j (low nibble), 16+4q+j (high); halves[0] the scale
 * Q4_K            words[4p + q]  nibbles of part p (32 columns); halves[0] d, halves[1] dmin; parts[p] scale, parts[8 + p] minimum
 * Q4_M            words[q]       nibbles; scales[0], minima[0]
 * Q8_G, Q8_M      words[q]       int8; scales[g] and minima[g] of group g of 16 columns
 * Q6_K            words[q]       integers + 32 (0 to 63) of columns 4q … 4q+3 of 256; halves[0] d; parts[g] signed scale of group g
 * </pre>
 *
 * @param words  {@code [64]}
 * @param halves {@code [2]}: bits of IEEE halves
 * @param parts  {@code [16]}: bytes
 * @param scales {@code [2]}
 * @param minima {@code [2]}
 */
public record StoredBlock(int[] words, short[] halves, byte[] parts, float[] scales, float[] minima) {
    /** Columns of a piece, of every format but Q4_K and Q6_K. */
    public static final int COLUMNS = 32;
    /** Parts of 32 columns of a Q4_K or Q6_K piece: 256 columns. */
    public static final int SUPER_PARTS = 8;

    /** An empty piece; used by one thread. */
    public StoredBlock() {
        this(new int[2 * COLUMNS], new short[2], new byte[2 * SUPER_PARTS], new float[2], new float[2]);
    }

    /** Sets one scale for both groups of 16 columns. */
    public void scale(final float scale) {
        scales[0] = scale;
        scales[1] = scale;
    }

    /** Sets one minimum for both groups of 16 columns. */
    public void minimum(final float minimum) {
        minima[0] = minimum;
        minima[1] = minimum;
    }
}

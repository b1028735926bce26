package io.spillway.node.cuda;

/**
 * Device memory of the choice of tokens that steps share. One piece, cut as follows; no step leaves anything in it for the next.
 *
 * @param adjusted   [scratchRows][vocabulary] f32: logits behind mask, bias and penalties
 * @param members    [scratchRows][vocabulary] ints: what a top-k of more than {@link SamplingRow#TOP_K_SHARED_MAX} keeps
 * @param maxima     [rows][blocks] ints, the largest of every block of {@link #BLOCK_TOKENS}
 * @param rawMaxima  likewise, of the logits as they came
 * @param sums       [rows][blocks] f64
 * @param rawSums    [rows][blocks] f64
 * @param bins       [rows][{@link #MASS_BINS}] longs
 * @param vocabulary tokens
 */
public record SamplingMemory(long adjusted, long members, long maxima, long rawMaxima, long sums, long rawSums, long bins, int vocabulary) {
    /** Largest vocabulary that the kernels take. */
    public static final int VOCABULARY_MAX = 262_144;
    /** Tokens whose weights are summed together. */
    public static final int BLOCK_TOKENS = 256;

    static final int MASS_BINS = 1024;

    private static final long ALIGNMENT_BYTES = 256;

    /** @throws IllegalArgumentException for a vocabulary beyond {@link #VOCABULARY_MAX} */
    public SamplingMemory {
        if (vocabulary <= 0 || vocabulary > VOCABULARY_MAX) {
            throw new IllegalArgumentException("tokens of " + VOCABULARY_MAX + " can be chosen from on the device, not of " + vocabulary);
        }
    }

    /** @return bytes for so many rows, of which so many have scratch memory at once */
    public static long bytes(final int rows, final int scratchRows, final int vocabulary) {
        return at(0, rows, scratchRows, vocabulary).end(rows);
    }

    /** @return the memory that begins at {@code base}, a multiple of 256 */
    public static SamplingMemory at(final long base, final int rows, final int scratchRows, final int vocabulary) {
        final long scratch = aligned(4L * scratchRows * vocabulary);
        final long maxima = aligned(4L * rows * blocks(vocabulary));
        final long sums = aligned(8L * rows * blocks(vocabulary));
        final long first = base + 2 * scratch;
        return new SamplingMemory(base, base + scratch, first, first + maxima, first + 2 * maxima, first + 2 * maxima + sums,
                first + 2 * maxima + 2 * sums, vocabulary);
    }

    private long end(final int rows) {
        return bins + aligned(8L * rows * MASS_BINS);
    }

    /** @return blocks of the vocabulary */
    int blocks() {
        return blocks(vocabulary);
    }

    private static int blocks(final int vocabulary) {
        return Math.ceilDiv(vocabulary, BLOCK_TOKENS);
    }

    private static long aligned(final long bytes) {
        return Math.ceilDiv(bytes, ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
    }
}

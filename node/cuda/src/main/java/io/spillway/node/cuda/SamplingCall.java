package io.spillway.node.cuda;

/** Kernels that choose tokens, and how each is launched: image {@code sample}. Longs are device addresses unless named otherwise; shapes as in {@code src/main/cuda}. Values only; any thread. */
public sealed interface SamplingCall extends KernelCall {
    /** The largest logit of every row. @param tokens [rows] ints: {@link #NO_TOKEN} where the logits are no numbers to choose by */
    record Argmax(long logits, long tokens, int rows, int vocabulary) implements SamplingCall {
        @Override
        public KernelLaunch launch() {
            return KernelLaunch.of("argmax_rows", Extent.of(rows), THREADS, logits, tokens, vocabulary);
        }
    }

    /**
     * One draw of every row among its best.
     *
     * @param temperatures [rows] floats, positive
     * @param topKs        [rows] ints, 1 to {@link #TOP_K_MAX}
     * @param seeds        [rows] longs, positions likewise
     */
    record DrawTopK(long logits, long temperatures, long topKs, long seeds, long positions, long tokens, int rows, int vocabulary) implements SamplingCall {
        /** Most candidates. */
        public static final int TOP_K_MAX = 256;

        @Override
        public KernelLaunch launch() {
            return KernelLaunch.of("draw_top_k", Extent.of(rows), THREADS, logits, temperatures, topKs, seeds, positions, tokens, vocabulary);
        }
    }

    /** What a row gets whose logits hold a NaN, or whose largest is infinite. */
    int NO_TOKEN = -1;
}

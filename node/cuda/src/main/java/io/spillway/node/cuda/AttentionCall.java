package io.spillway.node.cuda;

/**
 * Kernels of attention over the paged cache, and how each is launched: images {@code attend} and {@code prefill}. Longs are device addresses unless named
 * otherwise; shapes as in {@code src/main/cuda}. Values only; any thread.
 */
public sealed interface AttentionCall extends KernelCall permits DecodeCall, PrefillCall {
    /** Heads are multiples of this, and blocks hold at least so many tokens. */
    int STEP = 16;

    /** @throws IllegalArgumentException where the kernels do not take such heads or blocks */
    static void require(final PagedKv kv) {
        final int headDim = kv.layout().headDim();
        if (headDim > PagedKv.HEAD_DIM_MAX || headDim % STEP != 0) {
            throw new IllegalArgumentException(
                    "attention takes heads of " + PagedKv.HEAD_DIM_MAX + " at most, multiples of " + STEP + ", not " + headDim);
        }
        if (kv.layout().blockTokens() < STEP) {
            throw new IllegalArgumentException("attention takes blocks of " + STEP + " tokens at least, not " + kv.layout().blockTokens());
        }
    }

    /** @return what the kernels for the cache's element and the head's width are called: name_element_width */
    static String name(final String kernel, final PagedKv kv) {
        final int headDim = kv.layout().headDim();
        final int width = headDim <= 64 ? 64 : headDim <= 128 ? 128 : PagedKv.HEAD_DIM_MAX;
        return kernel + "_" + kv.layout().element().name().toLowerCase(java.util.Locale.ROOT) + "_" + width;
    }
}

package io.spillway.node.cuda;

import static io.spillway.node.cuda.KernelLaunch.int64;

/** What GPUs that share a model do over each other's memory. Longs are device addresses unless named otherwise. Values only; any thread. */
public sealed interface GroupCall extends KernelCall {
    /**
     * out = ((part 0 + part 1) + part 2) + …, element by element in f32.
     *
     * @param parts [ranks] addresses, on this GPU or its peers, of numbers like those of out
     * @param out   [count]; none of the parts
     */
    record SumParts(long parts, int ranks, Values out, long count) implements GroupCall {
        private static final int TOGETHER = 8;
        private static final long SHARES_MAX = 264;

        @Override
        public KernelLaunch launch() {
            final int shares = (int) Math.clamp(Math.ceilDiv(count, (long) TOGETHER * THREADS), 1, SHARES_MAX);
            return KernelLaunch.of("sum_parts", Extent.of(shares), THREADS, parts, out.address(), int64(count), ranks, out.kind());
        }
    }
}

package io.spillway.node.cuda;

/**
 * Kernels that choose tokens, and how each is launched: image {@code sample}. A step launches {@link Scan}, {@link Weigh}, {@link Choose}
 * and, where any row wants them, {@link ListLogprobs}; rows that do not need a kernel leave it at once. Longs are device addresses unless
 * named otherwise; shapes as in {@code src/main/cuda}. Values only; any thread.
 */
public sealed interface SamplingCall extends KernelCall {
    /** What a row gets whose logits hold a NaN, or whose largest is infinite. */
    int NO_TOKEN = -1;
    /** Alternatives that {@link ListLogprobs} has room for. */
    int TOP_LOGPROBS_MAX = 20;

    /**
     * What rows are chosen from, and how.
     *
     * @param logits [rows][vocabulary] f32; only read
     * @param rows   [rows] of {@link SamplingRow}
     * @param count  rows of the bucket
     */
    record Rows(long logits, long rows, int count) {
    }

    /**
     * What some rows have besides; 0 where no row has it.
     *
     * @param masks        [][words] longs, as a constraint fills them
     * @param biasTokens   ints, each row's behind each other
     * @param biases       floats, likewise
     * @param lastSeen     [slots][vocabulary] ints, written by {@link NoteTokens} and {@link Choose}
     * @param outputCounts [slots][vocabulary] 16 bits, likewise
     */
    record Extras(long masks, long biasTokens, long biases, long lastSeen, long outputCounts) {
        /** Nothing. */
        public static final Extras NONE = new Extras(0, 0, 0, 0, 0);

        /** @return bytes of {@code lastSeen} */
        public static long lastSeenBytes(final int slots, final int vocabulary) {
            return 4L * slots * vocabulary;
        }

        /** @return bytes of {@code outputCounts} */
        public static long outputCountsBytes(final int slots, final int vocabulary) {
            return 2L * slots * vocabulary;
        }
    }

    /** The largest of every block of tokens; mask, bias and penalties, where a row has any. */
    record Scan(Rows rows, Extras extras, SamplingMemory memory) implements SamplingCall {
        @Override
        public KernelLaunch launch() {
            return KernelLaunch.of("scan_logits", parts(memory, rows), THREADS, rows.logits, rows.rows, extras.masks, extras.biasTokens, extras.biases,
                    extras.lastSeen, extras.outputCounts, memory.adjusted(), memory.maxima(), memory.rawMaxima(), memory.bins(), memory.vocabulary(),
                    Math.ceilDiv(memory.vocabulary(), Long.SIZE)).overlapping();
        }
    }

    /** Weights of rows that draw from the whole vocabulary, or want log probabilities. Behind {@link Scan}. */
    record Weigh(Rows rows, SamplingMemory memory) implements SamplingCall {
        private static final int WEIGH_THREADS = 128;

        @Override
        public KernelLaunch launch() {
            return KernelLaunch.of("weigh_logits", parts(memory, rows), WEIGH_THREADS, rows.logits, rows.rows, memory.adjusted(), memory.maxima(),
                    memory.rawMaxima(), memory.sums(), memory.rawSums(), memory.bins(), memory.vocabulary()).overlapping();
        }
    }

    /**
     * The tokens, and the way on. Behind {@link Weigh}, which may be left out where no row draws and none wants log probabilities.
     *
     * @param tokens         [rows] ints: {@link #NO_TOKEN} where the logits are no numbers to choose by; such a row only fills the bucket from then on
     * @param inputTokens    ints of the next step's rows; 0: there is none yet
     * @param inputPositions likewise: one more than before, −1 behind {@link #NO_TOKEN}
     */
    record Choose(Rows rows, Extras extras, SamplingMemory memory, long tokens, long inputTokens, long inputPositions) implements SamplingCall {
        private static final int CHOOSE_THREADS = 512;

        @Override
        public KernelLaunch launch() {
            return KernelLaunch.of("choose_tokens", Extent.of(rows.count), CHOOSE_THREADS, rows.logits, rows.rows, memory.adjusted(), memory.members(),
                    memory.maxima(), memory.rawMaxima(), memory.sums(), memory.bins(), tokens, inputTokens, inputPositions, extras.lastSeen,
                    extras.outputCounts, memory.vocabulary()).overlapping();
        }
    }

    /**
     * Log probabilities of rows that want them. Behind {@link Choose}; not of rows that got no token.
     *
     * @param tokens      what {@link Choose} wrote
     * @param chosen      [rows] f32
     * @param topCounts   [rows] ints
     * @param topTokens   [rows][{@link #TOP_LOGPROBS_MAX}] ints, the likeliest first
     * @param topLogprobs [rows][{@link #TOP_LOGPROBS_MAX}] f32
     */
    record ListLogprobs(Rows rows, SamplingMemory memory, long tokens, long chosen, long topCounts, long topTokens, long topLogprobs)
            implements SamplingCall {
        @Override
        public KernelLaunch launch() {
            return KernelLaunch.of("list_logprobs", Extent.of(rows.count), THREADS, rows.logits, rows.rows, tokens, memory.rawMaxima(), memory.rawSums(),
                    chosen, topCounts, topTokens, topLogprobs, memory.vocabulary()).overlapping();
        }
    }

    /**
     * Tells slots of the history what their sequences hold already.
     *
     * @param tokens ints of all lists, one behind the other
     * @param lists  [count][{@link #LIST_INTS}] ints: slot; first of {@code tokens}; how many; how many of the first are no output; how many
     *               the slot knows already: where none, it is cleared first
     */
    record NoteTokens(long tokens, long lists, int count, Extras extras, int vocabulary) implements SamplingCall {
        /** Ints of a list. */
        public static final int LIST_INTS = 5;

        private static final int NOTE_THREADS = 512;
        private static final int SHARE_TOKENS = 8192;

        @Override
        public KernelLaunch launch() {
            return KernelLaunch.of("note_tokens", new Extent(Math.ceilDiv(vocabulary, SHARE_TOKENS), count, 1), NOTE_THREADS, tokens, lists, extras.lastSeen, extras.outputCounts, vocabulary);
        }
    }

    private static Extent parts(final SamplingMemory memory, final Rows rows) {
        final int blocksTogether = 16;
        return new Extent(Math.ceilDiv(memory.blocks(), blocksTogether), rows.count, 1);
    }
}

package io.spillway.node.cuda;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.request.SamplingParams;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * How the token of one row is chosen on the device, and what goes on from it. The host writes it once; position and history move on
 * there, step by step. A value.
 *
 * @param params   of the request
 * @param position of the output, from 0
 * @param places   memory that the row has
 */
public record SamplingRow(SamplingParams params, long position, Places places) {
    /** Bytes of a row in device memory, and what they are a multiple of. */
    public static final int BYTES = 88;
    /** More best tokens than these need scratch memory. */
    public static final int TOP_K_SHARED_MAX = 1024;

    private static final int IS_ACTIVE_AT = 76;

    /**
     * Memory of a row; −1: none.
     *
     * @param slot          of the history: rows with penalties
     * @param historyTokens tokens of prompt and output that the slot knows
     * @param mask          row of masks: rows with a constraint
     * @param biasFrom      where the row's pairs in the list of biases begin
     * @param scratch       row of scratch memory: rows whose logits are changed, or that keep very many best tokens
     * @param inputRow      of the next step
     */
    public record Places(int slot, int historyTokens, int mask, int biasFrom, int scratch, int inputRow) {
        /** No memory: what most rows need. */
        public static final Places NONE = new Places(-1, 0, -1, 0, -1, -1);

        /** @return the same with a row of the next step */
        public Places withInputRow(final int row) {
            return new Places(slot, historyTokens, mask, biasFrom, scratch, row);
        }
    }

    /** @throws IllegalArgumentException when the row lacks memory it needs */
    public SamplingRow {
        requireNonNull(params, "params");
        requireNonNull(places, "places");
        if (needsSlot(params) && places.slot < 0) {
            throw new IllegalArgumentException("a row with penalties needs a slot of the history");
        }
        if (changesLogits(params, places.mask >= 0) && places.scratch < 0) {
            throw new IllegalArgumentException("a row whose logits are changed needs scratch memory");
        }
    }

    /** @return whether the row's history is asked for */
    public static boolean needsSlot(final SamplingParams params) {
        return params.repetitionPenalty() != 1f || params.presencePenalty() != 0f || params.frequencyPenalty() != 0f;
    }

    /** @return whether a row with these parameters needs scratch memory */
    public static boolean needsScratch(final SamplingParams params, final boolean hasMask, final int vocabulary) {
        return changesLogits(params, hasMask) || params.topK() > TOP_K_SHARED_MAX && params.topK() < vocabulary;
    }

    private static boolean changesLogits(final SamplingParams params, final boolean hasMask) {
        return hasMask || needsSlot(params) || !params.logitBias().isEmpty();
    }

    /** Writes row {@code row} of the rows at {@code to}. */
    public void write(final MemorySegment to, final int row) {
        final MemorySegment at = to.asSlice((long) row * BYTES, BYTES);
        at.set(ValueLayout.JAVA_LONG_UNALIGNED, 0, params.seed());
        at.set(ValueLayout.JAVA_LONG_UNALIGNED, 8, position);
        final float[] shares = {params.temperature(), params.topP(), params.minP(), params.typicalP(), params.presencePenalty(),
            params.frequencyPenalty(), params.repetitionPenalty()};
        final int[] numbers = {params.repetitionWindowTokens(), params.topK(), params.topLogprobs(), places.slot, places.mask, places.biasFrom,
            params.logitBias().size(), places.scratch, 1, places.historyTokens, places.inputRow};
        MemorySegment.copy(MemorySegment.ofArray(shares), 0, at, 16, 4L * shares.length);
        MemorySegment.copy(MemorySegment.ofArray(numbers), 0, at, 44, 4L * numbers.length);
    }

    /** Writes a row that only fills a bucket: it gets no token, and nothing of it is read. */
    public static void writePadding(final MemorySegment to, final int row) {
        to.asSlice((long) row * BYTES, BYTES).fill((byte) 0).set(ValueLayout.JAVA_INT_UNALIGNED, IS_ACTIVE_AT, 0);
    }
}

package io.spillway.node.cuda.model;

import io.spillway.node.compute.AttentionRule;
import io.spillway.node.compute.DType;
import io.spillway.node.model.ExpertChoice;
import io.spillway.node.model.GatedUnit;

/**
 * A layer's weights in device memory. Gains are f32; 0 where the model has none.
 *
 * @param attentionNorm       gain [hidden]
 * @param postAttentionNorm   gain [hidden], or 0
 * @param feedForwardNorm     gain [hidden]
 * @param postFeedForwardNorm gain [hidden], or 0
 */
record DeviceLayer(long attentionNorm, Attention attention, long postAttentionNorm, long feedForwardNorm, FeedForward feedForward,
        long postFeedForwardNorm) {
    /** @return whether any matrix is of a quantised format */
    boolean hasPacked() {
        return attention.queryKeyValue.hasPacked() || attention.output.hasPacked() || switch (feedForward) {
            case final Dense dense -> dense.gateUp.hasPacked() || dense.down.hasPacked();
            case final Experts experts -> experts.router.hasPacked() || !experts.gateUp.isPlain() || !experts.down.isPlain();
        };
    }

    /**
     * @param queryKeyValue [heads + 2 · kvHeads][headDim] results of a row
     * @param queryNorm     gain [headDim], or 0; keyNorm likewise
     * @param sinks         [heads] f32, or 0
     * @param turns         table of the rotation: [positions][cosines, sines][half]
     * @param half          rotated pairs of a head
     */
    record Attention(Projection queryKeyValue, long queryNorm, long keyNorm, Projection output, AttentionRule rule, long sinks, long turns, int half) { }

    /** The half that looks at each row by itself. */
    sealed interface FeedForward { }

    /** @param gateUp gates, then ups */
    record Dense(Projection gateUp, Projection down, GatedUnit unit) implements FeedForward { }

    /**
     * Matrices of one kind of all experts, behind each other.
     *
     * @param address     of the first expert's
     * @param rows        of one expert's
     * @param expertBytes from one expert's to the next
     */
    record ExpertMatrix(DType dtype, long address, int rows, int columns, long expertBytes) {
        boolean isPlain() {
            return DeviceMatrix.isPlain(dtype);
        }
    }

    /**
     * @param router     [experts] results of a row
     * @param gateUp     of every expert: gates, then ups
     * @param gateUpBias [experts][2 · feedForward] f32, or 0; downBias [experts][hidden]
     */
    record Experts(Projection router, ExpertChoice choice, ExpertMatrix gateUp, long gateUpBias, ExpertMatrix down, long downBias,
            GatedUnit unit) implements FeedForward { }
}

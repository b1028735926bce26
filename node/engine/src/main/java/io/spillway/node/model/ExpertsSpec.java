package io.spillway.node.model;

import static java.util.Objects.requireNonNull;

import io.spillway.node.weights.ModelShape;
import io.spillway.node.weights.WeightLoader;
import io.spillway.node.weights.WeightMatrix;
import io.spillway.node.weights.WeightName;
import java.util.ArrayList;
import java.util.List;

/**
 * A feed-forward part of which every row uses a few experts: Σ weight · down(unit(gate(x), up(x))).
 *
 * @param router  [experts, hidden]
 * @param choice  which experts a row uses, and what each counts
 * @param experts [experts]
 * @param biases  null: none
 */
public record ExpertsSpec(WeightMatrix router, ExpertChoice choice, List<Expert> experts, Biases biases, GatedUnit unit)
        implements FeedForwardSpec {
    public ExpertsSpec {
        requireNonNull(router, "router");
        requireNonNull(choice, "choice");
        experts = List.copyOf(experts);
        requireNonNull(unit, "unit");
    }

    /**
     * @param gate [feedForward, hidden]
     * @param up   [feedForward, hidden]
     * @param down [hidden, feedForward]
     */
    public record Expert(WeightMatrix gate, WeightMatrix up, WeightMatrix down) {
        public Expert {
            requireNonNull(gate, "gate");
            requireNonNull(up, "up");
            requireNonNull(down, "down");
        }
    }

    /**
     * @param router [experts]
     * @param gate   [experts][feedForward]
     * @param up     [experts][feedForward]
     * @param down   [experts][hidden]; null: another rank adds them
     */
    public record Biases(float[] router, float[][] gate, float[][] up, float[][] down) { }

    /** What a file calls an expert's matrices. */
    record Names(WeightName gate, WeightName up, WeightName down) { }

    /** SwiGLU experts chosen by probability, without biases. */
    static ExpertsSpec of(final WeightLoader weights, final int layer, final WeightName router, final Names names) {
        return new ExpertsSpec(router(weights, layer, router), ExpertChoice.ofProbabilities(weights.shape().experts()),
                named(weights, layer, names), null, GatedUnit.SWIGLU);
    }

    /**
     * Chosen by score, with a bias for the router and every matrix, clamped SwiGLU. GGUF has gate and up apart, safetensors let their rows take
     * turns.
     */
    static ExpertsSpec ofGptOss(final WeightLoader weights, final int layer) {
        final ModelShape shape = weights.shape();
        final int width = shape.experts().feedForward();
        final float[] routerBias = weights.vector(WeightName.GPT_OSS_ROUTER_BIAS, layer, shape.experts().count());
        final boolean alternating = weights.has(WeightName.GPT_OSS_GATE_UP);
        final List<Expert> experts = alternating ? alternating(weights, layer)
                : named(weights, layer, new Names(WeightName.EXPERT_GATE, WeightName.EXPERT_UP, WeightName.EXPERT_DOWN));
        return new ExpertsSpec(router(weights, layer, WeightName.GPT_OSS_ROUTER), ExpertChoice.ofScores(shape.experts()), experts,
                alternating ? alternatingBiases(weights, layer, routerBias)
                        : new Biases(routerBias, weights.expertVectors(WeightName.EXPERT_GATE_BIAS, layer, width),
                                weights.expertVectors(WeightName.EXPERT_UP_BIAS, layer, width),
                                weights.expertVectors(WeightName.EXPERT_DOWN_BIAS, layer, shape.hidden())),
                GatedUnit.CLAMPED_SWIGLU);
    }

    private static WeightMatrix router(final WeightLoader weights, final int layer, final WeightName name) {
        return weights.matrix(name, layer, weights.shape().experts().count(), weights.shape().hidden());
    }

    private static List<Expert> named(final WeightLoader weights, final int layer, final Names names) {
        final int hidden = weights.shape().hidden();
        final int width = weights.shape().experts().feedForward();
        final List<Expert> experts = new ArrayList<>();
        for (int expert = 0; expert < weights.shape().experts().count(); expert++) {
            experts.add(new Expert(weights.expert(names.gate(), layer, expert, width, hidden),
                    weights.expert(names.up(), layer, expert, width, hidden), weights.expert(names.down(), layer, expert, hidden, width)));
        }
        return experts;
    }

    private static List<Expert> alternating(final WeightLoader weights, final int layer) {
        final int hidden = weights.shape().hidden();
        final int width = weights.shape().experts().feedForward();
        final List<Expert> experts = new ArrayList<>();
        for (int expert = 0; expert < weights.shape().experts().count(); expert++) {
            experts.add(new Expert(weights.alternatingExpert(WeightName.GPT_OSS_GATE_UP, layer, expert, 0, width),
                    weights.alternatingExpert(WeightName.GPT_OSS_GATE_UP, layer, expert, 1, width),
                    weights.expert(WeightName.GPT_OSS_DOWN, layer, expert, hidden, width)));
        }
        return experts;
    }

    private static Biases alternatingBiases(final WeightLoader weights, final int layer, final float[] routerBias) {
        final float[][] both = weights.expertVectors(WeightName.GPT_OSS_GATE_UP_BIAS, layer, 2 * weights.shape().experts().feedForward());
        return new Biases(routerBias, everySecond(both, 0), everySecond(both, 1),
                weights.expertVectors(WeightName.GPT_OSS_DOWN_BIAS, layer, weights.shape().hidden()));
    }

    private static float[][] everySecond(final float[][] both, final int first) {
        final float[][] half = new float[both.length][both[0].length / 2];
        for (int expert = 0; expert < half.length; expert++) {
            for (int i = 0; i < half[expert].length; i++) {
                half[expert][i] = both[expert][2 * i + first];
            }
        }
        return half;
    }
}

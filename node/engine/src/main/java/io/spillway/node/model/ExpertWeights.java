package io.spillway.node.model;

import io.spillway.node.compute.PackedMatrix;
import io.spillway.node.weights.ModelShape;
import io.spillway.node.weights.WeightLoader;
import io.spillway.node.weights.WeightName;

/**
 * The matrices of a layer's experts.
 *
 * @param router {[experts, hidden]}
 * @param gateUp [experts][2]: [feedForward, hidden] each
 * @param down   [experts][1]: [hidden, feedForward]
 * @param biases null where the model has none
 */
record ExpertWeights(PackedMatrix[] router, PackedMatrix[][] gateUp, PackedMatrix[][] down, Biases biases) {
    /**
     * @param router [experts]
     * @param gate   [experts][feedForward]
     * @param up     [experts][feedForward]
     * @param down   [experts][hidden]
     */
    record Biases(float[] router, float[][] gate, float[][] up, float[][] down) { }

    /** What a file calls an expert's matrices. */
    record Names(WeightName gate, WeightName up, WeightName down) { }

    /** Without biases. */
    static ExpertWeights of(final WeightLoader weights, final int layer, final WeightName router, final Names names) {
        return load(weights, layer, router, names, null);
    }

    /** With a bias for the router and every matrix. GGUF has gate and up apart, safetensors let their rows take turns. */
    static ExpertWeights ofGptOss(final WeightLoader weights, final int layer) {
        final ModelShape shape = weights.shape();
        final int count = shape.experts().count();
        final int width = shape.experts().feedForward();
        final float[] routerBias = weights.vector(WeightName.GPT_OSS_ROUTER_BIAS, layer, count);
        if (!weights.has(WeightName.GPT_OSS_GATE_UP)) {
            return load(weights, layer, WeightName.GPT_OSS_ROUTER,
                    new Names(WeightName.EXPERT_GATE, WeightName.EXPERT_UP, WeightName.EXPERT_DOWN),
                    new Biases(routerBias, weights.expertVectors(WeightName.EXPERT_GATE_BIAS, layer, width),
                            weights.expertVectors(WeightName.EXPERT_UP_BIAS, layer, width),
                            weights.expertVectors(WeightName.EXPERT_DOWN_BIAS, layer, shape.hidden())));
        }
        final PackedMatrix[][] gateUp = new PackedMatrix[count][];
        final PackedMatrix[][] down = new PackedMatrix[count][];
        for (int expert = 0; expert < count; expert++) {
            gateUp[expert] = new PackedMatrix[] {weights.alternatingExpert(WeightName.GPT_OSS_GATE_UP, layer, expert, 0, width),
                weights.alternatingExpert(WeightName.GPT_OSS_GATE_UP, layer, expert, 1, width)};
            down[expert] = new PackedMatrix[] {weights.expert(WeightName.GPT_OSS_DOWN, layer, expert, shape.hidden(), width)};
        }
        final float[][] both = weights.expertVectors(WeightName.GPT_OSS_GATE_UP_BIAS, layer, 2 * width);
        return new ExpertWeights(new PackedMatrix[] {weights.matrix(WeightName.GPT_OSS_ROUTER, layer, count, shape.hidden())}, gateUp, down,
                new Biases(routerBias, everySecond(both, 0), everySecond(both, 1), weights.expertVectors(WeightName.GPT_OSS_DOWN_BIAS, layer, shape.hidden())));
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

    private static ExpertWeights load(final WeightLoader weights, final int layer, final WeightName routerName, final Names names,
            final Biases biases) {
        final ModelShape shape = weights.shape();
        final int count = shape.experts().count();
        final int width = shape.experts().feedForward();
        final PackedMatrix[][] gateUp = new PackedMatrix[count][];
        final PackedMatrix[][] down = new PackedMatrix[count][];
        for (int expert = 0; expert < count; expert++) {
            gateUp[expert] = new PackedMatrix[] {weights.expert(names.gate(), layer, expert, width, shape.hidden()),
                weights.expert(names.up(), layer, expert, width, shape.hidden())};
            down[expert] = new PackedMatrix[] {weights.expert(names.down(), layer, expert, shape.hidden(), width)};
        }
        final PackedMatrix[] router = {weights.matrix(routerName, layer, count, shape.hidden())};
        return new ExpertWeights(router, gateUp, down, biases);
    }
}

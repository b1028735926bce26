package io.spillway.node.model;

import io.spillway.node.compute.Tensor;
import io.spillway.node.compute.TensorOps;

/** How a gate lets the other projection through: one of the gated units of {@link TensorOps}. */
@FunctionalInterface
interface GatedUnit {
    /** Llama and most others. */
    GatedUnit SWIGLU = TensorOps::swiGlu;
    /** Gemma. */
    GatedUnit GEGLU = TensorOps::geGlu;
    /** gpt-oss. */
    GatedUnit CLAMPED_SWIGLU = TensorOps::clampedSwiGlu;

    /** {@code gate = unit(gate, up)}. */
    void apply(TensorOps ops, Tensor gate, Tensor up, int rows);
}

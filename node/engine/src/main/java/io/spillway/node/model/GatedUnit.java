package io.spillway.node.model;

import io.spillway.node.compute.Tensor;
import io.spillway.node.compute.TensorOps;

/** How a gate lets the other projection through: one of the gated units of {@link TensorOps}. */
public enum GatedUnit {
    /** Llama and most others: {@link TensorOps#swiGlu}. */
    SWIGLU,
    /** Gemma: {@link TensorOps#geGlu}. */
    GEGLU,
    /** gpt-oss: {@link TensorOps#clampedSwiGlu}. */
    CLAMPED_SWIGLU;

    /** {@code gate = unit(gate, up)}. */
    void apply(final TensorOps ops, final Tensor gate, final Tensor up, final int rows) {
        switch (this) {
            case SWIGLU -> ops.swiGlu(gate, up, rows);
            case GEGLU -> ops.geGlu(gate, up, rows);
            case CLAMPED_SWIGLU -> ops.clampedSwiGlu(gate, up, rows);
        }
    }
}

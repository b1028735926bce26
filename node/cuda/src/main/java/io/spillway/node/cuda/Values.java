package io.spillway.node.cuda;

import io.spillway.node.compute.DType;

/**
 * Where numbers of activations are on the device, and how wide they are.
 *
 * @param address of the first; 0: there are none
 * @param type    F16, BF16 or F32
 */
public record Values(long address, DType type) {
    /** No numbers. */
    public static final Values NONE = new Values(0, DType.F32);

    public Values {
        if (type != DType.F16 && type != DType.BF16 && type != DType.F32) {
            throw new IllegalArgumentException("activations on the device are F16, BF16 or F32, not " + type);
        }
    }

    /** @return how kernels are told: 0 for f16, 1 for bf16, 2 for f32 */
    int kind() {
        return type == DType.F32 ? 2 : KernelCall.isBf16(type);
    }

    /** @return {@link #kind()} of halves @throws IllegalArgumentException when these are none */
    int halfKind() {
        if (type == DType.F32) {
            throw new IllegalArgumentException("the kernel takes halves, F16 or BF16, not F32");
        }
        return kind();
    }
}

package io.spillway.modelfile;

import java.util.Optional;

/** How a tensor's numbers are stored: blocks of some elements in some bytes. Numbers are GGUF's type numbers. */
public enum TensorType {
    F32(0, 1, 4), F16(1, 1, 2), Q4_0(2, 32, 18), Q4_1(3, 32, 20), Q5_0(6, 32, 22), Q5_1(7, 32, 24), Q8_0(8, 32, 34),
    Q8_1(9, 32, 36), Q2_K(10, 256, 84), Q3_K(11, 256, 110), Q4_K(12, 256, 144), Q5_K(13, 256, 176), Q6_K(14, 256, 210),
    Q8_K(15, 256, 292), IQ2_XXS(16, 256, 66), IQ2_XS(17, 256, 74), IQ3_XXS(18, 256, 98), IQ1_S(19, 256, 50),
    IQ4_NL(20, 32, 18), IQ3_S(21, 256, 110), IQ2_S(22, 256, 82), IQ4_XS(23, 256, 136), I8(24, 1, 1), I16(25, 1, 2),
    I32(26, 1, 4), I64(27, 1, 8), F64(28, 1, 8), IQ1_M(29, 256, 56), BF16(30, 1, 2), TQ1_0(34, 256, 54),
    TQ2_0(35, 256, 66), MXFP4(39, 32, 17), BOOL(-1, 1, 1), F8_E4M3(-2, 1, 1), F8_E5M2(-3, 1, 1), U8(-4, 1, 1),
    U16(-5, 1, 2), U32(-6, 1, 4), U64(-7, 1, 8);

    private final int ggufNumber;
    private final int blockElements;
    private final int blockBytes;

    TensorType(final int ggufNumber, final int blockElements, final int blockBytes) {
        this.ggufNumber = ggufNumber;
        this.blockElements = blockElements;
        this.blockBytes = blockBytes;
    }

    /** @return GGUF's number for it; negative when GGUF has none */
    public int ggufNumber() {
        return ggufNumber;
    }

    /** @return elements of one block; a row is a whole number of blocks */
    public int blockElements() {
        return blockElements;
    }

    /** @return bytes of one block */
    public int blockBytes() {
        return blockBytes;
    }

    /** @return bytes of {@code elements}, which must be a whole number of blocks */
    public long bytesOf(final long elements) {
        return Math.multiplyExact(elements / blockElements, (long) blockBytes);
    }

    /** @return the type of that GGUF number; empty for a number that no version we know has used */
    static Optional<TensorType> ofGguf(final int number) {
        for (final TensorType type : values()) {
            if (type.ggufNumber == number && number >= 0) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }

    /** @return the type that safetensors calls {@code name}; empty for an unknown one */
    static Optional<TensorType> ofSafetensors(final String name) {
        for (final TensorType type : values()) {
            if (type.blockElements == 1 && type.name().equals(name)) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }
}

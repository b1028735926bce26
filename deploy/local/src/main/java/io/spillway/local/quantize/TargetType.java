package io.spillway.local.quantize;

import io.spillway.modelfile.TensorType;

/** What weights can be converted to. */
public enum TargetType {
    /** GGUF, 16 bits a weight. */
    F16(TensorType.F16, 1),
    /** GGUF, 16 bits a weight: exact for weights that are BF16. */
    BF16(TensorType.BF16, 32),
    /** GGUF, 8.5 bits a weight. */
    Q8_0(TensorType.Q8_0, 7),
    /** GGUF, 4.5 bits a weight, one scale for 32; embedding and head Q8_0. */
    Q4_0(TensorType.Q4_0, 2),
    /** GGUF, 4.5 bits a weight; embedding and head Q8_0. */
    Q4_K(TensorType.Q4_K, 14),
    /** A Hugging Face directory, e4m3 with a scale per row; embedding and head as they were. */
    FP8(TensorType.F8_E4M3, -1);

    private final TensorType type;
    private final int fileType;

    TargetType(final TensorType type, final int fileType) {
        this.type = type;
        this.fileType = fileType;
    }

    /** @return what matrices become */
    TensorType type() {
        return type;
    }

    /** @return GGUF's number for a file of mostly that type ({@code general.file_type}) */
    int fileType() {
        return fileType;
    }

    /** @return whether embedding and head keep eight bits */
    boolean sparesEmbedding() {
        return this == Q4_0 || this == Q4_K;
    }
}

package io.spillway.local.quantize;

/** What weights can be converted to. */
public enum TargetType {
    /** GGUF, 8.5 bits a weight. */
    Q8_0,
    /** GGUF, 4.5 bits a weight; embedding and head Q8_0. */
    Q4_K,
    /** A Hugging Face directory, e4m3 with a scale per row; embedding and head as they were. */
    FP8
}

package io.spillway.node.weights;

import io.spillway.modelfile.ModelSource;
import java.util.Arrays;
import java.util.stream.Collectors;

/** The kinds of decoders there is code for, with what GGUF and Hugging Face call them. */
public enum Architecture {
    /** Llama 1 to 3, and mistral, which differs by a window. */
    LLAMA("llama", "llama", "silu"),
    MISTRAL("", "mistral", "silu"),
    /** GGUF calls it llama too; it is the one with experts. */
    MIXTRAL("", "mixtral", "silu"),
    QWEN2("qwen2", "qwen2", "silu"),
    QWEN3("qwen3", "qwen3", "silu"),
    QWEN3_MOE("qwen3moe", "qwen3_moe", "silu"),
    GEMMA2("gemma2", "gemma2", "gelu_pytorch_tanh"),
    GEMMA3("gemma3", "gemma3_text", "gelu_pytorch_tanh"),
    PHI3("phi3", "phi3", "silu"),
    GPT_OSS("gpt-oss", "gpt_oss", "silu");

    private final String gguf;
    private final String huggingFace;
    private final String activation;

    Architecture(final String gguf, final String huggingFace, final String activation) {
        this.gguf = gguf;
        this.huggingFace = huggingFace;
        this.activation = activation;
    }

    /** @return what GGUF calls it; mistral and mixtral are kinds of llama there */
    String ggufName() {
        return gguf.isEmpty() ? LLAMA.gguf : gguf;
    }

    /** @return what Hugging Face calls it */
    String huggingFaceName() {
        return huggingFace;
    }

    /** @return Hugging Face's name of the only activation that this kind has */
    String activation() {
        return activation;
    }

    /** @return whether GGUF keeps queries and keys in the order of neighbouring pairs, which we undo */
    boolean interleavedInGguf() {
        return this == LLAMA || this == MISTRAL || this == MIXTRAL;
    }

    /** @return whether all layers have the window unless each is named: there is no period */
    boolean windowsByLayerNumber() {
        return this == QWEN2 || this == QWEN3 || this == QWEN3_MOE;
    }

    /** @return whether norms are kept as what is added to one, outside GGUF */
    boolean normsAddOne() {
        return this == GEMMA2 || this == GEMMA3;
    }

    /** @return whether some dimensions of a head may stay unrotated */
    boolean rotatesPartly() {
        return this == PHI3;
    }

    static Architecture of(final ModelSource source, final Metadata metadata) {
        final boolean ggufFile = metadata.gguf().isPresent();
        if (ggufFile && metadata.architecture().equals(LLAMA.gguf) && metadata.integer("expert_count", "").orElse(0) > 0) {
            return MIXTRAL;
        }
        return Arrays.stream(values()).filter(kind -> (ggufFile ? kind.gguf : kind.huggingFace).equals(metadata.architecture())).findFirst()
                .orElseThrow(() -> InvalidModel.because(source, "architecture '" + metadata.architecture() + "' is not supported; "
                        + names(ggufFile) + " are"));
    }

    private static String names(final boolean ggufFile) {
        return Arrays.stream(values()).map(kind -> ggufFile ? kind.gguf : kind.huggingFace).filter(name -> !name.isEmpty())
                .collect(Collectors.joining(", "));
    }
}

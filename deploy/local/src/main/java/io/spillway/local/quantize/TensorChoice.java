package io.spillway.local.quantize;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.TensorType;
import io.spillway.node.weights.ConvertedTensor;
import java.util.Set;

/**
 * What one tensor becomes.
 *
 * @param type its type
 * @param note why it is not what was asked for; empty when it is, or when nobody would expect it
 */
record TensorChoice(TensorType type, String note) {
    /** What may be rounded: nothing was before. */
    static final Set<TensorType> FLOATS = Set.of(TensorType.F32, TensorType.F16, TensorType.BF16);

    /** @return of a GGUF tensor; vectors and routers of experts stay as they are, and so do experts that were made as MXFP4 */
    static TensorChoice gguf(final GgufContent.Content tensor, final TargetType target) {
        if (tensor.stored() == TensorType.MXFP4) {
            return new TensorChoice(TensorType.MXFP4, "made so, not rounded again");
        }
        requireFloats(tensor.name(), tensor.stored());
        if (tensor.shape().size() < 2 || !tensor.name().endsWith(".weight") || tensor.name().contains("norm")
                || tensor.name().contains("ffn_gate_inp") || tensor.name().contains("rope")) {
            return new TensorChoice(tensor.kept(), "");
        }
        final long columns = tensor.shape().getLast();
        if (columns % target.type().blockElements() == 0 && !(target.sparesEmbedding() && isEmbedding(tensor.name()))) {
            return new TensorChoice(target.type(), "");
        }
        if (columns % TensorType.Q8_0.blockElements() != 0) {
            return new TensorChoice(tensor.kept(), "rows of " + columns + " are no multiple of 32");
        }
        return new TensorChoice(TensorType.Q8_0, isEmbedding(tensor.name()) ? "embedding and head keep eight bits"
            : "rows of " + columns + " are no multiple of " + target.type().blockElements());
    }

    private static boolean isEmbedding(final String name) {
        return name.equals("token_embd.weight") || name.equals("output.weight");
    }

    /** @return of a Hugging Face tensor: the matrices of attention and feed-forward become FP8 */
    static TensorChoice fp8(final ConvertedTensor tensor) {
        requireFloats(tensor.name(), tensor.keptType());
        final String name = tensor.name();
        final boolean linear = tensor.shape().size() == 2 && name.endsWith("_proj.weight")
            || tensor.shape().size() == 2 && name.matches(".*\\.experts\\.\\d+\\.w[123]\\.weight");
        return new TensorChoice(linear ? TensorType.F8_E4M3 : tensor.keptType(), "");
    }

    private static void requireFloats(final String name, final TensorType type) {
        if (!FLOATS.contains(type)) {
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "model", "tensor '" + name + "' is " + type
                + " already; give the original weights (F32, F16 or BF16), since every rounding adds to the last");
        }
    }
}

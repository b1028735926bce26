package io.spillway.local.quantize;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.TensorEntry;
import io.spillway.modelfile.TensorType;
import java.util.Set;

/**
 * What one tensor becomes.
 *
 * @param type its type
 * @param note why it is not what was asked for; empty when it is, or when nobody would expect it
 */
record TensorChoice(TensorType type, String note) {
    private static final Set<TensorType> FLOATS = Set.of(TensorType.F32, TensorType.F16, TensorType.BF16);

    /** @return of a GGUF tensor; vectors and routers of experts stay as they are */
    static TensorChoice gguf(final TensorEntry entry, final TargetType target) {
        requireFloats(entry);
        if (entry.shape().size() < 2 || !entry.name().endsWith(".weight") || entry.name().contains("norm")
                || entry.name().contains("ffn_gate_inp") || entry.name().contains("rope")) {
            return new TensorChoice(entry.type(), "");
        }
        final long columns = entry.shape().getLast();
        if (columns % TensorType.Q8_0.blockElements() != 0) {
            return new TensorChoice(entry.type(), "rows of " + columns + " are no multiple of 32");
        }
        if (target == TargetType.Q8_0) {
            return new TensorChoice(TensorType.Q8_0, "");
        }
        if (entry.name().equals("token_embd.weight") || entry.name().equals("output.weight")) {
            return new TensorChoice(TensorType.Q8_0, "embedding and head keep eight bits");
        }
        return columns % TensorType.Q4_K.blockElements() == 0 ? new TensorChoice(TensorType.Q4_K, "")
            : new TensorChoice(TensorType.Q8_0, "rows of " + columns + " are no multiple of 256");
    }

    /** @return of a Hugging Face tensor: the matrices of attention and feed-forward become FP8 */
    static TensorChoice fp8(final TensorEntry entry) {
        requireFloats(entry);
        final String name = entry.name();
        final boolean linear = entry.shape().size() == 2 && name.endsWith("_proj.weight")
            || entry.shape().size() == 2 && name.matches(".*\\.experts\\.\\d+\\.w[123]\\.weight");
        return new TensorChoice(linear ? TensorType.F8_E4M3 : entry.type(), "");
    }

    private static void requireFloats(final TensorEntry entry) {
        if (!FLOATS.contains(entry.type())) {
            throw SpillwayException.ofField(ErrorCode.INVALID_VALUE, "model", "tensor '" + entry.name() + "' is " + entry.type()
                + " already; give the original weights (F32, F16 or BF16), since every rounding adds to the last");
        }
    }
}

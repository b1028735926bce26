package io.spillway.node.stored;

import io.spillway.modelfile.TensorType;
import java.util.Optional;

/** Which class reads which type. */
final class RowFormats {
    private RowFormats() {
    }

    /** @return empty for a type that is not supported */
    static Optional<RowFormat> of(final TensorType type) {
        return Optional.ofNullable(switch (type) {
            case F32 -> FloatRows.F32;
            case F16 -> FloatRows.F16;
            case BF16 -> FloatRows.BF16;
            case Q8_0 -> SmallBlocks.Q8_0;
            case Q4_0 -> SmallBlocks.Q4_0;
            case Q4_1 -> SmallBlocks.Q4_1;
            case Q5_0 -> SmallBlocks.Q5_0;
            case Q5_1 -> SmallBlocks.Q5_1;
            case IQ4_NL -> TableBlocks.IQ4_NL;
            case MXFP4 -> TableBlocks.MXFP4;
            case Q2_K -> SuperBlocks.Q2_K;
            case Q3_K -> SuperBlocks.Q3_K;
            case Q4_K -> SuperBlocks.Q4_K;
            case Q5_K -> SuperBlocks.Q5_K;
            case Q6_K -> SuperBlocks.Q6_K;
            default -> null;
        });
    }
}

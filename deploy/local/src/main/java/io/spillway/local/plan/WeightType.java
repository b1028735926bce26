package io.spillway.local.plan;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.TensorType;
import java.util.List;
import java.util.Locale;

/** What weights would take in another type: every matrix in that type, norms and biases in 32 bits. */
public final class WeightType {
    /** Weights as they are. */
    public static final String STORED = "stored";
    private static final List<TensorType> TYPES = List.of(TensorType.F32, TensorType.F16, TensorType.BF16, TensorType.F8_E4M3, TensorType.Q8_0,
        TensorType.Q6_K, TensorType.Q5_K, TensorType.Q5_0, TensorType.Q4_K, TensorType.Q4_0, TensorType.Q3_K, TensorType.Q2_K, TensorType.MXFP4);

    private WeightType() {
    }

    /** @param name a type, case aside, or {@link #STORED} @return what the weights take; throws INVALID_VALUE, field {@code weights}, for another */
    public static PlannedModel.Stored of(final PlannedModel model, final String name) {
        if (name.equalsIgnoreCase(STORED)) {
            return model.stored();
        }
        final String known = name.equalsIgnoreCase("fp8") ? TensorType.F8_E4M3.name() : name;
        final TensorType type = TYPES.stream().filter(each -> each.name().equalsIgnoreCase(known)).findFirst()
            .orElseThrow(() -> SpillwayException.ofField(ErrorCode.INVALID_VALUE, "weights", "--weights must be " + STORED + ", fp8 or one of "
                + String.join(", ", TYPES.stream().map(each -> each.name().toLowerCase(Locale.ROOT)).toList()) + ", got '" + name + "'"));
        final PlannedModel.Weights weights = model.weights();
        final long blocks = Math.ceilDiv(weights.matrices(), (long) type.blockElements());
        return new PlannedModel.Stored(blocks * type.blockBytes() + weights.vectors() * Float.BYTES,
            PlannedModel.Each.alike((double) type.blockBytes() / type.blockElements()), type.name().toLowerCase(Locale.ROOT), false);
    }
}

package io.spillway.node.stored;

import io.spillway.modelfile.HfConfig;
import io.spillway.modelfile.ModelSource;
import java.util.Optional;

/** What {@code quantization_config} of a Hugging Face directory says about its weights. */
sealed interface Quantization {
    /** Every tensor is what its type says. */
    record None() implements Quantization { }

    /**
     * Eight-bit floats.
     *
     * @param tileRows    rows of a tile with a scale of its own; 0 when scales are per tensor or per row
     * @param tileColumns columns of a tile
     */
    record Fp8(int tileRows, int tileColumns) implements Quantization { }

    /**
     * @param groupColumns columns of a group; −1 for the whole row
     * @param zeroOffset   what is added to a stored zero: 1 in the first version of the format, 0 in the second
     */
    record Gptq(int groupColumns, int zeroOffset) implements Quantization { }

    /** @param groupColumns columns of a group; −1 for the whole row */
    record Awq(int groupColumns) implements Quantization { }

    /** gpt-oss's experts: blocks of 32 four-bit floats with an exponent. */
    record MxFp4() implements Quantization { }

    /**
     * @throws io.spillway.domain.error.SpillwayException INVALID_MODEL_FILE for a method, a width or a layout that is not
     *         supported
     */
    static Quantization of(final ModelSource source) {
        final Optional<HfConfig> config = source.config()
                .flatMap(c -> c.object("quantization_config").or(() -> c.object("compression_config")));
        return config.isPresent() ? new QuantizationConfig(source, config.get()).read() : new None();
    }
}

package io.spillway.node.stored;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.ModelSource;
import io.spillway.modelfile.TensorEntry;
import io.spillway.modelfile.TensorType;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Finds a model's tensors by the names that they have unquantised, and knows what each is made of. Immutable; the loading
 * thread asks.
 */
public final class StoredTensors {
    private static final long ELEMENTS_MAX = 1L << 40;
    // Scales of activations and of a quantised KV cache: the weights mean the same without them.
    private static final Set<String> SIDE_SUFFIXES = Set.of("input_scale", "output_scale", "k_scale", "v_scale", "q_scale", "kv_scale",
            "input_scale_ub", "activation_scale");

    private final ModelSource source;
    private final Quantization quantization;

    /** @throws SpillwayException INVALID_MODEL_FILE for a quantisation that is not supported */
    public StoredTensors(final ModelSource source) {
        this.source = requireNonNull(source, "source");
        quantization = Quantization.of(source);
    }

    /**
     * @param name as an unquantised file spells it, for instance {@code model.layers.0.mlp.up_proj.weight}
     * @return empty when there is none of that name
     * @throws SpillwayException INVALID_MODEL_FILE when its type is not supported, or its parts contradict each other
     */
    public Optional<StoredTensor> find(final String name) {
        final Optional<TensorEntry> entry = source.find(name);
        if (entry.isEmpty()) {
            return packed(name);
        }
        final TensorEntry found = entry.get();
        return Optional.of(found.type() == TensorType.F8_E4M3 ? new Fp8Tensor(source, quantization).read(found) : plain(found));
    }

    /** @return whether {@link #find} would find it; reads nothing but the directory */
    public boolean has(final String name) {
        return source.find(name).isPresent() || source.find(PackedTensor.part(name, "qweight")).isPresent()
                || MxFp4Matrix.stands(source, name);
    }

    private Optional<StoredTensor> packed(final String name) {
        if (MxFp4Matrix.stands(source, name)) {
            return Optional.of(MxFp4Matrix.read(source, name));
        }
        if (source.find(PackedTensor.part(name, "qweight")).isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(switch (quantization) {
            case final Quantization.Gptq gptq -> new PackedTensor(source, name).gptq(gptq);
            case final Quantization.Awq awq -> new PackedTensor(source, name).awq(awq);
            default -> throw InvalidTensor.because(source, "has packed weights ('" + PackedTensor.part(name, "qweight")
                    + "') but its config.json has no quantization_config of gptq or awq that says how");
        });
    }

    /** @return whether that tensor is of no use here, though the format puts it beside the weights: scales of activations, of a KV cache */
    public boolean isSide(final String name) {
        return !(quantization instanceof Quantization.None) && SIDE_SUFFIXES.contains(name.substring(name.lastIndexOf('.') + 1));
    }

    /** @return weights of the model, the unpacked ones counted one by one; for progress and sizes, not exact where files have side tensors */
    public long elements() {
        return source.tensors().stream().mapToLong(entry ->
                entry.name().endsWith(".qweight") ? entry.elements() * PackedTensor.PER_WORD : entry.elements()).sum();
    }

    private StoredTensor plain(final TensorEntry entry) {
        if (!StoredRows.reads(entry.type())) {
            throw InvalidTensor.because(source, "tensor '" + entry.name() + "' is " + entry.type()
                    + ", which is not supported; convert the model to F16, BF16, Q8_0, Q4_K or another format that deploy/docs/formats.md lists");
        }
        final int columns = entry.shape().isEmpty() ? 1 : size(source, entry, entry.shape().getLast());
        final int rows = size(source, entry, entry.elements() / columns);
        return new StoredTensor(entry.shape(), List.of(entry.name()),
                StoredRows.of(source.tensor(entry.name()), entry.type(), rows, columns).orElseThrow());
    }

    static int size(final ModelSource source, final TensorEntry entry, final long size) {
        if (size > Integer.MAX_VALUE || entry.elements() > ELEMENTS_MAX) {
            throw InvalidTensor.because(source, "tensor '" + entry.name() + "' " + entry.shapeText() + " is too large");
        }
        return (int) size;
    }
}

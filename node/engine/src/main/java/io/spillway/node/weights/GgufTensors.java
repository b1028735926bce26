package io.spillway.node.weights;

import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.HfConfig;
import io.spillway.modelfile.ModelSource;
import io.spillway.modelfile.TensorEntry;
import io.spillway.modelfile.TensorType;
import io.spillway.node.stored.StoredTensor;
import io.spillway.node.stored.StoredTensors;
import io.spillway.node.weights.OrderedRows.Order;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntUnaryOperator;

/**
 * The tensors of a Hugging Face directory as GGUF names, orders and joins them: what {@link WeightLoader} undoes. Used by one thread.
 */
public final class GgufTensors {
    private static final IntUnaryOperator SAME = Order.SAME;
    private static final int ALTERNATING = 2; // gpt-oss's gate and up

    private final ModelSource source;
    private final ModelShape shape;
    private final StoredTensors stored;
    private final Set<String> used = new HashSet<>();
    private final List<ConvertedTensor> tensors = new ArrayList<>();

    private GgufTensors(final ModelSource source, final ModelShape shape) {
        this.source = source;
        this.shape = shape;
        stored = new StoredTensors(source);
    }

    /**
     * @param source a Hugging Face directory
     * @param shape  what {@link ModelShapes} reads of it
     * @return tensors in the order of a file: what stands around the layers first
     * @throws SpillwayException INVALID_MODEL_FILE naming a tensor that is misshapen, or that GGUF has no place for
     */
    public static List<ConvertedTensor> of(final ModelSource source, final ModelShape shape) {
        final GgufTensors made = new GgufTensors(source, shape);
        made.rotaryFactors();
        for (final WeightName name : WeightName.values()) {
            if (!name.standsPerLayer() && made.belongs(name)) {
                made.plain(name, 0);
            }
        }
        for (int layer = 0; layer < shape.layers(); layer++) {
            made.layer(layer);
        }
        made.requireAllUsed();
        return List.copyOf(made.tensors);
    }

    /** The name after the attention means one of two norms. */
    private boolean belongs(final WeightName name) {
        final boolean afterwards = shape.architecture().normsAddOne() || shape.architecture() == Architecture.GPT_OSS;
        return name.inBoth() && switch (name) {
            case ROTARY_FACTORS -> false; // derived from the configuration there
            case POST_ATTENTION_NORM -> afterwards;
            case FEED_FORWARD_NORM -> !afterwards;
            case OUTPUT -> !tied();
            default -> true;
        };
    }

    /** A head that is the embedding once more is left out, as both kinds of files may do. */
    private boolean tied() {
        final String head = WeightName.OUTPUT.in(false, 0);
        final String embedding = WeightName.EMBEDDING.in(false, 0);
        final boolean tied = source.find(head).isPresent() && source.find(embedding).isPresent()
                && source.find(head).get().type() == source.find(embedding).get().type()
                && source.tensor(head).mismatch(source.tensor(embedding)) < 0;
        if (tied) {
            used.add(head);
        }
        return tied;
    }

    private void layer(final int layer) {
        for (final WeightName name : WeightName.values()) {
            if (!name.standsPerLayer() || !belongs(name)) {
                continue;
            }
            if (name.standsPerExpert(false)) {
                experts(name, layer);
            } else {
                plain(name, layer);
            }
        }
        if (stored.has(WeightName.GPT_OSS_DOWN.in(false, layer))) {
            gptOssExperts(layer);
        }
    }

    private void plain(final WeightName name, final int layer) {
        final Optional<StoredTensor> found = find(name.in(false, layer));
        if (found.isEmpty()) {
            return;
        }
        final StoredTensor tensor = found.get();
        final boolean rotated = shape.architecture().interleavedInGguf() && switch (name) {
            case QUERY, KEY, QUERY_BIAS, KEY_BIAS -> true;
            default -> false;
        };
        final boolean vector = tensor.shape().size() == 1;
        final IntUnaryOperator rows = rotated && !vector ? this::interleaved : SAME;
        final IntUnaryOperator columns = rotated && vector ? this::interleaved : SAME;
        final float added = shape.architecture().normsAddOne() && vector && name.in(true, layer).contains("norm") ? 1 : 0;
        add(name.in(true, layer), tensor.shape(), List.of(tensor), new Order(rows, columns, added));
    }

    /** One matrix per expert becomes one of all. */
    private void experts(final WeightName name, final int layer) {
        final List<StoredTensor> each = new ArrayList<>();
        for (int expert = 0; expert < shape.experts().count(); expert++) {
            find(name.in(false, layer, expert)).ifPresent(each::add);
        }
        if (each.isEmpty()) {
            return;
        }
        final List<Long> one = each.getFirst().shape();
        if (each.size() != shape.experts().count() || one.size() != 2 || each.stream().anyMatch(e -> !e.shape().equals(one))) {
            throw InvalidModel.because(source, "experts '" + name.in(false, layer) + "' are " + each.size() + " of "
                    + shape.experts().count() + ", or of different shapes");
        }
        add(name.in(true, layer), List.of((long) each.size(), one.get(0), one.get(1)), each, Order.AS_STORED);
    }

    private void gptOssExperts(final int layer) {
        alternating(WeightName.GPT_OSS_GATE_UP, layer, WeightName.EXPERT_GATE, 0);
        alternating(WeightName.GPT_OSS_GATE_UP, layer, WeightName.EXPERT_UP, 1);
        alternating(WeightName.GPT_OSS_GATE_UP_BIAS, layer, WeightName.EXPERT_GATE_BIAS, 0);
        alternating(WeightName.GPT_OSS_GATE_UP_BIAS, layer, WeightName.EXPERT_UP_BIAS, 1);
        find(WeightName.GPT_OSS_DOWN.in(false, layer)).ifPresent(down ->
                add(WeightName.EXPERT_DOWN.in(true, layer), down.shape(), List.of(down), Order.AS_STORED));
        find(WeightName.GPT_OSS_DOWN_BIAS.in(false, layer)).ifPresent(bias ->
                add(WeightName.EXPERT_DOWN_BIAS.in(true, layer), bias.shape(), List.of(bias), Order.AS_STORED));
    }

    /** Every second row of the experts' matrices, or element of their biases. */
    private void alternating(final WeightName from, final int layer, final WeightName to, final int which) {
        final Optional<StoredTensor> found = find(from.in(false, layer));
        if (found.isEmpty()) {
            return;
        }
        final List<Long> both = found.get().shape();
        if (both.size() < 2 || both.get(1) % ALTERNATING != 0) {
            throw InvalidModel.because(source, "tensor '" + from.in(false, layer) + "' " + both + " is no gate and up");
        }
        final List<Long> half = new ArrayList<>(both);
        half.set(1, both.get(1) / ALTERNATING);
        final IntUnaryOperator second = i -> ALTERNATING * i + which;
        final boolean matrix = both.size() > 2;
        add(to.in(true, layer), half, List.of(found.get()), new Order(matrix ? second : SAME, matrix ? SAME : second, 0));
    }

    private Optional<StoredTensor> find(final String name) {
        final Optional<StoredTensor> found = stored.find(name);
        found.ifPresent(tensor -> used.addAll(tensor.parts()));
        return found;
    }

    private void add(final String name, final List<Long> dimensions, final List<StoredTensor> made, final Order order) {
        final List<TensorEntry> parts = OrderedRows.parts(source, made);
        final OrderedRows rows = OrderedRows.of(source, made, order, Math.toIntExact(dimensions.getLast()));
        final boolean small = dimensions.size() < 2 || !name.endsWith(".weight") || name.contains("norm") || name.contains("ffn_gate_inp");
        final TensorType kept = rows.isMxFp4() ? TensorType.MXFP4 : small ? TensorType.F32 : parts.getFirst().type();
        tensors.add(new ConvertedTensor(name, dimensions, kept, parts, rows));
    }

    /** GGUF keeps the two dimensions of a rotary pair side by side; here they are half a head apart. */
    private int interleaved(final int row) {
        final int headDim = shape.attention().headDim();
        final int dim = row % headDim;
        return row - dim + dim / 2 + dim % 2 * (headDim / 2);
    }

    /** What GGUF keeps as tensors and Hugging Face in the configuration: llama 3's factors, and LongRoPE's. */
    private void rotaryFactors() {
        final HfConfig scaling = source.config().flatMap(c -> HfRotary.scaling(c, "full_attention")).orElse(null);
        if (scaling == null) {
            return;
        }
        final String type = scaling.string("rope_type").or(() -> scaling.string("type")).orElse("default");
        switch (type) {
            case "llama3" -> {
                final double[] scaled = shape.attention().rotary().frequencies();
                final double[] plain = Rotary.frequencies(GgufKeys.base(source), 2 * scaled.length);
                final float[] factors = new float[scaled.length];
                for (int i = 0; i < factors.length; i++) {
                    factors[i] = (float) (plain[i] / scaled[i]);
                }
                constant(WeightName.ROTARY_FACTORS, factors);
            }
            case "longrope", "su" -> {
                scaling.reals("long_factor").ifPresent(factors -> constant(WeightName.ROTARY_FACTORS_LONG, factors));
                scaling.reals("short_factor").ifPresent(factors -> constant(WeightName.ROTARY_FACTORS_SHORT, factors));
            }
            default -> { } // numbers in the metadata
        }
    }

    private void constant(final WeightName name, final float[] values) {
        tensors.add(new ConvertedTensor(name.in(true, 0), List.of((long) values.length), TensorType.F32, List.of(), row -> values.clone()));
    }

    private void requireAllUsed() {
        for (int layer = 0; layer < shape.layers(); layer++) {
            used.add(WeightName.ROTARY_FACTORS.in(false, layer)); // what the configuration says once more
        }
        for (final TensorEntry entry : source.tensors()) {
            if (!used.contains(entry.name()) && !stored.isSide(entry.name())) {
                throw InvalidModel.because(source, "tensor '" + entry.name() + "' has no place in a GGUF file of this architecture");
            }
        }
    }
}

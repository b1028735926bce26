package io.spillway.node.weights;

import io.spillway.domain.error.SpillwayException;
import io.spillway.modelfile.ModelSource;
import io.spillway.modelfile.TensorEntry;
import io.spillway.node.stored.StoredTensor;
import io.spillway.node.stored.StoredTensors;
import io.spillway.node.weights.OrderedRows.Order;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntUnaryOperator;

/** The tensors of a GGUF file as a Hugging Face directory names, orders and divides them: the way back from {@link GgufTensors}. Used by one thread. */
public final class DirectoryTensors {
    private final ModelSource source;
    private final ModelShape shape;
    private final StoredTensors stored;
    private final Set<String> used = new HashSet<>();
    private final List<ConvertedTensor> tensors = new ArrayList<>();

    private DirectoryTensors(final ModelSource source, final ModelShape shape) {
        this.source = source;
        this.shape = shape;
        stored = new StoredTensors(source);
    }

    /**
     * @param source a GGUF file
     * @param shape  what {@link ModelShapes} reads of it
     * @return tensors in the order of a file: what stands around the layers first
     * @throws SpillwayException INVALID_MODEL_FILE naming a tensor that is misshapen, or that has no place there
     */
    public static List<ConvertedTensor> of(final ModelSource source, final ModelShape shape) {
        final DirectoryTensors made = new DirectoryTensors(source, shape);
        for (final WeightName name : WeightName.values()) {
            if (!name.standsPerLayer() && name.inBoth() && name != WeightName.ROTARY_FACTORS) {
                made.plain(name, 0);
            }
        }
        for (int layer = 0; layer < shape.layers(); layer++) {
            for (final WeightName name : WeightName.values()) {
                if (name.standsPerLayer() && made.belongs(name)) {
                    made.perLayer(name, layer);
                }
            }
        }
        made.requireAllUsed();
        return List.copyOf(made.tensors);
    }

    /** One name in GGUF is several outside, of different architectures. */
    private boolean belongs(final WeightName name) {
        final Architecture kind = shape.architecture();
        return name.inBoth() && switch (name) {
            case POST_ATTENTION_NORM, GEMMA_FEED_FORWARD_NORM -> kind.normsAddOne();
            case FEED_FORWARD_NORM -> !kind.normsAddOne();
            case UP -> kind != Architecture.PHI3;
            case GATE_UP -> kind == Architecture.PHI3;
            case ROUTER, EXPERT_GATE, EXPERT_UP, EXPERT_DOWN -> kind == Architecture.QWEN3_MOE;
            case MIXTRAL_ROUTER, MIXTRAL_EXPERT_GATE, MIXTRAL_EXPERT_UP, MIXTRAL_EXPERT_DOWN -> kind == Architecture.MIXTRAL;
            case GPT_OSS_ROUTER, GPT_OSS_ROUTER_BIAS -> false; // gpt-oss is made of MXFP4: nothing to convert
            default -> true;
        };
    }

    private void perLayer(final WeightName name, final int layer) {
        if (name.standsPerExpert(false)) {
            experts(name, layer);
        } else {
            plain(name, layer);
        }
    }

    private void plain(final WeightName name, final int layer) {
        find(name.in(true, layer)).ifPresent(tensor -> {
            final boolean rotated = shape.architecture().interleavedInGguf() && switch (name) {
                case QUERY, KEY, QUERY_BIAS, KEY_BIAS -> true;
                default -> false;
            };
            final boolean vector = tensor.shape().size() == 1;
            final float added = shape.architecture().normsAddOne() && vector && name.in(true, layer).contains("norm") ? -1 : 0;
            final IntUnaryOperator halves = rotated ? this::halves : Order.SAME;
            add(name.in(false, layer), tensor.shape(), tensor, new Order(vector ? Order.SAME : halves, vector ? halves : Order.SAME, added));
        });
    }

    /** One matrix of all experts becomes one per expert. */
    private void experts(final WeightName name, final int layer) {
        find(name.in(true, layer)).ifPresent(tensor -> {
            if (tensor.shape().size() != 3 || tensor.shape().getFirst() != shape.experts().count()) {
                throw InvalidModel.because(source, "tensor '" + name.in(true, layer) + "' is " + tensor.shape() + ", not of " + shape.experts().count() + " experts");
            }
            final int rows = Math.toIntExact(tensor.shape().get(1));
            for (int expert = 0; expert < shape.experts().count(); expert++) {
                final int first = expert * rows;
                add(name.in(false, layer, expert), tensor.shape().subList(1, 3), tensor, Order.ofRows(row -> first + row));
            }
        });
    }

    private Optional<StoredTensor> find(final String name) {
        final Optional<StoredTensor> found = stored.find(name);
        found.ifPresent(tensor -> used.addAll(tensor.parts()));
        return found;
    }

    private void add(final String name, final List<Long> dimensions, final StoredTensor from, final Order order) {
        final List<TensorEntry> parts = OrderedRows.parts(source, List.of(from));
        tensors.add(new ConvertedTensor(name, dimensions, parts.getFirst().type(), parts,
                OrderedRows.of(source, List.of(from), order, Math.toIntExact(dimensions.getLast()))));
    }

    /** The dimensions of a rotary pair stand half a head apart; GGUF keeps them side by side. */
    private int halves(final int row) {
        final int headDim = shape.attention().headDim();
        final int dim = row % headDim;
        final int half = headDim / 2;
        return row - dim + 2 * (dim % half) + dim / half;
    }

    private void requireAllUsed() {
        for (final WeightName factors : new WeightName[] {WeightName.ROTARY_FACTORS, WeightName.ROTARY_FACTORS_LONG, WeightName.ROTARY_FACTORS_SHORT}) {
            used.add(factors.in(true, 0)); // stand in the configuration
        }
        for (final TensorEntry entry : source.tensors()) {
            if (!used.contains(entry.name())) {
                throw InvalidModel.because(source, "tensor '" + entry.name() + "' has no place in a Hugging Face directory of this architecture");
            }
        }
    }
}

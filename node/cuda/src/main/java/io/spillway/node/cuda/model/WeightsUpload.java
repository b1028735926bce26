package io.spillway.node.cuda.model;

import io.spillway.node.compute.DType;
import io.spillway.node.compute.RmsNorm;
import io.spillway.node.cuda.Device;
import io.spillway.node.cuda.model.DeviceLayer.Attention;
import io.spillway.node.cuda.model.DeviceLayer.Dense;
import io.spillway.node.cuda.model.DeviceLayer.Experts;
import io.spillway.node.cuda.model.Projection.Part;
import io.spillway.node.model.AttentionSpec;
import io.spillway.node.model.DecoderSpec;
import io.spillway.node.model.DenseSpec;
import io.spillway.node.model.ExpertsSpec;
import io.spillway.node.model.FeedForwardSpec;
import io.spillway.node.model.LayerSpec;
import io.spillway.node.weights.Rotary;
import io.spillway.node.weights.WeightMatrix;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Brings a described decoder to a device, matrix by matrix: the host holds one piece at a time. Matrices that meet the same input become one
 * where their formats agree. Used by the loading thread, once.
 */
final class WeightsUpload {
    private final Device device;
    private final DecoderSpec spec;
    private final DType half;
    private final DeviceArrays arrays;
    private final Map<Rotary, Long> turns = new IdentityHashMap<>();

    private WeightsUpload(final Device device, final DecoderSpec spec) {
        this.device = device;
        this.spec = spec;
        half = halfOf(spec);
        arrays = new DeviceArrays(device, half);
    }

    /**
     * @param spec borrowed for the call
     * @return owned by the caller; nothing stays behind on the device when this fails
     */
    static DeviceWeights run(final Device device, final DecoderSpec spec) {
        final WeightsUpload upload = new WeightsUpload(device, spec);
        try {
            return upload.all();
        } catch (final RuntimeException | Error e) {
            upload.arrays.freeAll();
            throw e;
        }
    }

    private DeviceWeights all() {
        final DeviceMatrix embedding = arrays.matrix(List.of(spec.embedding()));
        final List<DeviceLayer> layers = new ArrayList<>();
        for (final LayerSpec layer : spec.layers()) {
            layers.add(layer(layer));
        }
        final DeviceMatrix head = spec.tied() ? embedding : arrays.matrix(List.of(spec.head()));
        final Projection output = new Projection(List.of(new Part(head, 0, arrays.floats(spec.headBias()))), head.rows());
        final long norm = gain(spec.outputNorm());
        arrays.finish();
        return new DeviceWeights(device, spec.shape(), half, embedding, layers, norm, output, arrays.addresses(), arrays.bytes());
    }

    /** F16 where that is the only kind of halves; quantised and F32 matrices meet BF16 unless there are F16 ones beside them. */
    private static DType halfOf(final DecoderSpec spec) {
        final List<DType> kinds = Stream.concat(Stream.of(spec.embedding(), spec.head()), spec.layers().stream().flatMap(WeightsUpload::matrices))
            .map(WeightMatrix::dtype).distinct().toList();
        return kinds.contains(DType.F16) && !kinds.contains(DType.BF16) && !kinds.contains(DType.F32) ? DType.F16 : DType.BF16;
    }

    private static Stream<WeightMatrix> matrices(final LayerSpec layer) {
        final AttentionSpec a = layer.attention();
        final Stream<WeightMatrix> feedForward = switch (layer.feedForward()) {
            case final DenseSpec dense -> Stream.of(dense.gate(), dense.up(), dense.down());
            case final ExpertsSpec experts -> Stream.concat(Stream.of(experts.router()),
                experts.experts().stream().flatMap(expert -> Stream.of(expert.gate(), expert.up(), expert.down())));
        };
        return Stream.concat(Stream.of(a.query().matrix(), a.key().matrix(), a.value().matrix(), a.output().matrix()), feedForward);
    }

    private DeviceLayer layer(final LayerSpec layer) {
        return new DeviceLayer(gain(layer.attentionNorm()), attention(layer.attention()), gain(layer.postAttentionNorm()),
            gain(layer.feedForwardNorm()), feedForward(layer.feedForward()), gain(layer.postFeedForwardNorm()));
    }

    private Attention attention(final AttentionSpec a) {
        final Projection queryKeyValue = projection(List.of(a.query().matrix(), a.key().matrix(), a.value().matrix()),
            new float[][] {a.query().bias(), a.key().bias(), a.value().bias()});
        final Projection output = projection(List.of(a.output().matrix()), new float[][] {a.output().bias()});
        return new Attention(queryKeyValue, gain(a.query().norm()), gain(a.key().norm()), output, a.rule(), arrays.floats(a.rule().sinks()),
            turns.computeIfAbsent(a.rotary(), this::turns), a.rotary().frequencies().length);
    }

    private DeviceLayer.FeedForward feedForward(final FeedForwardSpec feedForward) {
        return switch (feedForward) {
            case final DenseSpec dense -> new Dense(projection(List.of(dense.gate(), dense.up()), new float[2][]),
                projection(List.of(dense.down()), new float[1][]), dense.unit());
            case final ExpertsSpec experts -> experts(experts);
        };
    }

    private Experts experts(final ExpertsSpec experts) {
        final ExpertsSpec.Biases biases = experts.biases();
        final List<WeightMatrix> gateUp = experts.experts().stream().flatMap(expert -> Stream.of(expert.gate(), expert.up())).toList();
        final List<WeightMatrix> down = experts.experts().stream().map(ExpertsSpec.Expert::down).toList();
        return new Experts(projection(List.of(experts.router()), new float[][] {biases == null ? null : biases.router()}), experts.choice(),
            arrays.experts(gateUp, 2), biases == null ? 0 : arrays.floats(alternating(biases.gate(), biases.up())),
            arrays.experts(down, 1), biases == null ? 0 : arrays.floats(joined(biases.down())), experts.unit());
    }

    private static float[] alternating(final float[][] gates, final float[][] ups) {
        final float[][] all = new float[2 * gates.length][];
        for (int expert = 0; expert < gates.length; expert++) {
            all[2 * expert] = gates[expert];
            all[2 * expert + 1] = ups[expert];
        }
        return joined(all);
    }

    private static float[] joined(final float[][] parts) {
        int length = 0;
        for (final float[] part : parts) {
            length += part.length;
        }
        final float[] all = new float[length];
        int at = 0;
        for (final float[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }

    /** One part where formats agree and no packed matrix but the last ends within a strip; else a part each. @param biases null where there is none */
    private Projection projection(final List<WeightMatrix> matrices, final float[][] biases) {
        final int outputs = matrices.stream().mapToInt(WeightMatrix::rows).sum();
        if (DeviceArrays.canBeOne(matrices)) {
            return new Projection(List.of(new Part(arrays.matrix(matrices), 0, oneBias(matrices, biases))), outputs);
        }
        final List<Part> parts = new ArrayList<>();
        int offset = 0;
        for (int i = 0; i < matrices.size(); i++) {
            parts.add(new Part(arrays.matrix(List.of(matrices.get(i))), offset, arrays.floats(biases[i])));
            offset += matrices.get(i).rows();
        }
        return new Projection(parts, outputs);
    }

    private long oneBias(final List<WeightMatrix> matrices, final float[][] biases) {
        final float[][] all = new float[biases.length][];
        boolean hasAny = false;
        for (int i = 0; i < biases.length; i++) {
            hasAny |= biases[i] != null;
            all[i] = biases[i] == null ? new float[matrices.get(i).rows()] : biases[i];
        }
        return hasAny ? arrays.floats(joined(all)) : 0;
    }

    private long gain(final RmsNorm norm) {
        return norm == null ? 0 : arrays.floats(norm.gain());
    }

    /** In the specification's bits. */
    private long turns(final Rotary rotary) {
        return arrays.floats(RotaryTable.of(rotary, spec.shape().contextTokens(), spec.shape().attention().headDim()));
    }
}

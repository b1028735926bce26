package io.spillway.node.cuda.model;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.node.cuda.AttentionCall;
import io.spillway.node.cuda.Device;
import io.spillway.node.cuda.KernelFailedException;
import io.spillway.node.cuda.PagedKv;
import io.spillway.node.kvcache.BlockMemory;
import io.spillway.node.model.DecoderSpec;
import io.spillway.node.runner.ModelDevice;
import io.spillway.node.runner.StepRunner;
import io.spillway.node.weights.ModelShape;

/**
 * A model on a GPU: its weights, and, once opened, the blocks of its cache and what computes over them. Loaded and closed by the node's starting
 * thread; in between it is the engine's.
 */
public final class CudaModel implements AutoCloseable {
    private final Device device; // borrowed
    private final DeviceWeights weights;
    private final boolean isInvariant;
    private Opened opened;       // null: not yet

    private CudaModel(final Device device, final DeviceWeights weights, final boolean isInvariant) {
        this.device = device;
        this.weights = weights;
        this.isInvariant = isInvariant;
    }

    /**
     * Brings the weights to the device.
     *
     * @param device      borrowed; closed after the model
     * @param spec        borrowed for the call
     * @param isInvariant whether a row's result may not depend on the rows beside it: promises the same output however requests are batched, and
     *                    leaves parts of the GPU idle where few rows are computed
     * @throws SpillwayException INVALID_MODEL_FILE for shapes that GPU kernels do not take
     * @throws KernelFailedException when the device has no room
     */
    public static CudaModel load(final Device device, final DecoderSpec spec, final boolean isInvariant) {
        return new CudaModel(device, WeightsUpload.run(device, spec), isInvariant);
    }

    /** @return most positions a sequence may have */
    public int contextTokens() {
        return weights.shape().contextTokens();
    }

    /** @return bytes of weights on the device */
    public long weightBytes() {
        return weights.bytes();
    }

    /** @return layout of its cache */
    public KvLayout kvLayout(final int blockTokens, final KvElement element) {
        final ModelShape.Attention attention = weights.shape().attention();
        return new KvLayout(weights.shape().layers(), attention.kvHeads(), attention.headDim(), blockTokens, element);
    }

    /**
     * Takes memory for the cache. Once.
     *
     * @param blocks of the layout
     * @throws SpillwayException INVALID_CONFIG for heads, blocks or elements that GPU kernels do not take, or where there is no room
     */
    public ModelDevice open(final KvLayout layout, final int blocks) {
        try {
            AttentionCall.require(new PagedKv(layout, 0, 0, 0, 0, 0));
        } catch (final IllegalArgumentException e) {
            throw new SpillwayException(ErrorCode.INVALID_CONFIG, "the model's cache is not for a GPU: " + e.getMessage(), e);
        }
        if (opened != null) {
            throw new IllegalStateException("the model serves an engine already");
        }
        try {
            opened = new Opened(layout, blocks);
        } catch (final KernelFailedException e) {
            throw new SpillwayException(ErrorCode.INVALID_CONFIG, "the GPU has no room for a cache of " + blocks + " blocks: " + e.getMessage(), e);
        }
        return opened;
    }

    /** Frees everything on the device. Behind the engine. */
    @Override
    public void close() {
        device.bind();
        if (opened != null) {
            opened.close();
        }
        weights.close();
    }

    private final class Opened implements ModelDevice {
        private final KvLayout layout;
        private final DeviceBlockMemory memory;
        private DeviceDecoder decoder; // null until a runner is made

        private Opened(final KvLayout layout, final int blocks) {
            this.layout = layout;
            memory = new DeviceBlockMemory(device, blocks, layout.blockBytes());
        }

        @Override
        public int vocabularySize() {
            return weights.vocabulary();
        }

        @Override
        public int contextTokens() {
            return weights.shape().contextTokens();
        }

        @Override
        public int hiddenSize() {
            return weights.shape().hidden();
        }

        @Override
        public BlockMemory memory() {
            return memory;
        }

        @Override
        public StepRunner newRunner(final StepRunner.Limits limits) {
            device.bind();
            decoder = new DeviceDecoder(device, weights, layout, memory.slab(), new DeviceDecoder.Limits(limits.rowsMax(), limits.sequencesMax(), isInvariant));
            return new DeviceStepRunner(device, decoder, limits, true);
        }

        private void close() {
            if (decoder != null) {
                decoder.close();
            }
            memory.close();
        }
    }
}

package io.spillway.node.server;

import io.spillway.domain.error.ErrorCode;
import io.spillway.domain.error.SpillwayException;
import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.modelfile.ModelSource;
import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.cuda.CudaDevice;
import io.spillway.node.cuda.CudaReport;
import io.spillway.node.cuda.KernelFailedException;
import io.spillway.node.cuda.driver.CudaDriver;
import io.spillway.node.cuda.driver.CudaException;
import io.spillway.node.cuda.driver.CudaUnavailableException;
import io.spillway.node.cuda.driver.StreamDevice;
import io.spillway.node.cuda.model.CudaModel;
import io.spillway.node.model.DecoderSpec;
import io.spillway.node.model.ModelLoader;
import io.spillway.node.runner.ModelDevice;

/** A GPU: model and cache in its memory. The host reads the model's file. */
final class GpuDevice implements NodeDevice {
    private final NodeConfig.Engine config;
    private final ComputeBackend host; // borrowed: its threads read the file
    private final StreamDevice device;

    private GpuDevice(final NodeConfig.Engine config, final ComputeBackend host, final StreamDevice device) {
        this.config = config;
        this.host = host;
        this.device = device;
    }

    /** Opens the first of the GPUs that were found. @throws SpillwayException INVALID_CONFIG when that does not succeed */
    static GpuDevice open(final CudaReport.Usable found, final NodeConfig.Engine config, final ComputeBackend host) {
        if (config.tensorParallel() > 1) {
            throw refused("engine.tensor-parallel is " + config.tensorParallel() + "; on GPUs a model is computed by one", null);
        }
        try {
            return new GpuDevice(config, host, StreamDevice.owning(CudaDriver.load().open(found.devices().getFirst().ordinal())));
        } catch (final CudaUnavailableException | CudaException e) {
            throw refused(e.getMessage(), e);
        }
    }

    private static SpillwayException refused(final String why, final Exception cause) {
        return new SpillwayException(ErrorCode.INVALID_CONFIG, why, cause);
    }

    @Override
    public String description() {
        final CudaDevice gpu = device.context().device();
        return "GPU " + gpu.ordinal() + ", " + gpu.name() + ", compute capability " + gpu.major() + "." + gpu.minor()
            + (config.batchInvariant() ? ", batch-invariant" : "");
    }

    @Override
    public NodeModel load(final ModelSource source, final ModelLoader.Options options) {
        device.bind();
        try (DecoderSpec spec = ModelLoader.describe(source, host, options)) {
            return new Loaded(CudaModel.load(device, spec, config.batchInvariant()));
        } catch (final KernelFailedException e) {
            throw refused("the model does not fit the GPU: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        device.bind();
        device.close();
    }

    private static final class Loaded implements NodeModel {
        private final CudaModel model;

        private Loaded(final CudaModel model) {
            this.model = model;
        }

        @Override
        public int contextTokens() {
            return model.contextTokens();
        }

        @Override
        public KvLayout kvLayout(final int blockTokens, final KvElement element) {
            return model.kvLayout(blockTokens, element);
        }

        @Override
        public ModelDevice open(final KvLayout layout, final int blocks) {
            return model.open(layout, blocks);
        }

        @Override
        public void close() {
            model.close();
        }
    }
}

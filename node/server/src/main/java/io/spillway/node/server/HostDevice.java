package io.spillway.node.server;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.modelfile.ModelSource;
import io.spillway.node.compute.ComputeBackend;
import io.spillway.node.compute.Slab;
import io.spillway.node.model.LanguageModel;
import io.spillway.node.model.ModelLoader;
import io.spillway.node.runner.HostModel;
import io.spillway.node.runner.ModelDevice;

/** The CPU: model and cache in host memory. */
final class HostDevice implements NodeDevice {
    private final NodeConfig.Engine config;
    private final ComputeBackend backend; // borrowed
    private RankBackends ranks;           // null: one rank, or nothing loaded yet

    HostDevice(final NodeConfig.Engine config, final ComputeBackend backend) {
        this.config = config;
        this.backend = backend;
    }

    @Override
    public String description() {
        final int count = config.tensorParallel();
        return "CPU, " + backend.description() + (count == 1 ? "" : "; " + count + " ranks compute the model together");
    }

    @Override
    public NodeModel load(final ModelSource source, final ModelLoader.Options options) {
        return new Loaded(model(source, options), backend);
    }

    private LanguageModel model(final ModelSource source, final ModelLoader.Options options) {
        if (config.tensorParallel() == 1) {
            return ModelLoader.load(source, backend, options);
        }
        ranks = new RankBackends(config.kernels(), config.threads(), config.tensorParallel());
        return ModelLoader.loadParallel(source, backend, ranks::newOps, config.tensorParallel(), options);
    }

    @Override
    public void close() {
        if (ranks != null) {
            ranks.close();
        }
    }

    private static final class Loaded implements NodeModel {
        private final LanguageModel model;
        private final ComputeBackend backend;
        private Slab slab; // null until opened

        private Loaded(final LanguageModel model, final ComputeBackend backend) {
            this.model = model;
            this.backend = backend;
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
            if (slab != null) {
                throw new IllegalStateException("the model serves an engine already");
            }
            slab = backend.allocate(blocks * layout.blockBytes());
            return new HostModel(model, layout, slab.segment());
        }

        @Override
        public void close() {
            if (slab != null) {
                slab.close();
            }
            model.close();
        }
    }
}

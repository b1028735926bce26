package io.spillway.node.server;

import io.spillway.modelfile.ModelSource;
import io.spillway.node.model.ModelLoader;

/** Port: where a node computes. Used by the thread that starts the node; closed after everything that was made of it. */
interface NodeDevice extends AutoCloseable {
    /** @return which device, and what computes on it, in one line for people */
    String description();

    /**
     * Puts a model's weights on the device. The source stays the caller's and may be closed afterwards.
     *
     * @return owned by the caller; closed before the device
     * @throws io.spillway.domain.error.SpillwayException when the model cannot be understood, or has no room there
     */
    NodeModel load(ModelSource source, ModelLoader.Options options);

    @Override
    void close();
}

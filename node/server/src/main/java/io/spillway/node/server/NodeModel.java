package io.spillway.node.server;

import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.node.runner.ModelDevice;

/** Port: a model on a device. Used by the thread that starts the node; closed after the engine. */
interface NodeModel extends AutoCloseable {
    /** @return most positions a sequence may have */
    int contextTokens();

    /** @return layout of its cache for blocks of {@code blockTokens} tokens */
    KvLayout kvLayout(int blockTokens, KvElement element);

    /** Makes room for {@code blocks} blocks. Once. @return for one engine; borrowed until {@link #close} */
    ModelDevice open(KvLayout layout, int blocks);

    /** Frees cache and weights. */
    @Override
    void close();
}

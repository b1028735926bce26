package io.spillway.node.runner;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.kv.KvLayout;
import io.spillway.node.kvcache.BlockMemory;
import io.spillway.node.kvcache.HostBlocks;
import io.spillway.node.model.LanguageModel;
import java.lang.foreign.MemorySegment;

/**
 * A model that computes in host memory. All of it is borrowed.
 *
 * @param layout of the blocks in {@code slab}
 * @param slab   block {@code b} starts at {@code b * layout.blockBytes()}; shared between threads
 */
public record HostModel(LanguageModel model, KvLayout layout, MemorySegment slab) implements ModelDevice {
    public HostModel {
        requireNonNull(model, "model");
        requireNonNull(layout, "layout");
        requireNonNull(slab, "slab");
    }

    @Override
    public int vocabularySize() {
        return model.vocabularySize();
    }

    @Override
    public int contextTokens() {
        return model.contextTokens();
    }

    @Override
    public int hiddenSize() {
        try {
            return model.hiddenSize();
        } catch (final UnsupportedOperationException e) {
            return 0; // requests for embeddings are refused
        }
    }

    @Override
    public BlockMemory memory() {
        return new HostBlocks(slab, layout.blockBytes());
    }

    @Override
    public StepRunner newRunner(final StepRunner.Limits limits) {
        return new HostStepRunner(model, layout, slab, limits);
    }
}

package io.spillway.node.runner;

import io.spillway.node.kvcache.BlockMemory;

/** Port: one model on one device, for one engine. The engine borrows it; its owner closes what it is made of after the engine. */
public interface ModelDevice {
    /** @return vocabulary size */
    int vocabularySize();

    /** @return most positions a sequence may have */
    int contextTokens();

    /** @return width of the model's hidden states; 0 when it does not show them, so that nothing can be embedded */
    int hiddenSize();

    /** @return the bytes of the blocks that its steps read and write */
    BlockMemory memory();

    /** @return what computes; made once, by the engine */
    StepRunner newRunner(StepRunner.Limits limits);
}

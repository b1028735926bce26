package io.spillway.node.model;

import static java.util.Objects.requireNonNull;

import io.spillway.modelfile.ModelSource;
import io.spillway.node.compute.RmsNorm;
import io.spillway.node.weights.ModelShape;
import io.spillway.node.weights.WeightLoader;
import io.spillway.node.weights.WeightMatrix;
import io.spillway.node.weights.WeightName;
import java.util.List;

/**
 * What a decoder is made of: every fact that a backend needs to build its own program. Vectors are here; matrices are described, and read
 * one by one when their {@link WeightMatrix} is asked, so that a device can take one after the other through a buffer of its own and the host
 * need not hold the model. The shape says the rest: rotary frequencies, the factor of embeddings, the cap of logits.
 *
 * <p>Matrices are read from the {@link ModelSource} that was described: it stays open until the last one is taken. Thread: one, the loading one.
 *
 * @param embedding  [vocabulary, hidden]
 * @param layers     first layer first
 * @param outputNorm [hidden]
 * @param head       [vocabulary, hidden]; {@code embedding} itself when tied
 * @param headBias   [vocabulary]; null: none
 * @param loader     owned: the memory of the matrices that were loaded for the host
 */
public record DecoderSpec(ModelShape shape, WeightMatrix embedding, List<LayerSpec> layers, RmsNorm outputNorm, WeightMatrix head,
        float[] headBias, WeightLoader loader) implements AutoCloseable {
    public DecoderSpec {
        requireNonNull(shape, "shape");
        requireNonNull(embedding, "embedding");
        layers = List.copyOf(layers);
        requireNonNull(outputNorm, "outputNorm");
        requireNonNull(head, "head");
        requireNonNull(loader, "loader");
    }

    /** What stands around the layers. @param loader handed over */
    static DecoderSpec of(final WeightLoader loader, final List<LayerSpec> layers) {
        final int vocabulary = loader.vocabulary();
        final int hidden = loader.shape().hidden();
        final WeightMatrix embedding = loader.matrix(WeightName.EMBEDDING, 0, vocabulary, hidden);
        final WeightMatrix head = loader.has(WeightName.OUTPUT) ? loader.matrix(WeightName.OUTPUT, 0, vocabulary, hidden) : embedding;
        return new DecoderSpec(loader.shape(), embedding, layers, loader.norm(WeightName.OUTPUT_NORM, 0, hidden), head,
                loader.has(WeightName.OUTPUT_BIAS) ? loader.vector(WeightName.OUTPUT_BIAS, 0, vocabulary) : null, loader);
    }

    /** @return tokens of the vocabulary: rows of the embedding */
    public int vocabularySize() {
        return embedding.rows();
    }

    /** @return whether one matrix is embedding and head */
    public boolean tied() {
        return head == embedding;
    }

    /** Frees what was loaded for the host; what a device took is its own. Idempotent. */
    @Override
    public void close() {
        loader.close();
    }
}

package io.spillway.gateway.chat;

import java.util.List;

/**
 * What became of an {@link EmbeddingRequest}.
 *
 * @param vectors one per input, in their order, each of length 1
 */
public record Embeddings(List<float[]> vectors, ChatUsage usage) {
    public Embeddings {
        vectors = List.copyOf(vectors);
    }
}

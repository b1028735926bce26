package io.spillway.domain.cluster;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.id.ModelId;
import io.spillway.domain.kv.KvLayout;
import io.spillway.domain.kv.ModelFingerprint;

/**
 * A model as a node serves it. Equal on all nodes that serve the same id: checked at registration (identity config).
 *
 * @param contextTokens most tokens of prompt and output together
 * @param hashVersion   {@code BlockHasher.VERSION} of the node
 */
public record ModelDescriptor(
    ModelId id, ModelFingerprint fingerprint, int contextTokens, int vocabularySize, KvLayout layout, int hashVersion) {
    public ModelDescriptor {
        requireNonNull(id, "id");
        requireNonNull(fingerprint, "fingerprint");
        requireNonNull(layout, "layout");
        if (contextTokens < 1 || vocabularySize < 1) {
            throw new IllegalArgumentException("contextTokens and vocabularySize must be positive");
        }
    }
}

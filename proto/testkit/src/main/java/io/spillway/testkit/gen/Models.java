package io.spillway.testkit.gen;

import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.cluster.ModelDescriptor;
import io.spillway.domain.cluster.NodeDescriptor;
import io.spillway.domain.cluster.NodeRole;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.BlockHasher;
import io.spillway.domain.kv.KvElement;
import io.spillway.domain.kv.KvLayout;
import io.spillway.domain.kv.ModelFingerprint;
import java.util.Optional;

/** Made-up models and members. */
public final class Models {
    private static final int VOCABULARY_SIZE = 1000;

    private Models() {
    }

    /** @return a small model of that name; the name decides its fingerprint */
    public static ModelDescriptor model(final String name, final int blockTokens, final int contextTokens) {
        final String digits = String.format("%064x", Integer.toUnsignedLong(name.hashCode()));
        return new ModelDescriptor(new ModelId(name), new ModelFingerprint(digits), contextTokens, VOCABULARY_SIZE,
            new KvLayout(2, 2, 16, blockTokens, KvElement.values()[0]), BlockHasher.VERSION);
    }

    /** @return an engine that serves a model */
    public static NodeDescriptor engine(final String id, final ModelDescriptor model, final int deviceBlocks) {
        return new NodeDescriptor(new NodeId(id), NodeRole.ENGINE, new Endpoint("localhost", 7001),
            new Endpoint("localhost", 7002), Optional.of(model), deviceBlocks);
    }

    /** @return a block store */
    public static NodeDescriptor store(final String id) {
        return new NodeDescriptor(new NodeId(id), NodeRole.STORE, new Endpoint("localhost", 7003),
            new Endpoint("localhost", 7004), Optional.empty(), 0);
    }
}

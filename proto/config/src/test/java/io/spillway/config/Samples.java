package io.spillway.config;

import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.id.NodeId;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Config records that use every type the binder knows. */
final class Samples {
    private Samples() {
    }

    enum Fsync { ALWAYS, ON_ROTATE }

    @Doc("A cache.")
    record Cache(
        @Doc("Tokens of one block.") @Default("64") int blockTokens,
        @Doc("Size of the tier.") @Default("512MiB") ByteSize hostSize,
        @Default("1GiB") long diskBytes,
        @Default("on-rotate") Fsync fsync) {
        Cache {
            if (blockTokens < 1 || blockTokens > 4096) {
                throw new IllegalArgumentException("blockTokens must be 1 to 4096, got " + blockTokens);
            }
        }
    }

    record Peer(NodeId id, Endpoint endpoint) {
    }

    @Doc("A node.")
    record Node(
        @Doc("Name | of the node.") NodeId id,
        @Default("0") int port,
        @Default("200ms") Duration leaseTimeout,
        @Default("50us") long idleNanos,
        @Default("5s") long drainMillis,
        @Default("0.5") double share,
        @Default("true") boolean enabled,
        @Default("") String note,
        Optional<Path> model,
        Optional<Long> seed,
        Cache cache,
        List<Peer> peers,
        Map<String, Cache> tiers) {
    }

    static Node parse(final String yaml) {
        return ConfigFile.parse(yaml, "test.yaml", Node.class);
    }
}

package io.spillway.domain.cluster;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.id.NodeId;
import java.util.Optional;

/**
 * What a member says of itself when it registers.
 *
 * @param rpc          where its gRPC services listen
 * @param transfer     where its block transfer listens (Aeron over UDP)
 * @param model        the model it runs; present exactly for engines
 * @param deviceBlocks blocks of its device tier; 0 for stores
 */
public record NodeDescriptor(
    NodeId id, NodeRole role, Endpoint rpc, Endpoint transfer, Optional<ModelDescriptor> model, int deviceBlocks) {
    public NodeDescriptor {
        requireNonNull(id, "id");
        requireNonNull(role, "role");
        requireNonNull(rpc, "rpc");
        requireNonNull(transfer, "transfer");
        if (model.isPresent() != (role == NodeRole.ENGINE)) {
            throw new IllegalArgumentException("an engine names its model, a store has none: " + id);
        }
    }
}

package io.spillway.kvstore.service;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.cluster.Endpoint;
import io.spillway.domain.cluster.NodeRole;
import io.spillway.domain.id.NodeId;

/**
 * Another member that holds blocks.
 *
 * @param role     a STORE is written to and read from, an ENGINE only read from
 * @param transfer where its block transfer listens
 */
public record Peer(NodeId id, NodeRole role, Endpoint transfer) {
    public Peer {
        requireNonNull(id, "id");
        requireNonNull(role, "role");
        requireNonNull(transfer, "transfer");
    }
}

package io.spillway.coordinator.dispatch;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.id.NodeId;

/** One life of a member: a restart has the same id and another epoch. */
public record MemberKey(NodeId id, long epoch) {
    public MemberKey {
        requireNonNull(id, "id");
    }
}

package io.spillway.coordinator.state;

import static java.util.Objects.requireNonNull;

import io.spillway.domain.cluster.ModelDescriptor;
import io.spillway.domain.cluster.NodeDescriptor;
import io.spillway.domain.id.ModelId;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.id.TenantId;
import io.spillway.domain.kv.TenantSecret;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What the replicated state says at one log index. Immutable; any thread.
 *
 * @param keys SHA-256 of an API key in hexadecimal, to the tenant it belongs to
 */
public record ClusterView(
    long appliedIndex, SortedMap<NodeId, Member> members, Map<String, TenantId> keys,
    SortedMap<TenantId, TenantSecret> secrets, SortedMap<TenantId, UsageTotals> usage) {

    /** Before the first command. */
    public static final ClusterView EMPTY =
        new ClusterView(0, new TreeMap<>(), Map.of(), new TreeMap<>(), new TreeMap<>());

    public ClusterView {
        members = java.util.Collections.unmodifiableSortedMap(new TreeMap<>(members));
        keys = Map.copyOf(keys);
        secrets = java.util.Collections.unmodifiableSortedMap(new TreeMap<>(secrets));
        usage = java.util.Collections.unmodifiableSortedMap(new TreeMap<>(usage));
    }

    /** @return the tenant that a key belongs to */
    public Optional<TenantId> tenantOfKey(final String keySha256Hex) {
        return Optional.ofNullable(keys.get(keySha256Hex));
    }

    /** @return the models that some member serves, one per id, in id order */
    public Collection<ModelDescriptor> models() {
        final SortedMap<ModelId, ModelDescriptor> models = new TreeMap<>();
        for (final Member member : members.values()) {
            member.descriptor().model().ifPresent(model -> models.putIfAbsent(model.id(), model));
        }
        return models.values();
    }

    /** @return the model of that id, if a member serves it */
    public Optional<ModelDescriptor> model(final ModelId id) {
        return models().stream().filter(model -> model.id().equals(id)).findFirst();
    }

    /** A registered member. */
    public record Member(NodeDescriptor descriptor, long epoch, long leaseUntilEpochMillis) {
        public Member {
            requireNonNull(descriptor, "descriptor");
        }
    }

    /** What a tenant has been charged. */
    public record UsageTotals(
        long requests, long promptTokens, long cachedTokens, long outputTokens, long costNanoDollars) {
        /** Nothing yet. */
        public static final UsageTotals ZERO = new UsageTotals(0, 0, 0, 0, 0);
    }
}

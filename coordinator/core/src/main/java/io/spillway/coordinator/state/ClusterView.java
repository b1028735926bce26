package io.spillway.coordinator.state;

import static java.util.Objects.requireNonNull;

import io.spillway.coordinator.access.ApiKey;
import io.spillway.coordinator.batch.BatchJob;
import io.spillway.domain.cluster.ModelDescriptor;
import io.spillway.domain.cluster.NodeDescriptor;
import io.spillway.domain.id.BatchId;
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
 * What the replicated state says at one log index. Immutable; any thread. Parts that did not change between two views are
 * the same objects, so making one costs the part that changed.
 *
 * @param appliedIndex index of the newest log entry applied to it
 * @param keys  API keys by their SHA-256 in hexadecimal, those among them that ended and are remembered
 * @param usage totals per tenant, for ever
 * @param runs  totals per agent run, of the most recently charged runs
 * @param batches        batch jobs, those that ended long ago forgotten
 * @param filesDirectory mark of the directory that all replicas keep files in; "" = none yet
 */
public record ClusterView(
    long appliedIndex, SortedMap<NodeId, Member> members, Map<String, ApiKey> keys,
    SortedMap<TenantId, TenantSecret> secrets, SortedMap<TenantId, UsageTotals> usage,
    SortedMap<RunKey, UsageTotals> runs, SortedMap<BatchId, BatchJob> batches, String filesDirectory) {

    /** Before the first command. */
    public static final ClusterView EMPTY =
        new ClusterView(0, FrozenMap.empty(), Map.of(), FrozenMap.empty(), FrozenMap.empty());

    public ClusterView {
        members = FrozenMap.of(members);
        keys = Map.copyOf(keys);
        secrets = FrozenMap.of(secrets);
        usage = FrozenMap.of(usage);
        runs = FrozenMap.of(runs);
        batches = FrozenMap.of(batches);
        requireNonNull(filesDirectory, "filesDirectory");
    }

    /** A view without batches. */
    public ClusterView(
        final long appliedIndex, final SortedMap<NodeId, Member> members, final Map<String, ApiKey> keys,
        final SortedMap<TenantId, TenantSecret> secrets, final SortedMap<TenantId, UsageTotals> usage,
        final SortedMap<RunKey, UsageTotals> runs) {
        this(appliedIndex, members, keys, secrets, usage, runs, FrozenMap.empty(), "");
    }

    /** @return the same view with these members only */
    public ClusterView withMembers(final SortedMap<NodeId, Member> some) {
        return new ClusterView(appliedIndex, some, keys, secrets, usage, runs, batches, filesDirectory);
    }

    /** A view without agent runs. */
    public ClusterView(
        final long appliedIndex, final SortedMap<NodeId, Member> members, final Map<String, ApiKey> keys,
        final SortedMap<TenantId, TenantSecret> secrets, final SortedMap<TenantId, UsageTotals> usage) {
        this(appliedIndex, members, keys, secrets, usage, FrozenMap.empty());
    }

    /** @return the key with that hash, whether or not it is taken still: see {@link ApiKey#taken} */
    public Optional<ApiKey> key(final String sha256Hex) {
        return Optional.ofNullable(keys.get(sha256Hex));
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

    /** An agent run of a tenant: run names are the tenant's own. */
    public record RunKey(TenantId tenant, String run) implements Comparable<RunKey> {
        public RunKey {
            requireNonNull(tenant, "tenant");
            requireNonNull(run, "run");
        }

        @Override
        public int compareTo(final RunKey other) {
            final int byTenant = tenant.compareTo(other.tenant);
            return byTenant != 0 ? byTenant : run.compareTo(other.run);
        }
    }

    /** What a tenant, or a run, has been charged. */
    public record UsageTotals(
        long requests, long promptTokens, long cachedTokens, long outputTokens, long costNanoDollars) {
        /** Nothing yet. */
        public static final UsageTotals ZERO = new UsageTotals(0, 0, 0, 0, 0);

        /** @return these and one more request; a total stops at {@link Long#MAX_VALUE} rather than turning negative */
        public UsageTotals plus(final Command.UsageEntry entry) {
            return new UsageTotals(capped(requests, 1), capped(promptTokens, entry.promptTokens()),
                capped(cachedTokens, entry.cachedTokens()), capped(outputTokens, entry.outputTokens()),
                capped(costNanoDollars, entry.costNanoDollars()));
        }

        private static long capped(final long total, final long addend) {
            return total > Long.MAX_VALUE - addend ? Long.MAX_VALUE : total + addend;
        }
    }
}

package io.spillway.gateway.console;

import io.spillway.coordinator.admission.CoordinatorStats;
import io.spillway.coordinator.state.ClusterView;
import io.spillway.domain.cluster.NodeDescriptor;
import io.spillway.domain.cluster.NodeLoad;
import io.spillway.domain.cluster.StepTotals;
import io.spillway.domain.id.NodeId;
import io.spillway.domain.kv.KvLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Joins the replicated membership with what is heard of the members. Stateless; any thread. */
public final class ConsoleMembers {
    private ConsoleMembers() {
    }

    /**
     * What this replica hears of members.
     *
     * @param loads     newest report per member; a report of another epoch is ignored
     * @param reachable members whose stream is open
     * @param sources   per engine, tokens of the requests that ended there
     */
    public record Heard(Map<NodeId, NodeLoad> loads, Set<NodeId> reachable, Map<NodeId, CoordinatorStats.Sources> sources) {
        public Heard {
            loads = Map.copyOf(loads);
            reachable = Set.copyOf(reachable);
            sources = Map.copyOf(sources);
        }
    }

    /** @return all members in id order */
    public static List<ConsoleSnapshot.Member> of(final ClusterView view, final Heard heard, final long epochMillis) {
        final List<ConsoleSnapshot.Member> members = new ArrayList<>();
        view.members().values().forEach(member -> members.add(of(member, heard, epochMillis)));
        return members;
    }

    private static ConsoleSnapshot.Member of(final ClusterView.Member member, final Heard heard, final long epochMillis) {
        final NodeDescriptor descriptor = member.descriptor();
        final Optional<NodeLoad> load = Optional.ofNullable(heard.loads.get(descriptor.id()))
            .filter(report -> report.epoch() == member.epoch());
        return new ConsoleSnapshot.Member(descriptor.id().value(), descriptor.role().name().toLowerCase(Locale.ROOT),
            descriptor.rpc().toString(), member.epoch(), descriptor.model().map(model -> model.id().value()).orElse(""),
            member.leaseUntilEpochMillis() - epochMillis, heard.reachable.contains(descriptor.id()), load.isPresent(),
            load.map(NodeLoad::queuedRequests).orElse(0), load.map(NodeLoad::runningRequests).orElse(0),
            load.map(NodeLoad::queuedPrefillTokens).orElse(0), load.map(NodeLoad::prefillTokensPerSecond).orElse(0d),
            load.map(NodeLoad::decodeStepNanos).orElse(0L), load.map(report -> tiers(descriptor, report)).orElse(List.of()),
            sources(heard.sources.getOrDefault(descriptor.id(), CoordinatorStats.Sources.NONE)),
            load.map(NodeLoad::steps).orElse(StepTotals.NONE));
    }

    private static ConsoleSnapshot.Sources sources(final CoordinatorStats.Sources all) {
        return new ConsoleSnapshot.Sources(
            all.deviceTokens(), all.hostTokens(), all.remoteTokens(), all.diskTokens(), all.computedTokens());
    }

    private static List<ConsoleSnapshot.TierUse> tiers(final NodeDescriptor descriptor, final NodeLoad load) {
        final List<ConsoleSnapshot.TierUse> tiers = new ArrayList<>();
        if (descriptor.deviceBlocks() > 0) {
            final long used = load.cachedBlocks() + (long) load.leasedBlocks();
            final long blockBytes = descriptor.model().map(model -> model.layout()).map(KvLayout::blockBytes).orElse(0L);
            tiers.add(new ConsoleSnapshot.TierUse("device", used, load.leasedBlocks(), descriptor.deviceBlocks(),
                used * blockBytes, descriptor.deviceBlocks() * blockBytes));
        }
        final NodeLoad.TierUse use = load.tiers();
        if (use.hostBytesMax() > 0) {
            tiers.add(new ConsoleSnapshot.TierUse("host", use.hostBlocks(), 0, 0, use.hostBytes(), use.hostBytesMax()));
        }
        if (use.diskBytesMax() > 0) {
            tiers.add(new ConsoleSnapshot.TierUse("disk", use.diskBlocks(), 0, 0, use.diskBytes(), use.diskBytesMax()));
        }
        return tiers;
    }
}

package io.spillway.gateway.console;

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

/** Joins the replicated membership with the load reports. Stateless; any thread. */
public final class ConsoleMembers {
    private ConsoleMembers() {
    }

    /**
     * @param loads newest report per member; a report of another epoch is ignored
     * @return all members in id order
     */
    public static List<ConsoleSnapshot.Member> of(
        final ClusterView view, final Map<NodeId, NodeLoad> loads, final long epochMillis) {
        final List<ConsoleSnapshot.Member> members = new ArrayList<>();
        for (final ClusterView.Member member : view.members().values()) {
            final Optional<NodeLoad> load = Optional.ofNullable(loads.get(member.descriptor().id()))
                .filter(report -> report.epoch() == member.epoch());
            members.add(of(member, load, epochMillis));
        }
        return members;
    }

    private static ConsoleSnapshot.Member of(
        final ClusterView.Member member, final Optional<NodeLoad> load, final long epochMillis) {
        final NodeDescriptor descriptor = member.descriptor();
        return new ConsoleSnapshot.Member(descriptor.id().value(), descriptor.role().name().toLowerCase(Locale.ROOT),
            descriptor.rpc().toString(), member.epoch(), descriptor.model().map(model -> model.id().value()).orElse(""),
            member.leaseUntilEpochMillis() - epochMillis, load.isPresent(),
            load.map(NodeLoad::queuedRequests).orElse(0), load.map(NodeLoad::runningRequests).orElse(0),
            load.map(NodeLoad::queuedPrefillTokens).orElse(0), load.map(NodeLoad::prefillTokensPerSecond).orElse(0d),
            load.map(NodeLoad::decodeStepNanos).orElse(0L), load.map(report -> tiers(descriptor, report)).orElse(List.of()),
            load.map(NodeLoad::steps).orElse(StepTotals.NONE));
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
